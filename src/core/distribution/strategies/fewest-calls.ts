import { best, byIdle } from './types.ts';
import type { Choose } from './types.ts';

/** Who has answered the fewest calls; among equals the longest idle. */
export const fewestCalls: Choose = (candidates) => [
  best(candidates, (a, b) => a.callsAnswered - b.callsAnswered || byIdle(a, b)),
];
