import type { IncomingResponseMessage } from 'sip.js/lib/core/index.js';
import { showsReachable } from './causes.ts';
import type { Host } from './host.ts';
import { isLocal } from './in-dialog.ts';
import type { Line } from './line.ts';
import { targetUri } from './outgoing.ts';

/** Extensions asked at the same time; the core asks again, so what is beyond is left out. */
const MAX_RUNNING = 1_000;

/** OPTIONS outside a dialog to an extension, through the IPBX (RFC 3261 §11). */
export class ExtensionProbes {
  readonly #host: Host;
  readonly #running = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
  }

  get size(): number {
    return this.#running.size;
  }

  /** One question at a time for each extension; the answer comes as `extension.state`. */
  ask(extension: string, line: Line): void {
    const { userAgent, settings, emit } = this.#host;
    const target = targetUri(extension, settings.domain);
    if (target === null || this.#running.has(extension) || this.#running.size >= MAX_RUNNING) return;
    this.#running.add(extension);
    const message = userAgent.core.makeOutgoingRequestMessage('OPTIONS', target, line.address, target, {}, [
      `Contact: <${line.contact.toString()}>`,
      'Accept: application/sdp',
    ]);
    const finish = ({ message: response }: { message: IncomingResponseMessage }): void => {
      this.#running.delete(extension);
      const reachable = !isLocal(response) && showsReachable(response.statusCode ?? 500);
      emit({ type: 'extension.state', extension, reachable });
    };
    userAgent.core.request(message, { onAccept: finish, onReject: finish, onRedirect: finish });
  }
}
