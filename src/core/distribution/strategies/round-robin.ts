import { best, byId } from './types.ts';
import type { Choose } from './types.ts';

/** The next agent by id after the last one chosen, then from the start again. */
export const roundRobin: Choose = (candidates, { lastChosen }) => {
  const after = lastChosen === null ? [] : candidates.filter((candidate) => candidate.agent > lastChosen);
  return [best(after.length > 0 ? after : candidates, byId)];
};
