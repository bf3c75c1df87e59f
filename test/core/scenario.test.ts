import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Calendar, Scenario, ScenarioNode } from '../../src/core/kernel/centre.ts';
import { isOpen } from '../../src/core/scenario/hours.ts';
import { MAX_SILENT_STEPS, answerMenu, runScenario, withDemands } from '../../src/core/scenario/interpret.ts';

const NINE_TO_FIVE = [[540, 1_020]] as const;

const calendar = (over: Partial<Calendar> = {}): Calendar => ({
  id: 'cal',
  name: 'cal',
  zone: 'Europe/Paris',
  week: [NINE_TO_FIVE, NINE_TO_FIVE, NINE_TO_FIVE, NINE_TO_FIVE, NINE_TO_FIVE, [], []],
  closedDates: [],
  exceptions: {},
  holidays: null,
  ...over,
});

const open = (instant: string, over: Partial<Calendar> = {}): boolean => isOpen(calendar(over), Date.parse(instant));

describe('opening hours', () => {
  it('are the zone’s, from the first minute to before the last', () => {
    expect(
      ['2026-01-05T08:59:59+01:00', '2026-01-05T09:00:00+01:00', '2026-01-05T16:59:59+01:00', '2026-01-05T17:00:00+01:00'].map(
        (at) => open(at),
      ),
    ).toEqual([false, true, true, false]);
    expect(open('2026-01-05T12:00:00+01:00', { zone: 'America/Martinique' })).toBe(false);
  });

  it('follow summer time on both nights of the change', () => {
    const week = Array.from({ length: 7 }, () => [[180, 240]] as const);
    // On 29 March 2026 clocks go from 02:00 to 03:00, on 25 October from 03:00 back to 02:00.
    expect(['2026-03-29T00:59:00Z', '2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z'].map((at) => open(at, { week }))).toEqual([
      false,
      true,
      false,
    ]);
    expect(
      ['2026-10-25T00:59:00Z', '2026-10-25T01:59:00Z', '2026-10-25T02:00:00Z', '2026-10-25T03:00:00Z'].map((at) =>
        open(at, { week }),
      ),
    ).toEqual([false, false, true, false]);
  });

  it('a whole day includes its first and its last minute', () => {
    const week = [[], [[0, 1_440]] as const, [], [], [], [], []];
    expect(
      ['2026-01-05T23:59:59+01:00', '2026-01-06T00:00:00+01:00', '2026-01-06T23:59:59+01:00', '2026-01-07T00:00:00+01:00'].map(
        (at) => open(at, { week }),
      ),
    ).toEqual([false, true, true, false]);
  });

  it('closed dates win over the week, exceptions over both', () => {
    const noon = '2026-01-05T12:00:00+01:00';
    expect(open(noon, { closedDates: ['2026-01-05'] })).toBe(false);
    expect(open(noon, { closedDates: ['2026-01-05'], exceptions: { '2026-01-05': [[700, 800]] } })).toBe(true);
    expect(open(noon, { exceptions: { '2026-01-05': [] } })).toBe(false);
    expect(open('2026-01-10T12:00:00+01:00', { exceptions: { '2026-01-10': NINE_TO_FIVE } })).toBe(true);
  });

  it('several ranges a day leave the break closed', () => {
    const week = Array.from(
      { length: 7 },
      () =>
        [
          [540, 720],
          [840, 1_020],
        ] as const,
    );
    expect(['11:59', '12:00', '13:59', '14:00'].map((at) => open(`2026-01-05T${at}:00+01:00`, { week }))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

const scenario = (nodes: Readonly<Record<string, ScenarioNode>>, start = 'a'): Scenario => ({ id: 's', name: 's', start, nodes });
const calendars = new Map([['cal', calendar()]]);
const MONDAY_NOON = Date.parse('2026-01-05T12:00:00+01:00');
const run = (nodes: Readonly<Record<string, ScenarioNode>>, now = MONDAY_NOON) =>
  runScenario(scenario(nodes), 'a', calendars, now);

describe('the scenario interpreter', () => {
  const german = { skill: 'german', minLevel: 5, relax: [] };

  it('passes set and hours silently, and adds up what they change', () => {
    const nodes: Readonly<Record<string, ScenarioNode>> = {
      a: { kind: 'set', priority: 2, language: null, skills: [german], next: 'b' },
      b: { kind: 'hours', calendar: 'cal', open: 'c', closed: 'd' },
      c: { kind: 'set', priority: null, language: 'fr', skills: [{ ...german, minLevel: 7 }], next: 'e' },
      d: { kind: 'hangup', prompt: 'closed' },
      e: { kind: 'queue', queue: 'q' },
    };
    expect(run(nodes)).toEqual({
      wish: { wish: 'queue', queue: 'q' },
      changes: { priority: 2, language: 'fr', skills: [{ ...german, minLevel: 7 }] },
    });
    expect(run(nodes, MONDAY_NOON + 7 * 3_600_000).wish).toEqual({ wish: 'hangup', prompt: 'closed' });
  });

  it('a calendar that does not exist is closed, a node that does not exist ends the call', () => {
    expect(
      run({ a: { kind: 'hours', calendar: 'gone', open: 'b', closed: 'c' }, c: { kind: 'number', number: '1' } }).wish,
    ).toEqual({ wish: 'number', number: '1' });
    expect(run({ a: { kind: 'set', priority: null, language: null, skills: [], next: 'gone' } }).wish).toEqual({
      wish: 'hangup',
      prompt: 'all-busy',
    });
  });

  it('ends whatever program it is given', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'nowhere');
    const node: fc.Arbitrary<ScenarioNode> = fc.oneof(
      fc.record({ kind: fc.constant('play' as const), prompts: fc.array(fc.constant('p'), { maxLength: 1 }), next: name }),
      fc.record({ kind: fc.constant('hours' as const), calendar: fc.constantFrom('cal', 'gone'), open: name, closed: name }),
      fc.record({
        kind: fc.constant('set' as const),
        priority: fc.option(fc.nat(5)),
        language: fc.constant(null),
        skills: fc.constant([german]),
        next: name,
      }),
      fc.record({ kind: fc.constant('hangup' as const), prompt: fc.constant(null) }),
    );
    fc.assert(
      fc.property(fc.record({ a: node, b: node, c: node, d: node }), (nodes) => {
        const { wish, changes } = run(nodes);
        expect(['play', 'hangup']).toContain(wish.wish);
        expect(changes.skills.length).toBeLessThanOrEqual(1);
      }),
    );
    expect(MAX_SILENT_STEPS).toBeLessThanOrEqual(50);
  });

  it('a skill asked for again replaces what was asked before', () => {
    const billing = { skill: 'billing', minLevel: 1, relax: [] };
    expect(withDemands([german, billing], [{ ...german, minLevel: 9 }])).toEqual([billing, { ...german, minLevel: 9 }]);
    expect(withDemands([german], [])).toEqual([german]);
  });
});

describe('a menu', () => {
  const menu: Extract<ScenarioNode, { kind: 'menu' }> = {
    kind: 'menu',
    prompts: ['m'],
    choices: { '1': 'one' },
    timeoutMs: 1,
    attempts: 3,
    invalidPrompt: 'invalid',
    otherwise: 'out',
  };

  it('takes a key, tries again with a word about it, says nothing about silence, and gives up', () => {
    expect(answerMenu(menu, '1', 2)).toEqual({ next: 'one' });
    expect(answerMenu(menu, '9', 0)).toEqual({ again: true, attempts: 1, prompt: 'invalid' });
    expect(answerMenu(menu, null, 1)).toEqual({ again: true, attempts: 2, prompt: null });
    expect(answerMenu(menu, '9', 2)).toEqual({ next: 'out' });
    expect(answerMenu({ ...menu, attempts: 0 }, null, 0)).toEqual({ next: 'out' });
  });

  it('a key is looked for among the choices only', () => {
    fc.assert(fc.property(fc.string(), (digit) => digit === '1' || !('next' in answerMenu(menu, digit, 0))));
    expect(answerMenu(menu, 'constructor', 0)).toMatchObject({ again: true });
  });
});
