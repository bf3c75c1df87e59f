import { sequenceDistance } from './rtp.ts';

/** A power of two, so that slots follow the sequence numbers round their 65,536. */
const SLOTS = 16;

/**
 * Puts packets back in order for who decodes them (the relay does not: it forwards at once). Driven by arrivals, not by
 * a clock: a packet waits only while one before it is missing, and no longer than `depth` later packets have come.
 */
export class JitterBuffer {
  readonly #slots: (Uint8Array | null)[] = Array.from({ length: SLOTS }, () => null);
  readonly #depth: number;
  #next: number | null = null;
  #highest = 0;

  /** `depth`: 1 to 15 packets. */
  constructor(depth: number) {
    this.#depth = Math.min(Math.max(depth, 1), SLOTS - 1);
  }

  /** Keeps the payload (not a copy). What is late or twice is let go. */
  put(sequence: number, payload: Uint8Array): void {
    if (this.#next === null || Math.abs(sequenceDistance(sequence, this.#next)) > 1_000) this.#restart(sequence);
    const ahead = sequenceDistance(sequence, this.#next as number);
    if (ahead < 0) return;
    // Farther than the buffer is deep: those in between will not be waited for any more.
    if (ahead > this.#depth) {
      const skipped = Math.min(ahead - this.#depth, SLOTS);
      for (let i = 0; i < skipped; i++) this.#slots[((this.#next as number) + i) % SLOTS] = null;
      this.#next = (sequence - this.#depth) & 0xffff;
    }
    this.#slots[sequence % SLOTS] = payload;
    if (sequenceDistance(sequence, this.#highest) > 0) this.#highest = sequence;
  }

  /** The next payload in order; `lost` for one that is given up; null while it may still come. */
  take(): Uint8Array | 'lost' | null {
    if (this.#next === null || sequenceDistance(this.#highest, this.#next) < 0) return null;
    const slot = this.#next % SLOTS;
    const payload = this.#slots[slot] ?? null;
    if (payload === null && sequenceDistance(this.#highest, this.#next) < this.#depth) return null;
    this.#slots[slot] = null;
    this.#next = (this.#next + 1) & 0xffff;
    return payload ?? 'lost';
  }

  #restart(sequence: number): void {
    this.#slots.fill(null);
    this.#next = sequence;
    this.#highest = sequence;
  }
}
