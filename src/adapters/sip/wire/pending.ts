import { endpointKey } from './scan.ts';
import { LIMITS } from './limits.ts';
import type { Endpoint, TransactionTimers, TransportCounters } from './types.ts';
import type { Wheel, WheelEntry } from './wheel.ts';

export interface PendingOptions {
  readonly timers: TransactionTimers;
  readonly wheel: Wheel;
  readonly now: () => number;
  readonly counters: TransportCounters;
  readonly transmit: (text: string, target: Endpoint) => void;
  /** A request has been unanswered for `deadAfterMs`. */
  readonly onSilence: (target: Endpoint, sentAt: number) => void;
  readonly deadAfterMs: number;
}

export interface OutgoingText {
  readonly text: string;
  readonly method: string;
  readonly branch: string;
}

/** A request of ours that has no final answer yet. */
export class Pending implements WheelEntry {
  due = 0;
  slot = -1;
  readonly key: string;
  readonly text: string;
  readonly invite: boolean;
  readonly repeat: boolean;
  target: Endpoint;
  sentAt: number;
  readonly endsAt: number;
  private intervalMs = 0;
  private proceeding = false;
  private readonly table: PendingTable;

  constructor(table: PendingTable, key: string, request: OutgoingText, target: Endpoint, repeat: boolean) {
    this.table = table;
    this.key = key;
    this.text = request.text;
    this.invite = request.method === 'INVITE';
    this.target = target;
    this.repeat = repeat;
    this.sentAt = table.options.now();
    // Timers B and F: after them sip.js has given up (RFC 3261 §17.1.1.2, §17.1.2.2).
    this.endsAt = this.sentAt + 64 * table.options.timers.t1Ms;
  }

  arm(): void {
    this.intervalMs = this.table.options.timers.t1Ms;
    this.table.options.wheel.schedule(this, this.intervalMs);
  }

  /** RFC 3261 §17.1.2.2: after a provisional answer Timer E runs at T2. */
  provisional(): void {
    this.proceeding = true;
  }

  fire(now: number): void {
    const { timers, wheel, counters, transmit, onSilence, deadAfterMs } = this.table.options;
    if (now >= this.endsAt) {
      this.table.forget(this);
      return;
    }
    if (!this.proceeding && now - this.sentAt >= deadAfterMs) onSilence(this.target, this.sentAt);
    if (this.slot >= 0) return;
    if (this.repeat) {
      counters.retransmitted++;
      transmit(this.text, this.target);
    }
    // Timer A doubles for ever (§17.1.1.2), Timer E stops at T2 (§17.1.2.2).
    const doubled = this.proceeding ? timers.t2Ms : this.intervalMs * 2;
    this.intervalMs = this.invite ? doubled : Math.min(doubled, timers.t2Ms);
    wheel.schedule(this, this.intervalMs);
  }
}

/** Timers A and E, which sip.js leaves out, and who is still waiting for whom, which failover needs. */
export class PendingTable {
  readonly options: PendingOptions;
  private readonly entries = new Map<string, Pending>();

  constructor(options: PendingOptions) {
    this.options = options;
  }

  get size(): number {
    return this.entries.size;
  }

  private static key(branch: string, method: string): string {
    // CANCEL bears its INVITE's branch (RFC 3261 §9.1).
    return method === 'CANCEL' ? `${branch}|CANCEL` : branch;
  }

  add(request: OutgoingText, target: Endpoint, repeat: boolean): void {
    if (this.entries.size >= LIMITS.pendingRequests) {
      this.options.counters.dropped.overflow++;
      return;
    }
    const key = PendingTable.key(request.branch, request.method);
    const before = this.entries.get(key);
    if (before !== undefined) this.options.wheel.cancel(before);
    const entry = new Pending(this, key, request, target, repeat);
    this.entries.set(key, entry);
    entry.arm();
  }

  /** A response came: what it answers, undefined when nothing of ours. */
  response(branch: string, method: string, status: number): Pending | undefined {
    const key = PendingTable.key(branch, method);
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (status >= 200 || entry.invite) {
      // RFC 3261 §17.1.1.2: any answer ends the repetition of an INVITE.
      this.options.wheel.cancel(entry);
      this.entries.delete(key);
    } else entry.provisional();
    return entry;
  }

  forget(entry: Pending): void {
    this.options.wheel.cancel(entry);
    if (this.entries.get(entry.key) === entry) this.entries.delete(entry.key);
  }

  /** Those that wait for a target, oldest first. */
  waitingFor(target: Endpoint): Pending[] {
    const wanted = endpointKey(target);
    return [...this.entries.values()].filter((entry) => endpointKey(entry.target) === wanted);
  }

  /** Sends a request that nobody answered to another target, at once and from the shortest interval again (RFC 3263 §4.3). */
  redirect(entry: Pending, target: Endpoint): void {
    entry.target = target;
    entry.sentAt = this.options.now();
    this.options.transmit(entry.text, target);
    entry.arm();
  }

  clear(): void {
    for (const entry of this.entries.values()) this.options.wheel.cancel(entry);
    this.entries.clear();
  }
}
