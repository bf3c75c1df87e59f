import type { Response } from '../sip/message.ts';
import type { Timers } from '../sip/timers.ts';
import type { ServerTransaction } from '../sip/transactions.ts';

const T1_MS = 500;
const T2_MS = 4_000;
const ACK_WITHIN_MS = 64 * T1_MS;

/** A 2xx to an INVITE, sent again and again until its ACK comes (RFC 3261 §13.3.1.4). */
export class RepeatedAnswer {
  readonly #timers: Timers;
  readonly #onSilence: () => void;
  #stop: () => void = () => {};

  /** `onSilence`: the ACK never came, the call is to be ended. */
  constructor(timers: Timers, onSilence: () => void) {
    this.#timers = timers;
    this.#onSilence = onSilence;
  }

  start(server: ServerTransaction, response: Response): void {
    this.#stop();
    server.respond(response);
    this.#again(server, response, T1_MS, ACK_WITHIN_MS);
  }

  stop(): void {
    this.#stop();
  }

  #again(server: ServerTransaction, response: Response, intervalMs: number, leftMs: number): void {
    this.#stop = this.#timers.after(intervalMs, () => {
      if (leftMs <= 0) {
        this.#onSilence();
        return;
      }
      server.respond(response);
      this.#again(server, response, Math.min(2 * intervalMs, T2_MS), leftMs - intervalMs);
    });
  }
}
