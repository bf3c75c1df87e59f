import type { Calendar, Centre, DayRanges, OverflowTarget } from '../kernel/centre.ts';
import { BasculeError } from '../kernel/errors.ts';
import { references } from './references.ts';
import { validateScenario } from './scenarios.ts';

const existing = (centre: Centre): Readonly<Record<string, ReadonlyMap<string, unknown>>> => ({
  queue: centre.queues,
  skill: centre.skills,
  hours: centre.calendars,
  scenario: centre.scenarios,
});

const missing = (centre: Centre): readonly BasculeError[] => {
  const maps = existing(centre);
  const seen = new Set<string>();
  return references(centre).flatMap(({ kind, id, otherKind, other }) => {
    const key = JSON.stringify([kind, id, otherKind, other]);
    if (maps[otherKind]?.has(other) === true || seen.has(key)) return [];
    seen.add(key);
    return [new BasculeError('CTR_REFERENCE', { kind, id, otherKind, other })];
  });
};

interface Claim {
  readonly kind: string;
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

/** The first to claim a value has it; each later one is told who. */
const duplicates = (claims: readonly Claim[]): readonly BasculeError[] => {
  const owners = new Map<string, Claim>();
  return claims.flatMap((claim) => {
    const owner = owners.get(claim.value);
    if (owner === undefined) {
      owners.set(claim.value, claim);
      return [];
    }
    const { kind, id, key } = claim;
    return [new BasculeError('CTR_DUPLICATE', { kind, id, key, users: `${owner.kind} “${owner.id}” (${owner.key})` })];
  });
};

/** Everything that can be dialled towards the service: one number must mean one thing. */
const dialled = (centre: Centre): readonly Claim[] => {
  const { featureCodes } = centre.settings;
  const codes = Object.entries(featureCodes).map(([name, value]) => ({
    kind: 'settings',
    id: 'settings',
    key: `featureCodes.${name}`,
    value: value as string,
  }));
  const reasons = [...centre.pauseReasons.values()].map(({ id, digits }) => ({
    kind: 'pause-reason',
    id,
    key: 'digits',
    value: featureCodes.pause + digits,
  }));
  const numbers = [...centre.campaigns.values()].flatMap(({ id, numbers: own }) =>
    own.map((value, index) => ({ kind: 'campaign', id, key: `numbers[${index}]`, value })),
  );
  return [...codes, ...reasons, ...numbers];
};

const extensions = (centre: Centre): readonly Claim[] =>
  [...centre.agents.values()].map(({ id, extension }) => ({ kind: 'agent', id, key: 'extension', value: extension }));

/** Queues that a queue's calls may overflow to. */
const overflowsTo = (centre: Centre, id: string): readonly string[] => {
  const queue = centre.queues.get(id);
  if (queue === undefined) return [];
  const targets: readonly OverflowTarget[] = [queue.capacityTarget, ...queue.overflow.map(({ target }) => target)];
  return targets.flatMap((target) => (target.to === 'queue' ? [target.queue] : []));
};

/** A call that overflows in a circle would go round for as long as it waits. Each circle is told once, at its first queue. */
const overflowCycles = (centre: Centre): readonly BasculeError[] => {
  const done = new Set<string>();
  const errors: BasculeError[] = [];
  const visit = (id: string, path: readonly string[]): void => {
    const from = path.indexOf(id);
    if (from >= 0) {
      const circle = [...path.slice(from), id].join(' → ');
      const detail = `calls can overflow in a circle: ${circle}`;
      const remedy = 'Let one of these queues overflow elsewhere.';
      errors.push(new BasculeError('CTR_INVALID', { kind: 'queue', id, key: 'overflow', detail, remedy }));
      return;
    }
    if (done.has(id)) return;
    for (const next of new Set(overflowsTo(centre, id))) visit(next, [...path, id]);
    done.add(id);
  };
  for (const id of centre.queues.keys()) visit(id, []);
  return errors;
};

/** A call sent to a number that leads back here would come in again, and again, each time with two more legs. */
const callsToOurselves = (centre: Centre): readonly BasculeError[] => {
  const own = new Set([...centre.campaigns.values()].flatMap(({ numbers }) => numbers));
  const check = (
    kind: string,
    id: string,
    key: string,
    target: { readonly number: string } | object,
  ): readonly BasculeError[] => {
    if (!('number' in target) || !own.has(target.number)) return [];
    const detail = 'is a number of a campaign: the call would come back here';
    return [new BasculeError('CTR_INVALID', { kind, id, key, detail, remedy: 'Name the queue instead, or another number.' })];
  };
  return [
    ...[...centre.queues.values()].flatMap((queue) => [
      ...check('queue', queue.id, 'capacityTarget', queue.capacityTarget),
      ...queue.overflow.flatMap(({ target }, index) => check('queue', queue.id, `overflow[${index}].target`, target)),
    ]),
    ...[...centre.campaigns.values()].flatMap(({ id, closed }) => check('campaign', id, 'closed', closed)),
    ...[...centre.scenarios.values()].flatMap(({ id, nodes }) =>
      Object.entries(nodes).flatMap(([name, node]) => check('scenario', id, `nodes.${name}`, node)),
    ),
  ];
};

const MINUTES_A_DAY = 1_440;

const saneDay = (ranges: DayRanges): boolean =>
  ranges.every(([from, to], index) => from >= (ranges[index - 1]?.[1] ?? 0) && from < to && to <= MINUTES_A_DAY);

const validateCalendar = (calendar: Calendar): readonly BasculeError[] => {
  const wrong = (key: string, detail: string): BasculeError =>
    new BasculeError('CTR_INVALID', {
      kind: 'hours',
      id: calendar.id,
      key,
      detail,
      remedy: 'Give hours in the order of the day, not overlapping, like 08:00-12:00.',
    });
  if (calendar.week.length !== 7) return [wrong('week', `has ${calendar.week.length} days instead of 7`)];
  return [
    ...calendar.week.flatMap((day, index) => (saneDay(day) ? [] : [wrong(`week[${index}]`, 'has hours out of order')])),
    ...Object.entries(calendar.exceptions).flatMap(([date, day]) =>
      saneDay(day) ? [] : [wrong(`exceptions.${date}`, 'has hours out of order')],
    ),
  ];
};

/** What one document alone cannot tell: objects that name one another, numbers claimed twice, circles. Empty: all is right. */
export const validateCentre = (centre: Centre): readonly BasculeError[] => [
  ...missing(centre),
  ...duplicates(dialled(centre)),
  ...duplicates(extensions(centre)),
  ...overflowCycles(centre),
  ...callsToOurselves(centre),
  ...[...centre.scenarios.values()].flatMap(validateScenario),
  ...[...centre.calendars.values()].flatMap(validateCalendar),
];
