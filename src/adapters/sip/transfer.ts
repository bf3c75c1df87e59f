import type { IncomingReferRequest, NameAddrHeader } from 'sip.js/lib/core/index.js';
import type { LineEffect } from '../../core/kernel/effects.ts';
import { contactHeader, dialogGone, lose, requestInDialog } from './in-dialog.ts';
import type { Leg } from './leg.ts';
import { SipUri } from './wire/uri.ts';

export type TransferOutcome = Extract<LineEffect, { type: 'leg.transferOutcome' }>['outcome'];

/** RFC 3515 §2.4.5: the body says what a request to the target was answered. */
const FRAGMENTS: Readonly<Record<TransferOutcome, string>> = {
  accepted: 'SIP/2.0 100 Trying\r\n',
  connected: 'SIP/2.0 200 OK\r\n',
  failed: 'SIP/2.0 503 Service Unavailable\r\n',
};
/** RFC 3515 §2.4.7: a subscription that nobody ends is ended after this long. */
const SUBSCRIPTION_SECONDS = 180;

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};

/** One REFER at a time in a dialog: the far end asks that its partner be connected elsewhere. */
export class Transfer {
  readonly #leg: Leg;
  #event: string | null = null;
  #count = 0;
  #silent = false;
  #pending = false;
  #expire: (() => void) | null = null;

  constructor(leg: Leg) {
    this.#leg = leg;
  }

  requested(request: IncomingReferRequest): void {
    const leg = this.#leg;
    const { message } = request;
    const referTo = message.parseHeader('refer-to') as NameAddrHeader | undefined;
    // RFC 3515 §2.4.2: exactly one Refer-To.
    if (referTo?.uri === undefined || message.getHeaders('refer-to').length !== 1)
      return void request.reject({ statusCode: 400 });
    if (this.#pending || leg.phase !== 'established') return void request.reject({ statusCode: 491 });
    const { uri } = referTo;
    const written = uri.headers.Replaces?.[0] ?? uri.headers.replaces?.[0];
    const replaces = written === undefined ? null : decoded(written);
    // The target of a transfer is invited, nothing else (RFC 3515 §2.1 lets `method` say otherwise).
    const method = uri.getParam('method');
    if (replaces === '' || (written !== undefined && replaces === null) || (method && method.toUpperCase() !== 'INVITE')) {
      return void request.reject({ statusCode: 400 });
    }
    this.#pending = true;
    // RFC 3515 §2.4.6: from the second REFER of a dialog on, the event tells them apart by the CSeq.
    this.#event = this.#count++ === 0 ? 'refer' : `refer;id=${message.cseq}`;
    // RFC 4488 §4: the far end may not want to hear about it.
    this.#silent = message.getHeader('refer-sub')?.trim().toLowerCase().startsWith('false') ?? false;
    request.accept({ statusCode: 202, extraHeaders: [contactHeader(leg), ...(this.#silent ? ['Refer-Sub: false'] : [])] });
    // RFC 3515 §2.4.4: a NOTIFY at once.
    this.#notify('accepted');
    this.#expire = leg.after(SUBSCRIPTION_SECONDS * 1000, () => this.outcome('failed'));
    leg.host.emit({ type: 'leg.transferRequested', leg: leg.id, target: targetOf(leg, uri as SipUri), replaces });
  }

  outcome(outcome: TransferOutcome): void {
    // RFC 3515 §2.4.4: the 100 of `accepted` went out with the REFER's 202.
    if (!this.#pending || outcome === 'accepted') return;
    this.#pending = false;
    this.#expire?.();
    this.#notify(outcome);
  }

  #notify(outcome: TransferOutcome): void {
    const leg = this.#leg;
    if (this.#silent || leg.phase !== 'established') return;
    const state = outcome === 'accepted' ? `active;expires=${SUBSCRIPTION_SECONDS}` : 'terminated;reason=noresource';
    const extraHeaders = [contactHeader(leg), `Event: ${this.#event}`, `Subscription-State: ${state}`];
    const body = { contentDisposition: 'render', contentType: 'message/sipfrag;version=2.0', content: FRAGMENTS[outcome] };
    requestInDialog(leg, 'NOTIFY', { extraHeaders, body }, (status) => {
      // RFC 6665 §4.2.2: 481 to a NOTIFY ends the subscription alone; silence means that nobody is there any more.
      if (!leg.over && dialogGone(status) && status !== 481) lose(leg, status);
    });
  }
}

/** The user part where the IPBX can reach it, else the whole URI without its headers. */
function targetOf(leg: Leg, uri: SipUri): string {
  if (uri.user && (uri.scheme === 'tel' || leg.host.isLocal(uri))) return uri.user;
  return new SipUri(uri.scheme, uri.user, uri.host, uri.port, withoutMethod(uri.parameters)).toString();
}

function withoutMethod(parameters: Readonly<Record<string, string | number | null>>): Record<string, string | null> {
  const kept: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(parameters))
    if (name !== 'method') kept[name] = value === null ? null : String(value);
  return kept;
}
