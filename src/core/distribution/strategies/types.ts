import type { AgentId } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import type { Instant } from '../../kernel/time.ts';

/** A free agent who may take the call. */
export interface Candidate {
  readonly agent: AgentId;
  readonly idleSince: Instant;
  readonly callsAnswered: number;
  /** The agent's `order`, for `linear`. */
  readonly order: number;
  /** Sum of the skill levels that the call asks for. */
  readonly level: number;
  /** How often this call already rang out at the agent; fewer goes first, whatever the strategy. */
  readonly tries: number;
}

/** What a strategy may look at besides the candidates. */
export interface StrategyContext {
  /** Agent last chosen by `round-robin` in this queue; null at first. */
  readonly lastChosen: AgentId | null;
  readonly random: Random;
}

/** Negative when `a` is the better choice. Total: ends on the agent's id. */
export type Comparison = (a: Candidate, b: Candidate) => number;

export const byId: Comparison = (a, b) => (a.agent < b.agent ? -1 : a.agent > b.agent ? 1 : 0);
export const byIdle: Comparison = (a, b) => a.idleSince - b.idleSince || byId(a, b);

/** The best of a non-empty list. */
export function best(candidates: readonly Candidate[], compare: Comparison): Candidate {
  let chosen = candidates[0]!;
  for (const candidate of candidates) if (compare(candidate, chosen) < 0) chosen = candidate;
  return chosen;
}

/** Chooses among a non-empty list: one agent, or several to ring together. */
export type Choose = (candidates: readonly Candidate[], context: StrategyContext) => readonly Candidate[];
