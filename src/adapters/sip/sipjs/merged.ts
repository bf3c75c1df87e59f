import { type IncomingRequestMessage, TransactionState, type UserAgentCore } from 'sip.js/lib/core/index.js';

interface Attempt {
  readonly transaction: string;
  /** Set when the call was answered and its transaction is gone: until then copies of it are still merged. */
  until: number;
}

/** Below this the index is never swept; above, whenever it has doubled. */
const SWEEP_FROM = 1_024;

/**
 * RFC 3261 §8.2.2.2: a request without To tag whose From tag, Call-ID and CSeq are those of an *ongoing* transaction, but
 * which is not that transaction's, has come here twice by two ways: the copy gets 482.
 *
 * Ongoing is the point. A call that we refused and that the IPBX sends back after trying elsewhere has the same Call-ID,
 * From tag and CSeq in another branch: its first transaction is over (Completed or gone), so it is a new attempt. While
 * the first still rings, or after it was answered, a second copy of the same call is a fork and is refused, whatever its
 * Request-URI: answering both would offer one caller to two agents.
 *
 * sip.js ignores "ongoing", and looks through all transactions of the last 32 s at each request; this is one look-up.
 */
export class MergedRequests {
  private readonly core: UserAgentCore;
  private readonly now: () => number;
  private readonly keepMs: number;
  private readonly attempts = new Map<string, Attempt>();
  private sweepAt = SWEEP_FROM;

  constructor(core: UserAgentCore, keepMs: number, now: () => number = () => performance.now()) {
    this.core = core;
    this.keepMs = keepMs;
    this.now = now;
  }

  get size(): number {
    return this.attempts.size;
  }

  private static key(message: IncomingRequestMessage): string {
    return `${message.callId}|${message.fromTag}|${message.cseq}|${message.method}`;
  }

  /** True when the request is the copy of one that is still going on; else it is noted as the attempt that counts. */
  isMerged(message: IncomingRequestMessage): boolean {
    const key = MergedRequests.key(message);
    const known = this.attempts.get(key);
    if (known !== undefined && known.transaction !== message.viaBranch && this.isOngoing(known)) return true;
    if (this.attempts.size >= this.sweepAt) this.sweep();
    this.attempts.set(key, { transaction: message.viaBranch, until: 0 });
    return false;
  }

  /** The call was answered and acknowledged; its transaction need not be kept for the sake of late copies. */
  answered(request: { callId: string; fromTag: string; cseq: number; method: string }): void {
    const known = this.attempts.get(MergedRequests.key(request as IncomingRequestMessage));
    if (known !== undefined) known.until = this.now() + this.keepMs;
  }

  private isOngoing({ transaction, until }: Attempt): boolean {
    if (until > this.now()) return true;
    const state = this.core.userAgentServers.get(transaction)?.transaction.state;
    return state === TransactionState.Trying || state === TransactionState.Proceeding || state === TransactionState.Accepted;
  }

  private sweep(): void {
    for (const [key, attempt] of this.attempts) {
      if (!this.isOngoing(attempt)) this.attempts.delete(key);
    }
    this.sweepAt = Math.max(SWEEP_FROM, this.attempts.size * 2);
  }
}
