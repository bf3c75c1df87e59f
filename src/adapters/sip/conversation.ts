import type {
  IncomingAckRequest,
  IncomingByeRequest,
  IncomingInfoRequest,
  IncomingInviteRequest,
  IncomingNotifyRequest,
  IncomingPrackRequest,
  IncomingReferRequest,
  SessionDialog,
  UserAgentServer,
} from 'sip.js/lib/core/index.js';
import { keysOf } from './dtmf.ts';
import { contactHeader, dialogGone, lose, requestInDialog, sayBye, sessionBody } from './in-dialog.ts';
import type { Leg } from './leg.ts';
import { Renegotiation } from './renegotiation.ts';
import { SessionTimer, tooBrief } from './session-timer.ts';
import type { UpdateDelegate } from './sipjs/types.ts';
import { Transfer } from './transfer.ts';

/** What happens inside a leg's dialog: the handlers that sip.js calls, and the requests of ours. */
export class Conversation implements UpdateDelegate {
  readonly #leg: Leg;
  readonly timer: SessionTimer;
  readonly renegotiation: Renegotiation;
  readonly transfer: Transfer;
  /** We made an offer in a 200; the answer comes with the ACK (RFC 3261 §13.2.1). */
  answerDue = false;
  #ackTimer: (() => void) | null = null;
  #replacing = false;
  /** Direct media joins the leg to this one until either end renegotiates. */
  partner: Leg | null = null;

  constructor(leg: Leg) {
    this.#leg = leg;
    this.timer = new SessionTimer(leg);
    this.renegotiation = new Renegotiation(leg);
    this.transfer = new Transfer(leg);
  }

  /** The leg is answered both ways. */
  establish(session: SessionDialog): void {
    this.resume(session);
    this.#leg.host.emit({ type: 'leg.answered', leg: this.#leg.id });
  }

  /** Goes on with a dialog that is established already. */
  resume(session: SessionDialog): void {
    const leg = this.#leg;
    leg.session = session;
    leg.phase = 'established';
    leg.release = () => sayBye(leg, session);
  }

