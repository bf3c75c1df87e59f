import type { Agent, Campaign, Centre, Queue } from '../../../src/core/kernel/centre.ts';

/** A queue with plain settings; give what the test is about. */
export const queue = (id: string, over: Partial<Queue> = {}): Queue => ({
  id,
  name: id,
  strategy: 'longest-idle',
  weight: 0,
  priority: 0,
  ageingMs: null,
  skills: [],
  ringTimeoutMs: 20_000,
  wrapUpMs: 5_000,
  rejectDelayMs: 10_000,
  noAnswerDelayMs: 15_000,
  autoPauseAfter: 0,
  capacity: null,
  capacityTarget: { to: 'deterrence', prompt: 'all-busy' },
  overflow: [],
  music: 'music',
  announceEveryMs: null,
  announcePosition: true,
  announceEstimatedWait: true,
  serviceLevelMs: 20_000,
  shortAbandonMs: 5_000,
  ...over,
});

export const agent = (id: string, over: Partial<Agent> = {}): Agent => ({
  id,
  name: id,
  extension: `1${id.replace(/\D/g, '').padStart(2, '0')}`,
  skills: [],
  order: 0,
  ...over,
});

export const campaign = (id: string, target: string, over: Partial<Campaign> = {}): Campaign => ({
  id,
  name: id,
  numbers: ['8000'],
  language: 'en',
  greeting: null,
  calendar: null,
  closed: { to: 'deterrence', prompt: 'closed' },
  target: { to: 'queue', queue: target },
  priority: 0,
  lastAgent: null,
  ...over,
});

const byId = <T extends { readonly id: string }>(list: readonly T[]): ReadonlyMap<string, T> =>
  new Map(list.map((one) => [one.id, one]));

export interface CentreParts {
  readonly queues?: readonly Queue[];
  readonly agents?: readonly Agent[];
  readonly campaigns?: readonly Campaign[];
}

export const centre = (parts: CentreParts = {}, over: Partial<Centre> = {}): Centre => ({
  queues: byId(parts.queues ?? []),
  agents: byId(parts.agents ?? []),
  campaigns: byId(parts.campaigns ?? []),
  skills: new Map(),
  calendars: new Map(),
  scenarios: new Map(),
  pauseReasons: new Map([
    ['lunch', { id: 'lunch', name: 'Lunch', digits: '1' }],
    ['break', { id: 'break', name: 'Break', digits: '2' }],
  ]),
  settings: {
    outgoingLine: null,
    featureCodes: { signIn: '*11', signOut: '*12', pause: '*13', resume: '*14' },
    directMedia: false,
    silenceProbeMs: 15_000,
  },
  ...over,
});
