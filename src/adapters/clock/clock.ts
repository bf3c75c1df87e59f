import type { Clock } from '../../ports/clock.ts';

/** How far the wall clock may move away before we follow it: opening hours must stay right after a clock correction. */
const RESYNC_BEYOND_MS = 2_000;

/**
 * The machine's clock as the site wants it: wall time carried by the monotonic clock, so that it never goes back. When the
 * wall clock was set forward it is followed; when it was set back, time here goes on and waits to be caught up with.
 */
export function systemClock(): Clock {
  let offset = Date.now() - performance.now();
  let last = 0;
  return {
    now() {
      const wall = Date.now();
      const monotonic = performance.now();
      if (Math.abs(wall - (monotonic + offset)) > RESYNC_BEYOND_MS) offset = wall - monotonic;
      last = Math.max(last, monotonic + offset);
      return last;
    },
    after(delay, action) {
      const timer = setTimeout(action, Math.max(0, Math.ceil(delay)));
      return () => clearTimeout(timer);
    },
  };
}
