import type { Strategy } from '../kernel/centre.ts';
import { fewestCalls } from './strategies/fewest-calls.ts';
import { linear } from './strategies/linear.ts';
import { longestIdle } from './strategies/longest-idle.ts';
import { randomChoice } from './strategies/random.ts';
import { ringAll } from './strategies/ring-all.ts';
import { roundRobin } from './strategies/round-robin.ts';
import { skillLevel } from './strategies/skill-level.ts';
import type { Candidate, Choose, StrategyContext } from './strategies/types.ts';

const STRATEGY: Readonly<Record<Strategy, Choose>> = {
  'longest-idle': longestIdle,
  'fewest-calls': fewestCalls,
  'round-robin': roundRobin,
  linear,
  'ring-all': ringAll,
  random: randomChoice,
  'skill-level': skillLevel,
};

/**
 * Whom to ring: agents at whom this call did not ring out come first, then the queue's strategy decides.
 * An empty list of candidates gives an empty choice.
 */
export function chooseAgents(
  strategy: Strategy,
  candidates: readonly Candidate[],
  context: StrategyContext,
): readonly Candidate[] {
  if (candidates.length === 0) return candidates;
  let fewest = Number.POSITIVE_INFINITY;
  for (const { tries } of candidates) if (tries < fewest) fewest = tries;
  const fresh = candidates.every(({ tries }) => tries === fewest)
    ? candidates
    : candidates.filter(({ tries }) => tries === fewest);
  return STRATEGY[strategy](fresh, context);
}
