import type { Duration, Instant } from '../core/kernel/time.ts';

export interface Clock {
  /** Milliseconds since the epoch; never goes back, may be fractional. */
  now(): Instant;
  /** Runs `action` once, `delay` from now. Returns how to cancel it. */
  after(delay: Duration, action: () => void): () => void;
}
