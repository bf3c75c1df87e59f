import { z } from 'zod';
import type { Centre, CentreSettings } from '../core/kernel/centre.ts';
import { STRATEGIES } from '../core/kernel/centre.ts';
import { BasculeError } from '../core/kernel/errors.ts';
import { check, nearest, strict } from './issues.ts';
import {
  day,
  dayRanges,
  dialCode,
  dialledNumber,
  duration,
  extension,
  ID_PATTERN,
  id,
  listOf,
  name,
  prompt,
  telephoneNumber,
  WEEKDAYS,
  whole,
  zone,
} from './values.ts';

/** Kinds of object that the centre's configuration is made of (same as ports/store.ts). */
export const CENTRE_KINDS = ['skill', 'pause-reason', 'hours', 'queue', 'agent', 'campaign', 'scenario', 'settings'] as const;
export type CentreKind = (typeof CENTRE_KINDS)[number];

/** The only id of kind `settings`. */
export const SETTINGS_ID = 'settings';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** `sales:3`, as a person types it, for a skill and the level asked for. */
const shortDemand = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  const [skillName, level] = value.split(':');
  return { skill: skillName, ...(level === undefined ? {} : { minLevel: Number(level) }) };
};

/** `queue:sales`, `number:0123456789`, `scenario:menu`, `deterrence:closed`: a target as one word. */
const shortTarget = (value: unknown): unknown => {
  const [, to, other] = typeof value === 'string' ? (/^([a-z]+)(?::(.+))?$/.exec(value) ?? []) : [];
  if (to === undefined) return value;
  return { to, ...(other === undefined ? {} : { [to === 'deterrence' ? 'prompt' : to]: other }) };
};

const skillDemandFields = strict({
  skill: id().describe('Skill asked for'),
  minLevel: whole(1, 10).default(1).describe('Least level: 1 beginner, 10 expert'),
  relax: z
    .array(
      strict({
        afterMs: duration(0, 24 * HOUR).describe('Wait'),
        minLevel: whole(0, 10).describe('Level that is then enough; 0: any'),
      }),
    )
    .max(10)
    .refine((steps) => steps.every((step, index) => index === 0 || (steps[index - 1]?.afterMs ?? 0) < step.afterMs), {
      error: 'must be in rising order of afterMs',
    })
    .default([])
    .describe('Lower levels accepted after a wait'),
});
const skillDemand = z.preprocess(shortDemand, skillDemandFields).describe('A skill with the level asked for');

const overflowTarget = z
  .preprocess(
    shortTarget,
    z.discriminatedUnion('to', [
      strict({ to: z.literal('queue'), queue: id().describe('Queue that takes the call') }),
      strict({ to: z.literal('number'), number: telephoneNumber().describe('Number that the IPBX is asked to call') }),
      strict({
        to: z.literal('deterrence'),
        prompt: prompt().nullable().default(null).describe('Message before hanging up; null: none'),
      }),
    ]),
  )
  .describe('Where a call goes that cannot be served here');

const overflowRule = strict({
  when: z
    .discriminatedUnion('kind', [
      strict({ kind: z.literal('waiting-calls'), atLeast: whole(1, 100_000).describe('Calls waiting') }),
      strict({ kind: z.literal('estimated-wait'), longerThanMs: duration(0, 24 * HOUR) }),
      strict({ kind: z.literal('waited'), longerThanMs: duration(0, 24 * HOUR) }),
      strict({ kind: z.literal('no-agent') }),
    ])
    .describe('Condition, looked at on entry and while waiting'),
  target: overflowTarget,
});

