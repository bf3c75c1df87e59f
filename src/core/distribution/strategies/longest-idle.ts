import { best, byIdle } from './types.ts';
import type { Choose } from './types.ts';

/** Who has been without a call for the longest time. */
export const longestIdle: Choose = (candidates) => [best(candidates, byIdle)];
