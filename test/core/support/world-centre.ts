import type { Agent, Campaign, Centre, OverflowTarget, Queue, Scenario, SkillDemand } from '../../../src/core/kernel/centre.ts';
import { STRATEGIES } from '../../../src/core/kernel/centre.ts';
import type { Random } from '../../../src/core/kernel/random.ts';
import { agent, campaign, centre, queue } from './centre.ts';

export const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;
export const chance = (random: Random, share: number): boolean => random.next() < share;
/** Exponentially distributed whole milliseconds. */
export const around = (random: Random, meanMs: number): number => Math.ceil(-Math.log(1 - random.next()) * meanMs);

const QUEUES = ['q1', 'q2', 'q3', 'q4'];
const SKILLS = ['german', 'billing'];
const AGENTS = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
export const OUTSIDE = ['0199000071', '0199000072'];
/** What callers dial: campaigns, and a number that nobody serves. */
export const NUMBERS = ['8000', '8001', '8002', '8003', '8999'];

const demands = (random: Random): readonly SkillDemand[] =>
  SKILLS.filter(() => chance(random, 0.2)).map((skill) => {
    const minLevel = 1 + random.below(9);
    const relax = chance(random, 0.6)
      ? [
          { afterMs: 1_000 + random.below(20_000), minLevel: Math.floor(minLevel / 2) },
          { afterMs: 22_000 + random.below(20_000), minLevel: 0 },
        ]
      : [];
    return { skill, minLevel, relax };
  });

function target(random: Random): OverflowTarget {
  const way = random.below(4);
  if (way < 2) return { to: 'queue', queue: pick(random, QUEUES) };
  if (way === 2) return { to: 'number', number: pick(random, OUTSIDE) };
  return { to: 'deterrence', prompt: chance(random, 0.7) ? 'all-busy' : null };
}

function overflowRule(random: Random): Queue['overflow'][number] {
  const when = pick<Queue['overflow'][number]['when']>(random, [
    { kind: 'waiting-calls', atLeast: 1 + random.below(6) },
    { kind: 'estimated-wait', longerThanMs: 5_000 + random.below(60_000) },
    { kind: 'waited', longerThanMs: 1_000 + random.below(60_000) },
    { kind: 'no-agent' },
  ]);
  return { when, target: target(random) };
}

const randomQueue = (random: Random, id: string, wild = random.next()): Queue =>
  queue(id, {
    strategy: pick(random, STRATEGIES),
    weight: pick(random, [0, 0, 0, 10]),
    priority: pick(random, [0, 0, 5]),
    ageingMs: pick(random, [null, 10_000]),
    skills: demands(random),
    ringTimeoutMs: 5_000 + random.below(15_000),
    wrapUpMs: pick(random, [0, 0, 3_000, 10_000]),
    rejectDelayMs: 1_000 + random.below(10_000),
    noAnswerDelayMs: 1_000 + random.below(10_000),
    autoPauseAfter: pick(random, [0, 0, 2]),
    capacity: chance(random, wild) ? pick(random, [null, 0, 1, 3]) : null,
    capacityTarget: target(random),
    overflow: chance(random, wild * 0.7) ? Array.from({ length: 1 + random.below(2) }, () => overflowRule(random)) : [],
    announceEveryMs: pick(random, [null, 7_000]),
  });

const randomAgent = (random: Random, id: string): Agent =>
  agent(id, {
    order: random.below(3),
    skills: SKILLS.filter(() => chance(random, 0.6)).map((skill) => ({ skill, level: 1 + random.below(10) })),
  });

const randomCampaign = (random: Random, id: string, number: string): Campaign =>
  campaign(id, pick(random, QUEUES), {
    numbers: [number],
    greeting: pick(random, [null, 'welcome']),
    calendar: chance(random, 0.1) ? 'never' : null,
    closed: target(random),
    priority: pick(random, [0, 0, 3]),
    lastAgent: pick(random, [null, { withinMs: 300_000, holdMs: 15_000 }]),
    ...(chance(random, 0.3) ? { target: { to: 'scenario', scenario: 's' } } : {}),
  });

const randomScenario = (random: Random): Scenario => ({
  id: 's',
  name: 's',
  start: 'begin',
  nodes: {
    begin: { kind: 'hours', calendar: 'always', open: 'menu', closed: 'bye' },
    menu: {
      kind: 'menu',
      prompts: chance(random, 0.8) ? ['menu-example'] : [],
      choices: { '1': 'set', '2': 'play', '3': 'number', '4': 'begin' },
      timeoutMs: 4_000,
      attempts: 1 + random.below(3),
      invalidPrompt: pick(random, [null, 'invalid-choice']),
      otherwise: pick(random, ['bye', 'queue', 'nowhere']),
    },
    set: { kind: 'set', priority: pick(random, [null, 4]), language: 'fr', skills: demands(random), next: 'queue' },
    play: { kind: 'play', prompts: chance(random, 0.7) ? ['welcome'] : [], next: pick(random, ['menu', 'queue', 'play']) },
    number: { kind: 'number', number: pick(random, OUTSIDE) },
    queue: { kind: 'queue', queue: pick(random, QUEUES) },
    bye: { kind: 'hangup', prompt: pick(random, [null, 'goodbye']) },
  },
});

/** A centre as an absent-minded administrator would leave it: names of things that do not exist occur. */
export function randomCentre(random: Random): Centre {
  const week = Array.from({ length: 7 }, () => [[0, 1_440]] as const);
  const calendar = { zone: 'Europe/Paris', closedDates: [], exceptions: {}, holidays: null };
  const scenarios = chance(random, 0.9) ? [randomScenario(random)] : [];
  const built = centre(
    {
      queues: QUEUES.filter(() => chance(random, 0.85)).map((id) => randomQueue(random, id)),
      agents: AGENTS.filter(() => chance(random, 0.7)).map((id) => randomAgent(random, id)),
      campaigns: NUMBERS.slice(0, 4)
        .filter(() => chance(random, 0.9))
        .map((number, index) => randomCampaign(random, `c${index}`, number)),
    },
    {
      scenarios: new Map(scenarios.map((scenario) => [scenario.id, scenario])),
      calendars: new Map([
        ['always', { id: 'always', name: 'always', week, ...calendar }],
        ['never', { id: 'never', name: 'never', week: week.map(() => []), ...calendar }],
      ]),
    },
  );
  return { ...built, settings: { ...built.settings, directMedia: chance(random, 0.4) } };
}

/** The centre after somebody has changed one thing, or nearly everything. */
export function changedCentre(random: Random, before: Centre): Centre {
  const fresh = randomCentre(random);
  if (chance(random, 0.2)) return fresh;
  switch (random.below(4)) {
    case 0: {
      const queues = new Map(before.queues);
      const id = pick(random, QUEUES);
      if (queues.has(id) && chance(random, 0.5)) queues.delete(id);
      else queues.set(id, randomQueue(random, id));
      return { ...before, queues };
    }
    case 1: {
      const agents = new Map(before.agents);
      const id = pick(random, AGENTS);
      if (agents.has(id) && chance(random, 0.5)) agents.delete(id);
      else agents.set(id, randomAgent(random, id));
      return { ...before, agents };
    }
    case 2:
      return { ...before, campaigns: fresh.campaigns, scenarios: fresh.scenarios };
    default:
      return { ...before, settings: fresh.settings };
  }
}
