import type { IncomingResponseMessage } from 'sip.js/lib/core/index.js';
import { contactHeader, dialogGone, lose, sessionBody } from './in-dialog.ts';
import type { Leg } from './leg.ts';

export type Outcome = { readonly ok: true; readonly body: string } | { readonly ok: false; readonly status: number };

interface Job {
  /** Called when the re-INVITE is really sent, since what is offered may have changed while it waited. */
  readonly offer: () => string;
  readonly done: (outcome: Outcome) => void;
  attempts: number;
}

/** Direct media and a session refresh at the same time make two; more waiting than this is a loop somewhere. */
const MAX_WAITING = 4;
const MAX_ATTEMPTS = 5;

/** The re-INVITEs that we send in a leg's dialog: one at a time, again after a glare (RFC 3261 §14.1). */
export class Renegotiation {
  readonly #leg: Leg;
  readonly #waiting: Job[] = [];
  #running = false;

  constructor(leg: Leg) {
    this.#leg = leg;
  }

  get running(): boolean {
    return this.#running;
  }

  run(offer: () => string, done: (outcome: Outcome) => void): void {
    if (this.#waiting.length >= MAX_WAITING) return done({ ok: false, status: 491 });
    this.#waiting.push({ offer, done, attempts: 0 });
    this.#next();
  }

  #next(): void {
    if (this.#running) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#running = true;
    this.#send(job);
  }

  #finish(job: Job, outcome: Outcome): void {
    this.#running = false;
    job.done(outcome);
    this.#next();
  }

  #send(job: Job): void {
    const leg = this.#leg;
    const { session } = leg;
    if (session === null || leg.phase !== 'established') return this.#finish(job, { ok: false, status: 481 });
    job.attempts++;
    // RFC 3261 §14.1: not while another offer is open in either direction; sip.js would throw.
    if (session.reinviteUserAgentServer !== undefined || session.reinviteUserAgentClient !== undefined)
      return this.#again(job, 491);
    let offer: string;
    try {
      offer = job.offer();
    } catch (error) {
      leg.host.log.log('warn', 'No offer could be made', { leg: leg.id, error: String(error) });
      return this.#finish(job, { ok: false, status: 500 });
    }
    const reject = ({ message }: { message: IncomingResponseMessage }): void => this.#rejected(job, message);
    session.invite(
      {
        onAccept: (response) => {
          response.ack();
          leg.conversation.timer.agreed(response.message);
          this.#finish(job, leg.over ? { ok: false, status: 481 } : { ok: true, body: response.message.body });
        },
        onReject: reject,
        onRedirect: reject,
      },
      { body: sessionBody(offer), extraHeaders: [contactHeader(leg), ...leg.conversation.timer.asked()] },
    );
  }

  #rejected(job: Job, response: IncomingResponseMessage): void {
    const leg = this.#leg;
    const status = response.statusCode ?? 500;
    if (!leg.over && dialogGone(status)) lose(leg, status);
    // RFC 4028 §7.4: the far end wants a longer interval.
    const longer = status === 422 && leg.conversation.timer.lengthen(response);
    if (!leg.over && (status === 491 || longer)) return this.#again(job, status);
    this.#finish(job, { ok: false, status });
  }

  #again(job: Job, status: number): void {
    const leg = this.#leg;
    if (job.attempts >= MAX_ATTEMPTS) return this.#finish(job, { ok: false, status });
    // RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms; T1 scales it for tests.
    const scale = leg.host.settings.timers.t1Ms / 500;
    const steps = leg.outgoing ? 210 + Math.floor(leg.host.randomness() * 190) : Math.floor(leg.host.randomness() * 200);
    leg.after(status === 422 ? 0 : steps * 10 * scale, () => this.#send(job));
  }
}