const queue = strict({
  name: name().describe('Name shown to people'),
  strategy: z.enum(STRATEGIES).default('skill-level').describe('How an agent is chosen among the free ones'),
  weight: whole(0, 1_000).default(0).describe('Between queues: calls of a heavier queue go first'),
  priority: whole(0, 100).default(0).describe('Priority its calls start with'),
  ageingMs: duration(1_000, 24 * HOUR)
    .nullable()
    .default(null)
    .describe('A wait this long is worth one point of priority; null: none'),
  skills: listOf(skillDemand, 0, 20).default([]).describe('Skills an agent must have'),
  ringTimeoutMs: duration(3_000, 10 * MINUTE)
    .default(20_000)
    .describe('How long an agent’s telephone rings'),
  wrapUpMs: duration(0, HOUR).default(10_000).describe('Time after a conversation before the next call'),
  rejectDelayMs: duration(0, HOUR).default(10_000).describe('Rest of an agent that rejected a call or was busy'),
  noAnswerDelayMs: duration(0, HOUR).default(15_000).describe('Rest of an agent that did not answer'),
  autoPauseAfter: whole(0, 100).default(3).describe('Pause an agent after this many ring-no-answers in a row; 0: never'),
  capacity: whole(0, 100_000).nullable().default(null).describe('Calls that may wait; null: no limit'),
  capacityTarget: overflowTarget
    .default({ to: 'deterrence', prompt: 'all-busy' })
    .describe('Where the call beyond the capacity goes'),
  overflow: z.array(overflowRule).max(20).default([]).describe('Rules by which a call leaves; the first that holds wins'),
  music: prompt().default('music').describe('Sound looped while waiting'),
  announceEveryMs: duration(5_000, HOUR).nullable().default(30_000).describe('Between two announcements; null: none'),
  announcePosition: z.boolean().default(true).describe('Announce the place in the queue'),
  announceEstimatedWait: z.boolean().default(true).describe('Announce the estimated wait when it is known'),
  serviceLevelMs: duration(0, HOUR).default(20_000).describe('Answered within this wait counts for the service level'),
  shortAbandonMs: duration(0, HOUR).default(5_000).describe('An abandon before this wait is a short abandon'),
});

const skillLevels = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([skill, level]) => ({ skill, level: level as unknown }))
      : value,
  z
    .array(strict({ skill: id().describe('Skill'), level: whole(1, 10).describe('1 beginner, 10 expert') }))
    .max(100)
    .refine((skills) => new Set(skills.map(({ skill }) => skill)).size === skills.length, { error: 'names a skill twice' }),
);

const agent = strict({
  name: name().describe('Name shown to people'),
  extension: extension().describe('Telephone used unless another is given when signing in'),
  skills: skillLevels.default([]).describe('Skills with their levels, 1 to 10'),
  order: whole(0, 1_000_000).default(0).describe('Order for the linear strategy, low first'),
});

const skill = strict({ name: name().describe('Name shown to people') });

const week = z.preprocess(
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const days = value as Record<string, unknown>;
    if (Object.keys(days).some((key) => !(WEEKDAYS as readonly string[]).includes(key))) return value;
    return WEEKDAYS.map((weekday) => days[weekday] ?? []);
  },
  z
    .array(dayRanges(), { error: () => `must give hours for the days ${WEEKDAYS.join(', ')}` })
    .length(7, { error: 'must have 7 days, Monday first' }),
);

const OFFICE_HOURS: [number, number][] = [
  [480, 720],
  [780, 1_080],
];

const hours = strict({
  name: name().describe('Name shown to people'),
  zone: zone().default('Europe/Paris').describe('Time zone'),
  week: week
    .default([OFFICE_HOURS, OFFICE_HOURS, OFFICE_HOURS, OFFICE_HOURS, OFFICE_HOURS, [], []])
    .describe('Hours of each day of the week'),
  closedDates: listOf(day(), 0, 1_000).default([]).describe('Days that are closed whole'),
  exceptions: z.record(day(), dayRanges()).default({}).describe('Days with hours of their own; they win over all else'),
  holidays: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'must be a country in two capital letters, such as FR' })
    .nullable()
    .default(null)
    .describe('Country whose public holidays are closed; null: none'),
});

