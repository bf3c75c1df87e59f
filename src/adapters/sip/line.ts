import type { LineId } from '../../core/kernel/ids.ts';
import type { LineStatus } from '../../ports/lines.ts';
import type { SipLineOptions } from './options.ts';
import type { Protocol } from './wire/types.ts';
import { makeUri, type SipUri } from './wire/uri.ts';

/** One line: its identity towards the IPBX, and how much of it is in use. */
export class Line {
  readonly id: LineId;
  readonly options: SipLineOptions;
  /** Address of record. */
  readonly address: SipUri;
  readonly contact: SipUri;
  channelsInUse = 0;
  registered = false;
  reason: string | null = 'not registered yet';

  constructor(
    options: SipLineOptions,
    domain: string,
    advertised: { readonly host: string; readonly port: number },
    protocol: Protocol,
  ) {
    this.id = options.id;
    this.options = options;
    this.address = makeUri(options.user, domain);
    // RFC 3261 §19.1.1: UDP is what a URI without a transport means.
    const parameters = protocol === 'UDP' ? undefined : { transport: protocol.toLowerCase() };
    this.contact = makeUri(options.contactUser ?? options.user, advertised.host, advertised.port, parameters);
  }

  get free(): boolean {
    return this.channelsInUse < this.options.channels;
  }

  isOwn(user: string): boolean {
    return user === this.options.user || user === this.options.contactUser;
  }

  status(): LineStatus {
    const { id, registered, reason, channelsInUse } = this;
    return { line: id, kind: 'sip', registered, reason, channelsInUse, channels: this.options.channels };
  }
}
