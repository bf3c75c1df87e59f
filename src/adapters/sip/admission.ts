import type { Instant } from '../../core/kernel/time.ts';

/** A token bucket: `perSecond` on average, and as many at once after a quiet second. */
export class RateLimit {
  readonly #perSecond: number;
  #tokens: number;
  #at: Instant | null = null;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  take(now: Instant): boolean {
    const elapsed = this.#at === null ? 0 : Math.max(0, now - this.#at);
    this.#at = now;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (elapsed * this.#perSecond) / 1000);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
