import {
  type IncomingInviteRequest,
  type IncomingPrackRequest,
  type InviteUserAgentServer,
  type SessionDialog,
  TransactionState,
} from 'sip.js/lib/core/index.js';
import type { Refusal } from '../../core/kernel/effects.ts';
import { REFUSAL_STATUS } from './causes.ts';
import { sessionBody } from './in-dialog.ts';
import type { Leg } from './leg.ts';

/** A provisional response that must be acknowledged by PRACK (RFC 3262 §3). */
interface Reliable {
  readonly sequence: number;
  readonly text: string;
  interval: number;
  left: number;
}

const requires = (request: IncomingInviteRequest, tag: string): boolean =>
  request.message.getHeaders('require').some((value) => value.toLowerCase().includes(tag));

/** The INVITE of an incoming leg until its ACK. */
export class IncomingCall {
  readonly #leg: Leg;
  readonly #request: IncomingInviteRequest;
  readonly #reliably: boolean;
  #reliable: Reliable | null = null;
  #stopRetransmission: (() => void) | null = null;
  #rung = false;
  #answerWanted = false;
  /** Our offer went out in the reliable 180, its answer came with the PRACK (RFC 3262 §5). */
  #negotiated = false;

  constructor(leg: Leg, request: IncomingInviteRequest) {
    this.#leg = leg;
    this.#request = request;
    this.#reliably = requires(request, '100rel');
    leg.incoming = this;
    leg.release = () => this.#reject(480);
    request.delegate = { onCancel: () => this.#onCancel() };
    request.trying();
  }

  ring(): void {
    const leg = this.#leg;
    if (leg.phase !== 'early' || this.#rung) return;
    this.#rung = true;
    if (this.#reliably) return this.#ringReliably();
    this.#early(this.#request.progress({ statusCode: 180 }).session as SessionDialog);
  }

  answer(): void {
    const leg = this.#leg;
    if (leg.phase !== 'early') return;
    if (this.#reliable !== null) {
      // RFC 3262 §3: with a description in an unacknowledged 1xx the 2xx must wait; waiting always is allowed.
      this.#answerWanted = true;
      return;
    }
    const body = this.#description();
    if (body === null) return;
    const { message } = this.#request;
    const extraHeaders = leg.conversation.timer.answered(message);
    leg.conversation.answerDue = message.body === '' && !this.#negotiated;
    const session = this.#request.accept({ statusCode: 200, body: sessionBody(body), extraHeaders }).session as SessionDialog;
    this.#early(session);
    leg.phase = 'answered';
    // RFC 3261 §15: no BYE before the ACK; `onAck` and `onAckTimeout` say it for a leg that is over.
    leg.release = () => {};
  }

  refuse(refusal: Refusal): void {
    const leg = this.#leg;
    if (leg.phase !== 'early') return leg.hangup();
    leg.release = () => this.#reject(REFUSAL_STATUS[refusal]);
    leg.hangup();
  }

  /** The INVITE was cancelled, or a BYE ended its early dialog. */
  cancelled(): void {
    this.#reject(487);
  }

  /** PRACK (RFC 3262 §3): must name the response that waits, else 481. */
  acknowledged(request: IncomingPrackRequest): void {
    const leg = this.#leg;
    const { message } = request;
    const expected = this.#reliable && `${this.#reliable.sequence} ${this.#request.message.cseq} INVITE`;
    if (expected === null || message.getHeader('rack')?.trim().replace(/\s+/g, ' ') !== expected) {
      return void request.reject({ statusCode: 481 });
    }
    this.#settle();
    if (message.body !== '' && this.#request.message.body === '') this.#negotiated = leg.sound.accepted(message.body);
    request.accept();
    if (this.#answerWanted) this.answer();
  }

  #onCancel(): void {
    this.#reject(487);
    this.#leg.end('remote');
  }

  #early(session: SessionDialog): void {
    session.delegate = this.#leg.conversation;
    this.#leg.session = session;
  }

  /** Our side of the session; null after the call had to be refused for want of a stream. */
  #description(): string | null {
    const leg = this.#leg;
    const offer = this.#request.message.body;
    try {
      if (this.#negotiated) return leg.sound.local;
      const body = offer === '' ? leg.sound.offer() : leg.sound.answer(offer);
      if (body !== null) return body;
      this.#reject(488);
    } catch (error) {
      leg.host.log.log('error', 'No stream for an incoming call', { leg: leg.id, error: String(error) });
      this.#reject(503);
    }
    leg.end('error');
    return null;
  }

  #reject(status: number): void {
    this.#settle();
    // Already answered or refused: an order and a CANCEL crossed.
    if ((this.#request as InviteUserAgentServer).transaction.state !== TransactionState.Proceeding) return;
    const extraHeaders = status === 503 ? [`Retry-After: ${this.#leg.host.settings.retryAfterSeconds}`] : [];
    this.#request.reject({ statusCode: status, extraHeaders });
  }

  #ringReliably(): void {
    const leg = this.#leg;
    const sequence = 1 + Math.floor(leg.host.randomness() * 2_147_483_646);
    const extraHeaders = ['Require: 100rel', `RSeq: ${sequence}`];
    let offer: string | null = null;
    // RFC 3262 §5: an INVITE without an offer gets ours in the first reliable response.
    if (this.#request.message.body === '') {
      offer = this.#description();
      if (offer === null) return;
    }
    const response = this.#request.progress(
      offer === null ? { statusCode: 180, extraHeaders } : { statusCode: 180, extraHeaders, body: sessionBody(offer) },
    );
    this.#early(response.session as SessionDialog);
    const { t1Ms } = leg.host.settings.timers;
    this.#reliable = { sequence, text: response.message, interval: t1Ms, left: 64 * t1Ms };
    this.#retransmitLater();
  }

  #retransmitLater(): void {
    const reliable = this.#reliable;
    if (reliable === null) return;
    this.#stopRetransmission = this.#leg.after(reliable.interval, () => {
      reliable.left -= reliable.interval;
      reliable.interval *= 2;
      if (reliable.left <= 0) {
        // RFC 3262 §3: no PRACK in 64*T1: the INVITE is refused with a 5xx.
        this.#reject(504);
        this.#leg.end('error');
        return;
      }
      (this.#request as InviteUserAgentServer).transaction.receiveResponse(180, reliable.text);
      this.#retransmitLater();
    });
  }

  #settle(): void {
    this.#reliable = null;
    this.#stopRetransmission?.();
    this.#stopRetransmission = null;
  }
}
