import { best, byIdle } from './types.ts';
import type { Choose } from './types.ts';

/** The best level in what the call asks for (C1); among equals the longest idle. */
export const skillLevel: Choose = (candidates) => [best(candidates, (a, b) => b.level - a.level || byIdle(a, b))];
