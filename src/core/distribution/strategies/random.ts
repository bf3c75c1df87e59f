import type { Choose } from './types.ts';

/** Any of them, by the site's seeded generator. */
export const randomChoice: Choose = (candidates, { random }) => [candidates[random.below(candidates.length)]!];
