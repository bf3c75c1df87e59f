import type { Duration } from '../kernel/time.ts';

/** Weight of the newest conversation in the running mean: about the last twenty count. */
const NEWEST = 0.1;

/** Mean handling time (talk + hold + wrap-up) of a queue's calls; null before the first. */
export function updateHandling(mean: Duration | null, handlingMs: Duration): Duration {
  return mean === null ? handlingMs : mean + NEWEST * (handlingMs - mean);
}

/**
 * Estimated wait of the call at `position`: each of the `serving` agents frees every `meanHandlingMs`, so calls leave the
 * queue at `serving / meanHandlingMs`. Null (unknown, not announced) without a sample or without an agent.
 */
export function estimatedWait(position: number, meanHandlingMs: Duration | null, serving: number): Duration | null {
  if (meanHandlingMs === null || serving === 0) return null;
  return (position * meanHandlingMs) / serving;
}
