import type { OverflowRule } from '../kernel/centre.ts';
import type { Duration, Instant } from '../kernel/time.ts';

/** What the rules look at. */
export interface OverflowFacts {
  /** Calls ahead of this one: on entry, all that wait. */
  readonly ahead: number;
  /** null: unknown; a rule on it then does not apply. */
  readonly estimatedWaitMs: Duration | null;
  readonly waitedMs: Duration;
  /** Agents signed in who could serve the queue, paused or not. */
  readonly agentsSignedIn: number;
}

export function applies({ when }: OverflowRule, facts: OverflowFacts): boolean {
  switch (when.kind) {
    case 'waiting-calls':
      return facts.ahead >= when.atLeast;
    case 'estimated-wait':
      return facts.estimatedWaitMs !== null && facts.estimatedWaitMs > when.longerThanMs;
    case 'waited':
      return facts.waitedMs >= when.longerThanMs;
    case 'no-agent':
      return facts.agentsSignedIn === 0;
  }
}

/** How often the rules that depend on other calls and agents are looked at again while a call waits. */
export const REVIEW_EVERY: Duration = 5_000;

/** When a waiting call's rules must next be looked at; null when no rule can start to apply by time. */
export function nextReview(rules: readonly OverflowRule[], joinedAt: Instant, now: Instant): Instant | null {
  let next: Instant | null = null;
  for (const { when } of rules) {
    const at = when.kind === 'waited' ? Math.max(joinedAt + when.longerThanMs, now) : now + REVIEW_EVERY;
    if (next === null || at < next) next = at;
  }
  return next;
}
