import { describe, expect, it } from 'vitest';
import { usersOf } from '../../../src/core/centre/references.ts';
import { validateCentre } from '../../../src/core/centre/validate.ts';
import type { Centre } from '../../../src/core/kernel/centre.ts';
import { assembleCentre } from '../../../src/wire/centre.ts';
import { readWhole } from '../../../src/wire/whole.ts';

const centreOf = (whole: Readonly<Record<string, unknown>>): Centre => {
  const { entries, errors } = readWhole(whole);
  expect(errors).toEqual([]);
  return assembleCentre(entries);
};

const problems = (whole: Readonly<Record<string, unknown>>): readonly string[] =>
  validateCentre(centreOf(whole)).map(({ code, message }) => `${code} ${message}`);

const scenario = (nodes: object, start = 'start'): readonly string[] =>
  problems({ queues: { q: {} }, scenarios: { s: { start, nodes } } });

const QUEUE = { kind: 'queue', queue: 'q' };

describe('references', () => {
  it('an empty centre is right', () => expect(problems({})).toEqual([]));

  it('every name of another object must exist, told once', () => {
    expect(
      problems({
        queues: {
          q: { skills: ['s1'], capacityTarget: 'queue:q1', overflow: [{ when: { kind: 'no-agent' }, target: 'queue:q1' }] },
        },
        agents: { a: { extension: 1, skills: { s2: 1 } } },
        campaigns: {
          c1: { numbers: 1, calendar: 'h1', closed: 'queue:q2', target: 'queue:q3' },
          c2: { numbers: 2, target: 'scenario:x1' },
        },
        scenarios: {
          s: {
            nodes: {
              start: { kind: 'hours', calendar: 'h2', open: 'more', closed: 'end' },
              more: { kind: 'set', skills: ['s3'], next: 'end' },
              end: { kind: 'queue', queue: 'q4' },
            },
          },
        },
      }),
    ).toEqual([
      'CTR_REFERENCE queue “q” names the skill “s1”, which does not exist.',
      'CTR_REFERENCE queue “q” names the queue “q1”, which does not exist.',
      'CTR_REFERENCE agent “a” names the skill “s2”, which does not exist.',
      'CTR_REFERENCE campaign “c1” names the hours “h1”, which does not exist.',
      'CTR_REFERENCE campaign “c1” names the queue “q2”, which does not exist.',
      'CTR_REFERENCE campaign “c1” names the queue “q3”, which does not exist.',
      'CTR_REFERENCE campaign “c2” names the scenario “x1”, which does not exist.',
      'CTR_REFERENCE scenario “s” names the hours “h2”, which does not exist.',
      'CTR_REFERENCE scenario “s” names the skill “s3”, which does not exist.',
      'CTR_REFERENCE scenario “s” names the queue “q4”, which does not exist.',
    ]);
  });

  it('who uses an object, each once, itself not counted', () => {
    const centre = centreOf({
      queues: {
        q: { skills: ['s'] },
        other: { capacityTarget: 'queue:q', overflow: [{ when: { kind: 'no-agent' }, target: 'queue:q' }] },
      },
      skills: { s: {}, t: {} },
      agents: { a: { extension: 1, skills: { s: 1 } } },
      campaigns: { c: { numbers: 1, target: 'queue:q' } },
    });
    expect(usersOf(centre, 'queue', 'q')).toEqual(['queue “other”', 'campaign “c”']);
    expect(usersOf(centre, 'skill', 's')).toEqual(['queue “q”', 'agent “a”']);
    expect(usersOf(centre, 'skill', 't')).toEqual([]);
  });
});

describe('what is dialled means one thing', () => {
  it('numbers of campaigns, feature codes, codes with reasons', () => {
    expect(
      problems({
        queues: { q: {} },
        settings: { featureCodes: { pause: '*1', resume: '*11' } },
        pauseReasons: { lunch: { digits: 2 } },
        campaigns: { c1: { numbers: ['0199', '*12'], target: 'queue:q' }, c2: { numbers: ['0199'], target: 'queue:q' } },
      }),
    ).toEqual([
      'CTR_DUPLICATE settings “settings”: featureCodes.resume is already taken by settings “settings” (featureCodes.signIn).',
      'CTR_DUPLICATE pause-reason “lunch”: digits is already taken by settings “settings” (featureCodes.signOut).',
      'CTR_DUPLICATE campaign “c1”: numbers[1] is already taken by settings “settings” (featureCodes.signOut).',
      'CTR_DUPLICATE campaign “c2”: numbers[0] is already taken by campaign “c1” (numbers[0]).',
    ]);
  });

  it('extensions of agents', () => {
    expect(problems({ agents: { a: { extension: 101 }, b: { extension: '101' } } })).toEqual([
      'CTR_DUPLICATE agent “b”: extension is already taken by agent “a” (extension).',
    ]);
  });

  it('errors do not hold the number itself', () => {
    const [text] = problems({ queues: { q: {} }, campaigns: { c: { numbers: ['0199', '0199'], target: 'queue:q' } } });
    expect(text).not.toContain('0199');
  });

  it('a call is not sent to a number that leads back here', () => {
    expect(
      problems({
        queues: { q: { capacityTarget: 'number:0199' } },
        campaigns: { c: { numbers: '0199', target: 'queue:q', closed: 'number:0199' } },
        scenarios: { s: { nodes: { start: { kind: 'number', number: '0199' } } } },
      }),
    ).toEqual([
      'CTR_INVALID queue “q”: capacityTarget: is a number of a campaign: the call would come back here.',
      'CTR_INVALID campaign “c”: closed: is a number of a campaign: the call would come back here.',
      'CTR_INVALID scenario “s”: nodes.start: is a number of a campaign: the call would come back here.',
    ]);
  });
});

