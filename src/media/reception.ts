import { sequenceDistance } from './rtp.ts';

/** RFC 3550 appendix A.1: a jump forward beyond this is a restarted sender, not a loss. */
const MAX_DROPOUT = 3_000;
/** And a step back beyond this is one too, not a packet reordered. */
const MAX_MISORDER = 100;

/** What a report block says of what was received, RFC 3550 §6.4.1. */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Share lost since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Since the beginning; negative when duplicates came. */
  readonly lost: number;
  readonly highestSequence: number;
  /** In timestamp units (1/8 ms). */
  readonly jitter: number;
}

/** Counts one incoming source after RFC 3550 appendices A.1, A.3 and A.8. Clock rate 8,000. */
export class Reception {
  ssrc = 0;
  received = 0;
  #started = false;
  #base = 0;
  #highest = 0;
  #cycles = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  /** Totals of the sources that came before this one. */
  #formerExpected = 0;
  #formerReceived = 0;
  #transit = 0;
  #jitter = 0;
  #suspect = -1;

  /**
   * `fresh`: the packet opens a new source, its numbers have nothing to do with those before. `stray`: far from the
   * others and alone, not to be used.
   */
  update(ssrc: number, sequence: number, timestamp: number, now: number): 'next' | 'fresh' | 'stray' {
    let fresh = !this.#started || ssrc !== this.ssrc;
    if (!fresh && this.#jumps(sequence)) {
      // Two packets in a row beyond the jump: the sender restarted with the same SSRC (RFC 3550 appendix A.1).
      fresh = sequence === this.#suspect;
      this.#suspect = (sequence + 1) & 0xffff;
      if (!fresh) return 'stray';
    }
    if (fresh) this.#begin(ssrc, sequence);
    else if (sequenceDistance(sequence, this.#highest) > 0) {
      if (sequence < this.#highest) this.#cycles += 65_536;
      this.#highest = sequence;
    }
    this.received++;
    this.#measureJitter(timestamp, now, fresh);
    return fresh ? 'fresh' : 'next';
  }

  get started(): boolean {
    return this.#started;
  }

  /** Lost so far, over all the sources of this stream; never negative. */
  get lostTotal(): number {
    return Math.max(0, this.#formerExpected + this.#expected - this.#formerReceived - this.received);
  }

  get receivedTotal(): number {
    return this.#formerReceived + this.received;
  }

  get jitterMs(): number {
    return this.#jitter / 8;
  }

  report(): ReceptionReport {
    const expected = this.#expected;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.received;
    return {
      ssrc: this.ssrc,
      fractionLost: expectedNow <= 0 || lostNow <= 0 ? 0 : Math.min(255, Math.floor((lostNow * 256) / expectedNow)),
      lost: expected - this.received,
      highestSequence: this.#cycles + this.#highest,
      jitter: Math.floor(this.#jitter),
    };
  }

  get #expected(): number {
    return this.#started ? this.#cycles + this.#highest - this.#base + 1 : 0;
  }

  #jumps(sequence: number): boolean {
    const step = sequenceDistance(sequence, this.#highest);
    return step <= -MAX_MISORDER || step >= MAX_DROPOUT;
  }

  #begin(ssrc: number, sequence: number): void {
    this.#formerExpected += this.#expected;
    this.#formerReceived += this.received;
    this.#started = true;
    this.ssrc = ssrc;
    this.#base = sequence;
    this.#highest = sequence;
    this.#cycles = 0;
    this.received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#suspect = -1;
  }

  /** J += (|D| − J) / 16; a new source has no transit to be compared with. */
  #measureJitter(timestamp: number, now: number, fresh: boolean): void {
    const transit = (Math.round(now * 8) - timestamp) | 0;
    if (!fresh) {
      const change = Math.abs((transit - this.#transit) | 0);
      // Half a second and more is a jump of the sender's clock, not jitter.
      if (change < 4_000) this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
  }
}
