import type { Agent, SkillDemand } from '../kernel/centre.ts';
import type { Duration, Instant } from '../kernel/time.ts';

/** The level that `demand` asks after `waitedMs`. */
export function levelAfter(demand: SkillDemand, waitedMs: Duration): number {
  let level = demand.minLevel;
  for (const step of demand.relax) {
    if (waitedMs < step.afterMs) break;
    level = step.minLevel;
  }
  return level;
}

function levelOf(agent: Agent, skill: string): number {
  for (const held of agent.skills) if (held.skill === skill) return held.level;
  return 0;
}

/**
 * How well `agent` meets `demands` after a wait: the sum of the levels asked for, or null when one is not met.
 * A demand relaxed to 0 is met by anyone; the level still counts towards the sum.
 */
export function suitability(agent: Agent, demands: readonly SkillDemand[], waitedMs: Duration): number | null {
  let sum = 0;
  for (const demand of demands) {
    const level = levelOf(agent, demand.skill);
    if (level < levelAfter(demand, waitedMs)) return null;
    sum += level;
  }
  return sum;
}

/** The next instant after `now` at which a demand is relaxed; null when none will be. */
export function nextRelaxation(demands: readonly SkillDemand[], joinedAt: Instant, now: Instant): Instant | null {
  let next: Instant | null = null;
  for (const demand of demands) {
    for (const step of demand.relax) {
      const at = joinedAt + step.afterMs;
      if (at > now && (next === null || at < next)) next = at;
    }
  }
  return next;
}
