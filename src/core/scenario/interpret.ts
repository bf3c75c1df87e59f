import type { Calendar, Language, Scenario, ScenarioNode, SkillDemand } from '../kernel/centre.ts';
import type { CalendarId, QueueId } from '../kernel/ids.ts';
import type { Duration, Instant } from '../kernel/time.ts';
import { isOpen } from './hours.ts';

/** Nodes that are run without waiting for the caller are bounded: a program that loops on itself ends. */
export const MAX_SILENT_STEPS = 50;

/** What a caller's scenario wants next. Nodes `set`, `hours` and an empty `play` are passed silently and add up in `changes`. */
export type ScenarioWish =
  | { readonly wish: 'play'; readonly node: string; readonly prompts: readonly string[] }
  | { readonly wish: 'menu'; readonly node: string; readonly prompts: readonly string[]; readonly timeoutMs: Duration }
  | { readonly wish: 'queue'; readonly queue: QueueId }
  | { readonly wish: 'number'; readonly number: string }
  | { readonly wish: 'hangup'; readonly prompt: string | null };

export interface ScenarioChanges {
  readonly priority: number | null;
  readonly language: Language | null;
  readonly skills: readonly SkillDemand[];
}

export interface ScenarioStep {
  readonly wish: ScenarioWish;
  readonly changes: ScenarioChanges;
}

/**
 * Runs `scenario` from node `at` until something is to be heard or done. Pure. A node that does not exist, or a loop of
 * silent nodes, ends in a hang-up with the prompt `all-busy`: validation refuses both, this is the last line of defence.
 */
export function runScenario(
  scenario: Scenario,
  at: string,
  calendars: ReadonlyMap<CalendarId, Calendar>,
  now: Instant,
): ScenarioStep {
  let priority: number | null = null;
  let language: Language | null = null;
  let skills: readonly SkillDemand[] = [];
  const wish = (value: ScenarioWish): ScenarioStep => ({ wish: value, changes: { priority, language, skills } });
  let name = at;
  for (let step = 0; step < MAX_SILENT_STEPS; step++) {
    const node: ScenarioNode | undefined = Object.hasOwn(scenario.nodes, name) ? scenario.nodes[name] : undefined;
    if (node === undefined) break;
    switch (node.kind) {
      case 'play':
        if (node.prompts.length === 0) {
          name = node.next;
          break;
        }
        return wish({ wish: 'play', node: name, prompts: node.prompts });
      case 'menu':
        return wish({ wish: 'menu', node: name, prompts: node.prompts, timeoutMs: node.timeoutMs });
      case 'queue':
        return wish({ wish: 'queue', queue: node.queue });
      case 'number':
        return wish({ wish: 'number', number: node.number });
      case 'hangup':
        return wish({ wish: 'hangup', prompt: node.prompt });
      case 'set':
        priority = node.priority ?? priority;
        language = node.language ?? language;
        skills = withDemands(skills, node.skills);
        name = node.next;
        break;
      case 'hours': {
        const calendar = calendars.get(node.calendar);
        name = calendar !== undefined && isOpen(calendar, now) ? node.open : node.closed;
        break;
      }
    }
  }
  return wish({ wish: 'hangup', prompt: 'all-busy' });
}

/** Demands with `added` on top: asked for again, a skill is asked for anew, so that a caller who goes round a menu adds nothing. */
export function withDemands(demands: readonly SkillDemand[], added: readonly SkillDemand[]): readonly SkillDemand[] {
  if (added.length === 0) return demands;
  return [...demands.filter(({ skill }) => !added.some((one) => one.skill === skill)), ...added];
}

/** What a key, or silence (`digit` null), does at a menu: a node to go to, or another attempt at the same one. */
export function answerMenu(
  node: Extract<ScenarioNode, { kind: 'menu' }>,
  digit: string | null,
  attempts: number,
): { readonly next: string } | { readonly again: true; readonly attempts: number; readonly prompt: string | null } {
  const chosen = digit !== null && Object.hasOwn(node.choices, digit) ? node.choices[digit] : undefined;
  if (chosen !== undefined) return { next: chosen };
  if (attempts + 1 >= node.attempts) return { next: node.otherwise };
  return { again: true, attempts: attempts + 1, prompt: digit === null ? null : node.invalidPrompt };
}
