import type { Choose } from './types.ts';

/** Everybody at once; the first to answer has the call. */
export const ringAll: Choose = (candidates) => candidates;
