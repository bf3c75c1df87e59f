import { copyOf, first, set } from '../sip/message.ts';
import type { Request, Response } from '../sip/message.ts';
import type { SipEndpoint } from '../sip/endpoint.ts';
import { addVia, withoutTopVia } from '../sip/transactions.ts';
import type { Address, ServerTransaction } from '../sip/transactions.ts';

/** Where one attempt goes. */
export interface Target {
  readonly uri: string;
  readonly destination: Address;
}

export interface Plan {
  /** Asked for at each attempt, so that a binding made meanwhile counts. `null`: nobody there, try the next. */
  readonly attempts: readonly (() => Target | null)[];
  /** An attempt is given up after this long without any answer; null: when its transaction times out. */
  readonly silenceMs: number | null;
  /** … and after this long without a final answer since the last 1xx; null: the caller decides. */
  readonly noAnswerMs: number | null;
  /** Hunting: a refusal leads to the next attempt, and to 480 after the last. */
  readonly hunt: boolean;
}

/** Refusals after which the next of a hunt list is tried. A caller's own mistake (4xx of another kind) ends the hunt. */
const NEXT_ON = new Set([408, 430, 480, 482, 486, 500, 502, 503, 504, 600, 603]);

interface Branch {
  readonly request: Request;
  readonly destination: Address;
  provisional: boolean;
  givenUp: boolean;
  cancelSent: boolean;
}

/** One request on its way through the IPBX: attempts one after the other, a stateful proxy's answers (RFC 3261 §16). */
export class Forwarding {
  readonly #endpoint: SipEndpoint;
  readonly #server: ServerTransaction;
  readonly #plan: Plan;
  readonly #live = new Set<Branch>();
  #attempt = 0;
  #cancelled = false;
  #stopTimer: () => void = () => {};

  constructor(endpoint: SipEndpoint, server: ServerTransaction, plan: Plan) {
    this.#endpoint = endpoint;
    this.#server = server;
    this.#plan = plan;
  }

  start(): void {
    if (this.#server.request.method === 'INVITE') this.#server.reply(100);
    this.#next();
  }

  /** The caller gave up: what rings stops, the caller hears 487. */
  cancel(): void {
    if (this.#cancelled || this.#server.answered) return;
    this.#cancelled = true;
    this.#stopTimer();
    for (const branch of this.#live) this.#cancelBranch(branch);
  }

  #next(): void {
    this.#stopTimer();
    while (this.#attempt < this.#plan.attempts.length) {
      const target = this.#plan.attempts[this.#attempt]?.() ?? null;
      this.#attempt += 1;
      if (target !== null) {
        this.#launch(target);
        return;
      }
    }
    if (this.#live.size === 0) this.#server.reply(480);
  }

  #launch(target: Target): void {
    const request = copyOf(this.#server.request);
    request.uri = target.uri;
    set(request, 'Max-Forwards', String(Number(first(request, 'Max-Forwards') ?? '70') - 1));
    addVia(request, this.#endpoint.local);
    const branch: Branch = { request, destination: target.destination, provisional: false, givenUp: false, cancelSent: false };
    this.#live.add(branch);
    this.#waitFor(branch, this.#plan.silenceMs);
    this.#endpoint.transactions.start(request, target.destination, {
      response: (response) => this.#response(branch, response),
      timeout: () => this.#refused(branch, 408, null),
    });
  }

  #waitFor(branch: Branch, limitMs: number | null): void {
    this.#stopTimer();
    if (limitMs !== null) this.#stopTimer = this.#endpoint.timers.after(limitMs, () => this.#giveUp(branch));
  }

  /** Nobody answers there: its branch is cancelled while the next attempt starts. A late answer still wins (§16.7 step 5). */
  #giveUp(branch: Branch): void {
    branch.givenUp = true;
    this.#cancelBranch(branch);
    this.#next();
  }

  /** §9.1: a CANCEL waits for a first 1xx. */
  #cancelBranch(branch: Branch): void {
    if (!branch.provisional || branch.cancelSent) return;
    branch.cancelSent = true;
    this.#endpoint.transactions.cancel(branch.request, branch.destination);
  }

  #response(branch: Branch, received: Response): void {
    const response = withoutTopVia(received);
    if (response.status < 200) {
      branch.provisional = true;
      if (branch.givenUp || this.#cancelled) {
        this.#cancelBranch(branch);
        return;
      }
      if (this.#server.request.method === 'INVITE') this.#waitFor(branch, this.#plan.noAnswerMs);
      if (response.status > 100) this.#server.respond(response);
    } else if (response.status < 300) {
      this.#stopTimer();
      this.#live.delete(branch);
      this.#server.respond(response);
      for (const other of this.#live) {
        other.givenUp = true;
        this.#cancelBranch(other);
      }
    } else this.#refused(branch, response.status, response);
  }

  #refused(branch: Branch, status: number, response: Response | null): void {
    this.#live.delete(branch);
    if (this.#server.answered) return;
    if (this.#cancelled) {
      if (this.#live.size === 0) this.#server.reply(487);
      return;
    }
    if (branch.givenUp) {
      if (this.#live.size === 0 && this.#attempt >= this.#plan.attempts.length) this.#server.reply(this.#plan.hunt ? 480 : 408);
      return;
    }
    this.#stopTimer();
    if (this.#plan.hunt && NEXT_ON.has(status)) this.#next();
    else if (response !== null) this.#server.respond(response);
    // RFC 4320 §4.1: a 408 to anything but an INVITE would arrive when its sender has given up too.
    else if (this.#server.request.method === 'INVITE') this.#server.reply(408);
  }
}