describe('overflow', () => {
  it('in a circle is refused, each circle told once', () => {
    expect(
      problems({
        queues: {
          a: { capacityTarget: 'queue:b' },
          b: { overflow: [{ when: { kind: 'no-agent' }, target: 'queue:c' }] },
          c: { capacityTarget: 'queue:a' },
          d: { capacityTarget: 'queue:a' },
          self: { capacityTarget: 'queue:self' },
        },
      }),
    ).toEqual([
      'CTR_INVALID queue “a”: overflow: calls can overflow in a circle: a → b → c → a.',
      'CTR_INVALID queue “self”: overflow: calls can overflow in a circle: self → self.',
    ]);
  });

  it('by two ways to the same queue is no circle', () => {
    expect(
      problems({
        queues: {
          a: { capacityTarget: 'queue:b', overflow: [{ when: { kind: 'no-agent' }, target: 'queue:c' }] },
          b: { capacityTarget: 'queue:d' },
          c: { capacityTarget: 'queue:d' },
          d: {},
        },
      }),
    ).toEqual([]);
  });
});

describe('scenarios', () => {
  it('one that is right', () => {
    expect(
      scenario({
        start: { kind: 'play', prompts: ['welcome'], next: 'menu' },
        menu: { kind: 'menu', prompts: ['menu'], choices: { 1: 'end', 9: 'start' }, otherwise: 'bye' },
        bye: { kind: 'hangup' },
        end: QUEUE,
      }),
    ).toEqual([]);
  });

  it('the start and every following node must exist', () => {
    expect(scenario({ a: QUEUE })).toEqual(['CTR_INVALID scenario “s”: start: names the node “start”, which does not exist.']);
    expect(scenario({ start: { kind: 'menu', prompts: [], choices: { 1: 'x', 2: 'x' }, otherwise: 'y' } })).toEqual([
      'CTR_INVALID scenario “s”: nodes.start: goes to the node “x”, which does not exist.',
      'CTR_INVALID scenario “s”: nodes.start: goes to the node “y”, which does not exist.',
    ]);
    expect(scenario({ a: QUEUE }, 'constructor')).toHaveLength(1);
  });

  it('every node can be reached', () => {
    expect(scenario({ start: QUEUE, island: { kind: 'hangup' } })).toEqual([
      'CTR_INVALID scenario “s”: nodes.island: cannot be reached from the start.',
    ]);
  });

  it('nodes that let no time pass do not go round', () => {
    expect(
      scenario({
        start: { kind: 'menu', prompts: [], choices: { 1: 'a' }, otherwise: 'end' },
        a: { kind: 'set', priority: 3, next: 'b' },
        b: { kind: 'play', prompts: [], next: 'a' },
        end: QUEUE,
      }),
    ).toEqual([
      'CTR_INVALID scenario “s”: nodes: the nodes a, b can go round for ever without letting the caller hear or choose.',
      'CTR_INVALID scenario “s”: nodes.a: leads to no end: no queue, number or hangup follows.',
      'CTR_INVALID scenario “s”: nodes.b: leads to no end: no queue, number or hangup follows.',
    ]);
  });

  it('a caller is never kept for ever', () => {
    expect(scenario({ start: { kind: 'play', prompts: ['music'], next: 'start' } })).toEqual([
      'CTR_INVALID scenario “s”: nodes.start: leads to no end: no queue, number or hangup follows.',
    ]);
  });
});

describe('opening hours', () => {
  it('out of order, whoever made them', () => {
    const centre = centreOf({ hours: { h: {} } });
    const hours = centre.calendars.get('h')!;
    const broken = (changes: Partial<typeof hours>): readonly string[] =>
      validateCentre({ ...centre, calendars: new Map([['h', { ...hours, ...changes }]]) }).map(({ message }) => message);
    expect(broken({ week: hours.week.slice(1) })).toEqual(['hours “h”: week: has 6 days instead of 7.']);
    expect(broken({ week: [[[600, 500]], ...hours.week.slice(1)] })).toEqual(['hours “h”: week[0]: has hours out of order.']);
    expect(
      broken({
        week: [
          [
            [500, 600],
            [550, 700],
          ],
          ...hours.week.slice(1),
        ],
      }),
    ).toHaveLength(1);
    expect(broken({ exceptions: { '2026-12-24': [[0, 1_441]] } })).toEqual([
      'hours “h”: exceptions.2026-12-24: has hours out of order.',
    ]);
  });
});