const campaign = strict({
  name: name().describe('Name shown to people'),
  numbers: listOf(dialledNumber(), 1, 1_000).describe('Numbers that callers dial; "*" takes what no other campaign takes'),
  language: z.enum(['fr', 'en']).default('fr').describe('Language of prompts'),
  greeting: prompt().nullable().default('welcome').describe('Prompt played first; null: none'),
  calendar: id().nullable().default(null).describe('Opening hours; null: always open'),
  closed: overflowTarget.default({ to: 'deterrence', prompt: 'closed' }).describe('Where calls go outside opening hours'),
  target: z
    .preprocess(
      shortTarget,
      z.discriminatedUnion('to', [
        strict({ to: z.literal('queue'), queue: id().describe('Queue') }),
        strict({ to: z.literal('scenario'), scenario: id().describe('IVR scenario') }),
      ]),
    )
    .describe('Where calls go when open'),
  priority: whole(0, 100).default(0).describe('Priority added to that of the queue'),
  lastAgent: strict({ withinMs: duration(MINUTE, 366 * 24 * HOUR), holdMs: duration(1_000, HOUR) })
    .nullable()
    .default(null)
    .describe('Give a caller the agent of the last conversation, if younger than withinMs, for holdMs; null: no'),
});

const nodeName = () => id().describe('Node that follows');
const prompts = () => listOf(prompt(), 0, 20).describe('Prompts played one after the other');