  onAck({ message }: IncomingAckRequest): void {
    const leg = this.#leg;
    const { session } = leg;
    this.#ackTimer?.();
    this.#ackTimer = null;
    // RFC 3261 §15: hung up in the meantime, the BYE had to wait for the ACK.
    if (leg.over || session === null) return void (session && sayBye(leg, session));
    if (this.answerDue && !this.#takeLateAnswer(session, message.body)) return;
    if (leg.phase !== 'answered') return;
    if (this.#replacing) this.resume(session);
    else this.establish(session);
    this.#replacing = false;
  }

  /**
   * RFC 3891 §3: another telephone takes the place of the far end (an attended transfer that the switch or the telephones
   * carry out among themselves). It is answered at once, the old dialog is ended, the leg goes on: the core sees nothing.
   */
  replacedBy(request: IncomingInviteRequest): void {
    const leg = this.#leg;
    const previous = leg.session;
    const { message } = request;
    const held = leg.sound.held;
    const local = this.#describe(message.body);
    if (local === null) return void request.reject({ statusCode: 488 });
    this.answerDue = message.body === '';
    const extraHeaders = this.timer.answered(message);
    const session = request.accept({ statusCode: 200, body: sessionBody(local), extraHeaders }).session as SessionDialog;
    session.delegate = this;
    this.#replacing = true;
    leg.host.rename(leg, message.callId);
    leg.session = session;
    // As for any call that is answered: no BYE in the new dialog before its ACK.
    leg.phase = 'answered';
    leg.release = () => {};
    if (previous !== null) {
      previous.delegate = undefined;
      sayBye(leg, previous);
    }
    if (!this.answerDue) this.#reportHold(held);
  }

  #takeLateAnswer(session: SessionDialog, body: string): boolean {
    const leg = this.#leg;
    this.answerDue = false;
    const held = leg.sound.held;
    if (leg.sound.accepted(body)) {
      if (leg.phase === 'established') this.#reportHold(held);
      return true;
    }
    // RFC 3261 §13.2.2.4 leaves only this: an answer that cannot be used ends the session.
    sayBye(leg, session);
    leg.end('error');
    return false;
  }

  onAckTimeout(): void {
    const leg = this.#leg;
    // RFC 3261 §13.3.1.4: 64*T1 without an ACK: the dialog is confirmed, but the session should be terminated.
    if (leg.session !== null) sayBye(leg, leg.session);
    leg.end('error');
  }

  onBye(request: IncomingByeRequest): void {
    request.accept();
    const leg = this.#leg;
    // RFC 3261 §15: only the caller may say BYE in an early dialog; our INVITE gets its own final response.
    if (leg.phase === 'early' && leg.outgoing) return;
    // RFC 3261 §15.1.2: the caller's BYE still leaves its INVITE to be answered.
    if (leg.phase === 'early') leg.incoming?.cancelled();
    leg.end('remote');
  }

  onInfo(request: IncomingInfoRequest): void {
    const { message } = request;
    const keys = keysOf(message.getHeader('content-type') ?? '', message.body);
    // RFC 6086 §4.2.2: 415 for a body we do not understand; an empty INFO is a keep-alive of some telephones.
    if (keys === null && message.body !== '')
      return void request.reject({ statusCode: 415, extraHeaders: ['Accept: application/dtmf-relay, application/dtmf'] });
    request.accept();
    const leg = this.#leg;
    if (keys === null || leg.over) return;
    leg.host.emit({ type: 'leg.digit', leg: leg.id, digit: keys });
  }

  onInvite(request: IncomingInviteRequest): void {
    const leg = this.#leg;
    // Hung up by us, but the ACK that lets us say BYE has not come yet.
    if (leg.over) return void request.reject({ statusCode: 481 });
    if (tooBrief(request.message, leg.host.settings)) {
      return void request.reject({ statusCode: 422, extraHeaders: [`Min-SE: ${leg.host.settings.sessionTimer.minSeconds}`] });
    }
    const held = leg.sound.held;
    const local = this.#describe(request.message.body);
    if (local === null) return void request.reject({ statusCode: 488 });
    this.answerDue = request.message.body === '';
    request.accept({
      statusCode: 200,
      body: sessionBody(local),
      extraHeaders: [contactHeader(leg), ...this.timer.answered(request.message)],
    });
    // RFC 3261 §14.2: without an ACK to the 2xx of a re-INVITE the dialog is to be ended.
    this.#ackTimer?.();
    this.#ackTimer = leg.after(64 * leg.host.settings.timers.t1Ms, () => lose(leg, 408));
    if (!this.answerDue) this.#reportHold(held);
  }

  onUpdate(request: UserAgentServer): void {
    const leg = this.#leg;
    const { message } = request;
    if (leg.over) return void request.reject({ statusCode: 481 });
    if (tooBrief(message, leg.host.settings)) {
      return void request.reject({ statusCode: 422, extraHeaders: [`Min-SE: ${leg.host.settings.sessionTimer.minSeconds}`] });
    }
    const extraHeaders = [contactHeader(leg)];
    if (message.body === '') {
      request.accept({ statusCode: 200, extraHeaders: [...extraHeaders, ...this.timer.answered(message)] });
      return;
    }
    // Offers that meet another one never get here: the dialog refuses them (RFC 3311 §5.2).
    const held = leg.sound.held;
    const local = this.#describe(message.body);
    if (local === null) return void request.reject({ statusCode: 488 });
    request.accept({
      statusCode: 200,
      body: sessionBody(local),
      extraHeaders: [...extraHeaders, ...this.timer.answered(message)],
    });
    this.#reportHold(held);
  }

  onPrack(request: IncomingPrackRequest): void {
    const { incoming } = this.#leg;
    if (incoming === null) request.reject({ statusCode: 481 });
    else incoming.acknowledged(request);
  }

  onRefer(request: IncomingReferRequest): void {
    this.transfer.requested(request);
  }

  onNotify(request: IncomingNotifyRequest): void {
    // We subscribe to nothing (RFC 6665 §4.1.3).
    request.reject({ statusCode: 481 });
  }

  /** Asks whether the dialog still lives; any final response but 481 and 408 shows that it does (RFC 3261 §12.2.1.2). */
  probe(): void {
    const leg = this.#leg;
    if (leg.phase !== 'established') return;
    requestInDialog(leg, 'OPTIONS', {}, (status) => {
      if (!leg.over && dialogGone(status)) lose(leg, status);
    });
  }

  /** Brings the sound back to our own address. */
  relay(): void {
    const leg = this.#leg;
    if (leg.phase !== 'established') return;
    this.part();
    this.renegotiation.run(
      () => leg.sound.offer(),
      (outcome) => {
        if (outcome.ok && leg.sound.accepted(outcome.body)) return;
        if (!leg.over) leg.host.log.log('warn', 'The sound of a leg could not be brought back', { leg: leg.id });
      },
    );
  }

  /** Forgets the partner on both sides; returns it when it is still there. */
  part(): Leg | null {
    const { partner } = this;
    this.partner = null;
    if (partner === null) return null;
    partner.conversation.partner = null;
    return partner.over ? null : partner;
  }

  /** The answer to an offer, or an offer of ours when there is none; null: 488. */
  #describe(offer: string): string | null {
    const leg = this.#leg;
    // The far end changes its stream: what its partner was told is no longer true, so both come back to us.
    if (leg.sound.direct) this.part()?.conversation.relay();
    try {
      return offer === '' ? leg.sound.offer() : leg.sound.answer(offer);
    } catch (error) {
      leg.host.log.log('warn', 'No stream for a new offer', { leg: leg.id, error: String(error) });
      return null;
    }
  }

  #reportHold(before: boolean): void {
    const leg = this.#leg;
    const after = leg.sound.held;
    if (before !== after && !leg.over) leg.host.emit({ type: after ? 'leg.held' : 'leg.resumed', leg: leg.id });
  }
}
