import { LIMITS } from './limits.ts';
import type { Endpoint, TransactionTimers, TransportCounters } from './types.ts';
import type { Wheel, WheelEntry } from './wheel.ts';

/** What a server transaction of RFC 3261 §17.2 remembers: its last response, and nothing of the request. */
class Answered implements WheelEntry {
  due = 0;
  slot = -1;
  text: string;
  target: Endpoint;
  expires: number;
  /** RFC 6026 §7.1: an INVITE answered 2xx is absorbed in silence, the user agent core repeats the 2xx until the ACK. */
  accepted = false;
  acknowledged = false;
  private intervalMs = 0;
  private readonly table: AnsweredTable;

  constructor(table: AnsweredTable, text: string, target: Endpoint) {
    this.table = table;
    this.text = text;
    this.target = target;
    this.expires = 0;
  }

  /** Timer G: T1, doubled up to T2, until the ACK or Timer H (RFC 3261 §17.2.1). */
  startG(): void {
    this.intervalMs = this.table.timers.t1Ms;
    this.table.wheel.schedule(this, this.intervalMs);
  }

  fire(now: number): void {
    if (now >= this.expires) return;
    this.table.resend(this);
    this.intervalMs = Math.min(this.intervalMs * 2, this.table.timers.t2Ms);
    this.table.wheel.schedule(this, this.intervalMs);
  }
}

export interface AnsweredOptions {
  readonly timers: TransactionTimers;
  readonly wheel: Wheel;
  readonly now: () => number;
  readonly counters: TransportCounters;
  readonly transmit: (text: string, target: Endpoint) => void;
}

/**
 * Timers G, H, I and J of unreliable transports, and the absorption of retransmitted requests, before any parsing.
 * sip.js has G as an empty method and I and J at zero; with this table zero is right there, so that its transactions,
 * with their request, dialog and closures, are gone at once instead of living 32 s: only one text is kept here.
 */
export class AnsweredTable {
  readonly timers: TransactionTimers;
  readonly wheel: Wheel;
  private readonly options: AnsweredOptions;
  /** In order of expiry: all live 64 × T1 after their last response, and a new response moves its entry to the end. */
  private readonly entries = new Map<string, Answered>();

  constructor(options: AnsweredOptions) {
    this.options = options;
    this.timers = options.timers;
    this.wheel = options.wheel;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Notes a response on its way out to `target`. */
  answer(key: string, status: number, text: string, target: Endpoint): void {
    const invite = key.endsWith('|INVITE');
    const known = this.entries.get(key);
    // RFC 3261 §17.2.1: after the ACK nothing is sent any more; a proxy may still pass on a late copy of the response.
    if (known?.acknowledged) return;
    const entry = known ?? new Answered(this, text, target);
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.expires = this.options.now() + 64 * this.timers.t1Ms;
    entry.target = target;
    if (invite && status >= 200 && status < 300) {
      entry.accepted = true;
      entry.text = '';
    } else {
      entry.text = text;
      // Only the first final response starts Timer G: later ones are its own echoes.
      if (invite && status >= 300 && entry.slot < 0) entry.startG();
    }
    this.trim();
  }

  /** True when the request repeats one that was answered: the answer was sent again where one is due. */
  absorb(key: string, method: string): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    if (method === 'ACK') return this.acknowledge(entry);
    this.options.counters.absorbed++;
    if (!entry.accepted && !entry.acknowledged) this.resend(entry);
    return true;
  }

  /** RFC 3261 §17.2.1 Confirmed: the first ACK stops Timer G and goes up, the others are absorbed. */
  private acknowledge(entry: Answered): boolean {
    if (entry.accepted) return false;
    this.wheel.cancel(entry);
    if (!entry.acknowledged) {
      entry.acknowledged = true;
      entry.text = '';
      return false;
    }
    this.options.counters.absorbed++;
    return true;
  }

  resend(entry: Answered): void {
    this.options.counters.retransmitted++;
    this.options.transmit(entry.text, entry.target);
  }

  /** Forgets what is older than 64 × T1. Called at every answer and, when calls stop, by the owner from time to time. */
  trim(): void {
    const now = this.options.now();
    for (const [key, entry] of this.entries) {
      if (entry.expires > now && this.entries.size <= LIMITS.answered) return;
      this.wheel.cancel(entry);
      this.entries.delete(key);
    }
  }

  clear(): void {
    for (const entry of this.entries.values()) this.wheel.cancel(entry);
    this.entries.clear();
  }
}
