import type { Duration } from '../core/kernel/time.ts';
import type { Clock } from '../ports/clock.ts';

/** How often lateness is measured. */
const EVERY: Duration = 50;
/** Calls are refused while the process is later than `high`, until it is no later than `low`. */
const HIGH: Duration = 150;
const LOW: Duration = 40;
/** Weight of the newest measure; a single pause (garbage collection) does not trip it, three in a row do. */
const NEWEST = 0.4;

export interface OverloadGuard {
  /** Smoothed lateness of the event loop in ms. */
  lateness(): Duration;
  readonly refusing: () => boolean;
  stop(): void;
}

/**
 * Watches how late the process runs and has new calls refused while it is too late: a call refused at once with 503 goes
 * elsewhere, a call answered late is a call badly served, and those in progress need what is left.
 */
export function guardAgainstOverload(clock: Clock, refuse: (on: boolean) => void): OverloadGuard {
  let late = 0;
  let refusing = false;
  let cancel: () => void;
  const measure = (due: number): void => {
    late += NEWEST * (Math.max(0, clock.now() - due) - late);
    if (refusing ? late <= LOW : late >= HIGH) {
      refusing = !refusing;
      refuse(refusing);
    }
    next();
  };
  const next = (): void => {
    const due = clock.now() + EVERY;
    cancel = clock.after(EVERY, () => measure(due));
  };
  next();
  return { lateness: () => late, refusing: () => refusing, stop: () => cancel() };
}
