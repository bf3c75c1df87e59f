import {
  type AckableIncomingResponseWithSession,
  type IncomingResponseMessage,
  type InviteUserAgentClient,
  type OutgoingInviteRequest,
  type PrackableIncomingResponseWithSession,
  type SessionDialog,
  TransactionState,
} from 'sip.js/lib/core/index.js';
import type { LineEffect } from '../../core/kernel/effects.ts';
import { failureCause } from './causes.ts';
import { contactHeader, isLocal, sayBye, sessionBody } from './in-dialog.ts';
import type { Leg } from './leg.ts';
import { makeUri, parseUri, type SipUri } from './wire/uri.ts';

type CallOrder = Extract<LineEffect, { type: 'leg.call' }>;

/** No address of ours is longer, and a longer one only fills the message. */
const MAX_TARGET = 256;
const MAX_NAME = 64;
const MAX_ATTEMPTS = 3;

/** A display name that cannot end its quotation marks or its line (RFC 3261 §25.1 `quoted-string`). */
const quoted = (name: string): string =>
  name
    .replace(/[\u0000-\u001f\u007f]/g, ' ')
    .slice(0, MAX_NAME)
    .replace(/["\\]/g, '\\$&');

/** An extension or number at the IPBX's domain, or the whole URI of a transfer; null for what is neither. */
export function targetUri(target: string, domain: string): SipUri | null {
  if (target === '' || target.length > MAX_TARGET) return null;
  if (/^(?:sips?|tel):/i.test(target)) {
    const uri = parseUri(target) ?? null;
    return uri?.scheme === 'tel' ? makeUri(uri.user, domain) : uri;
  }
  return /[\u0000-\u0020\u007f<>"@]/.test(target) ? null : makeUri(target, domain);
}

/** The INVITE of an outgoing leg until it is answered, refused or given up. */
export class OutgoingCall {
  readonly #leg: Leg;
  readonly #order: CallOrder;
  readonly #target: SipUri;
  #request: OutgoingInviteRequest | null = null;
  #sequence = 1;
  #attempts = 0;
  #provisional = false;
  #cancelled = false;
  #rang = false;

  constructor(leg: Leg, order: CallOrder, target: SipUri) {
    this.#leg = leg;
    this.#order = order;
    this.#target = target;
    leg.release = () => this.#cancel();
  }

  /** Throws MED_PORTS, and what sip.js throws on a message it cannot build. */
  send(): void {
    const leg = this.#leg;
    const { userAgent, settings } = leg.host;
    const { caller, callerName, replaces } = this.#order;
    const shown = caller === null ? 'none' : (leg.line.options.callerShown ?? settings.callerShown);
    const from = shown === 'from' || shown === 'both';
    const extraHeaders = [contactHeader(leg), ...leg.conversation.timer.asked()];
    if (caller !== null && (shown === 'asserted' || shown === 'both')) {
      const name = callerName === null ? '' : `"${quoted(callerName)}" `;
      extraHeaders.push(`P-Asserted-Identity: ${name}<${makeUri(caller, settings.domain).toString()}>`);
    }
    // RFC 3891 §3: the dialog at the target that this call takes over.
    if (replaces !== null && !/[\u0000-\u001f\u007f]/.test(replaces)) extraHeaders.push(`Replaces: ${replaces.slice(0, 512)}`);
    const message = userAgent.core.makeOutgoingRequestMessage(
      'INVITE',
      this.#target,
      from && caller !== null ? makeUri(caller, settings.domain) : leg.line.address,
      this.#target,
      { callId: leg.callId, cseq: this.#sequence, fromDisplayName: quoted(callerName ?? leg.line.options.displayName ?? '') },
      extraHeaders,
      sessionBody(leg.sound.local || leg.sound.offer()),
    );
    this.#attempts++;
    this.#provisional = false;
    const reject = (response: { message: IncomingResponseMessage }): void => this.#rejected(response.message);
    this.#request = userAgent.core.invite(message, {
      onTrying: () => this.#heard(),
      onProgress: (response) => this.#progress(response),
      onAccept: (response) => this.#accepted(response),
      onReject: reject,
      onRedirect: reject,
    });
  }

  /** RFC 3261 §9.1: no CANCEL before a provisional response came; it is sent when the first one does. */
  #cancel(): void {
    if (!this.#provisional || this.#cancelled) return;
    this.#cancelled = true;
    const request = this.#request as InviteUserAgentClient;
    request.cancel();
    // RFC 3261 §9.1: without a final response 64*T1 after the CANCEL the transaction is destroyed; sip.js keeps it for ever.
    const { clock, settings, userAgent } = this.#leg.host;
    clock.after(64 * settings.timers.t1Ms, () => {
      if (request.transaction.state !== TransactionState.Proceeding) return;
      userAgent.core.userAgentClients.delete(`${request.transaction.id}INVITE`);
      request.dispose();
    });
  }

  #heard(): void {
    this.#provisional = true;
    if (this.#leg.over) this.#cancel();
  }

  #progress(response: PrackableIncomingResponseWithSession): void {
    const leg = this.#leg;
    const { message } = response;
    // RFC 3262 §4: also for a call that is being given up, else the response is repeated for 32 s.
    if (message.hasHeader('rseq') && message.getHeader('require')?.toLowerCase().includes('100rel')) {
      response.prack({ extraHeaders: [`RAck: ${message.getHeader('rseq')} ${message.cseq} INVITE`] });
    }
    this.#heard();
    if (leg.over) return;
    if (leg.session === null) {
      leg.session = response.session as SessionDialog;
      leg.session.delegate = leg.conversation;
    }
    // Early media: the first description of each answer counts, repeated ones change nothing (RFC 3261 §13.2.1).
    if (message.body !== '') leg.sound.accepted(message.body);
    if (this.#rang) return;
    this.#rang = true;
    leg.host.emit({ type: 'leg.ringing', leg: leg.id });
  }

  #accepted(response: AckableIncomingResponseWithSession): void {
    const leg = this.#leg;
    const { message } = response;
    const session = response.session as SessionDialog;
    response.ack();
    // RFC 3261 §9.1 and §13.2.2.4: a 200 that crossed our CANCEL, or of a second fork, is acknowledged and hung up.
    if (leg.phase !== 'early') return sayBye(leg, session);
    const described = message.body === '' ? leg.sound.remote !== null : leg.sound.accepted(message.body);
    if (!described) {
      sayBye(leg, session);
      return leg.fail('error', 488);
    }
    if (leg.session !== null && leg.session !== session) leg.session.delegate = undefined;
    session.delegate = leg.conversation;
    leg.session = session;
    leg.conversation.timer.agreed(message);
    leg.conversation.establish(session);
  }

  #rejected(message: IncomingResponseMessage): void {
    const leg = this.#leg;
    if (leg.phase !== 'early') return;
    const status = message.statusCode ?? 500;
    // RFC 4028 §7.3: the interval was too short for someone on the way; the same call again with a longer one.
    if (status === 422 && this.#attempts < MAX_ATTEMPTS && leg.conversation.timer.lengthen(message)) {
      this.#sequence = message.cseq + 1;
      leg.session = null;
      return this.#again();
    }
    // Made up by sip.js: no answer within 64*T1, or nothing could be sent (RFC 3261 §8.1.3.1).
    if (isLocal(message)) return leg.fail('line-unavailable', null);
    if (status === 401 || status === 407)
      leg.host.log.log('warn', 'The IPBX refuses the credentials of a line for a call', { line: leg.line.id, status });
    leg.fail(failureCause(status, this.#rang), status);
  }

  #again(): void {
    try {
      this.send();
    } catch (error) {
      this.#leg.host.log.log('error', 'An outgoing call could not be repeated', { leg: this.#leg.id, error: String(error) });
      this.#leg.fail('error', null);
    }
  }
}