const scenarioNode = z.discriminatedUnion('kind', [
  strict({ kind: z.literal('play'), prompts: prompts(), next: nodeName() }),
  strict({
    kind: z.literal('menu'),
    prompts: prompts(),
    choices: z
      .record(z.string().regex(/^[0-9*#]$/, { error: 'must be a key: 0-9, * or #' }), nodeName())
      .describe('Key pressed and node that follows'),
    timeoutMs: duration(1_000, MINUTE).default(5_000).describe('Wait for a key after the prompts'),
    attempts: whole(1, 10).default(3).describe('Times the menu is played'),
    invalidPrompt: prompt().nullable().default('invalid-choice').describe('Prompt after a key without choice'),
    otherwise: nodeName(),
  }),
  strict({ kind: z.literal('hours'), calendar: id(), open: nodeName(), closed: nodeName() }),
  strict({
    kind: z.literal('set'),
    priority: whole(0, 100).nullable().default(null),
    language: z.enum(['fr', 'en']).nullable().default(null),
    skills: listOf(skillDemand, 0, 20).default([]),
    next: nodeName(),
  }),
  strict({ kind: z.literal('queue'), queue: id() }),
  strict({ kind: z.literal('number'), number: telephoneNumber() }),
  strict({ kind: z.literal('hangup'), prompt: prompt().nullable().default(null) }),
]);

const scenario = strict({
  name: name().describe('Name shown to people'),
  start: nodeName().default('start'),
  nodes: z.record(id(), scenarioNode).describe('Steps by name'),
});

const pauseReason = strict({
  name: name().describe('Name shown to people'),
  digits: dialCode().describe('Digits dialled after the pause feature code'),
});

const FEATURE_CODES = { signIn: '*11', signOut: '*12', pause: '*13', resume: '*14' };

const settings = strict({
  outgoingLine: id()
    .nullable()
    .default(null)
    .describe('Line used for calls to agents and outside; null: the first registered one'),
  featureCodes: strict({
    signIn: dialCode().default(FEATURE_CODES.signIn).describe('Signs the extension’s agent in'),
    signOut: dialCode().default(FEATURE_CODES.signOut).describe('Signs out'),
    pause: dialCode().default(FEATURE_CODES.pause).describe('Pauses; followed by the digits of a reason'),
    resume: dialCode().default(FEATURE_CODES.resume).describe('Ends a pause'),
  })
    .default(FEATURE_CODES)
    .describe('Codes that agents dial from their extension'),
  directMedia: z.boolean().default(false).describe('Let sound go straight between caller and agent where the IPBX allows it'),
  silenceProbeMs: duration(5_000, HOUR).default(20_000).describe('No sound in conversation for this long: the leg is probed'),
});

const SCHEMAS = { skill, 'pause-reason': pauseReason, hours, queue, agent, campaign, scenario, settings } as const;

export type DocumentOf<Kind extends CentreKind> = z.output<(typeof SCHEMAS)[Kind]>;
type Entries<Kind extends CentreKind> = { readonly kind: Kind; readonly id: string; readonly document: DocumentOf<Kind> };
/** An object of the centre with its kind and id, validated. */
export type CentreDocument = { [Kind in CentreKind]: Entries<Kind> }[CentreKind];

export const isCentreKind = (text: string): text is CentreKind => (CENTRE_KINDS as readonly string[]).includes(text);

/** The schema of a kind's documents: descriptions, ranges and defaults for forms, help and the API's description. */
export const schemaOf = <Kind extends CentreKind>(kind: Kind): (typeof SCHEMAS)[Kind] => SCHEMAS[kind];

/** `week[0]` is what the document holds, `week.monday` what a person wrote. */
const weekdayKey = (key: string): string =>
  key.replace(/^week\[(\d)\]/, (_, index: string) => `week.${WEEKDAYS[Number(index)] ?? index}`);

/**
 * Validates the document of one object and fills in its defaults; a missing name is the id.
 * Throws BasculeError CTR_INVALID for the first thing wrong.
 */
export const parseDocument = <Kind extends CentreKind>(kind: Kind, documentId: string, document: unknown): DocumentOf<Kind> => {
  const invalid = (key: string, detail: string, remedy: string): BasculeError =>
    new BasculeError('CTR_INVALID', { kind, id: documentId, key, detail, remedy });
  if (kind === 'settings' ? documentId !== SETTINGS_ID : !ID_PATTERN.test(documentId)) {
    throw invalid(
      'id',
      'must be small letters, digits and hyphens, 63 at most',
      kind === 'settings' ? `Use ${SETTINGS_ID}.` : 'Choose another id.',
    );
  }
  const plain = typeof document === 'object' && document !== null && !Array.isArray(document);
  const named = plain && kind !== 'settings' ? { name: documentId, ...document } : document;
  const checked = check<z.ZodType>(SCHEMAS[kind], named);
  if (checked.ok) return checked.value as DocumentOf<Kind>;
  const [{ key, detail, remedy }] = checked.problems;
  const shown = kind === 'hours' ? weekdayKey(key) : key;
  throw invalid(shown, detail, remedy.replace(key, shown));
};

/** `parseDocument` for a kind that is only known at run time. */
export const parseEntry = (kind: string, documentId: string, document: unknown): CentreDocument => {
  if (!isCentreKind(kind)) {
    const meant = nearest(kind, CENTRE_KINDS);
    throw new BasculeError('CTR_INVALID', {
      kind,
      id: documentId,
      key: 'kind',
      detail: 'is not a known kind',
      remedy: meant === null ? `The kinds are ${CENTRE_KINDS.join(', ')}.` : `Did you mean “${meant}”?`,
    });
  }
  return { kind, id: documentId, document: parseDocument(kind, documentId, document) } as CentreDocument;
};

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : Type[Key] };

const defaultSettings = (): CentreSettings => parseDocument('settings', SETTINGS_ID, {});

/** Puts validated documents together; without settings, those of a new centre. References are checked by core/centre. */
export const assembleCentre = (documents: readonly CentreDocument[]): Centre => {
  const centre: Mutable<Centre> = {
    queues: new Map(),
    agents: new Map(),
    skills: new Map(),
    campaigns: new Map(),
    calendars: new Map(),
    scenarios: new Map(),
    pauseReasons: new Map(),
    settings: defaultSettings(),
  };
  for (const entry of documents) {
    const key = entry.id;
    if (entry.kind === 'queue') centre.queues.set(key, { id: key, ...entry.document });
    else if (entry.kind === 'agent') centre.agents.set(key, { id: key, ...entry.document });
    else if (entry.kind === 'skill') centre.skills.set(key, { id: key, ...entry.document });
    else if (entry.kind === 'campaign') centre.campaigns.set(key, { id: key, ...entry.document });
    else if (entry.kind === 'hours') centre.calendars.set(key, { id: key, ...entry.document });
    else if (entry.kind === 'scenario') centre.scenarios.set(key, { id: key, ...entry.document });
    else if (entry.kind === 'pause-reason') centre.pauseReasons.set(key, { id: key, ...entry.document });
    else centre.settings = entry.document;
  }
  return centre;
};
