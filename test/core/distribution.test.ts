import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateItems, positionItems } from '../../src/core/distribution/announce.ts';
import { chooseAgents } from '../../src/core/distribution/choose.ts';
import { levelAfter, nextRelaxation, suitability } from '../../src/core/distribution/eligibility.ts';
import { estimatedWait, updateHandling } from '../../src/core/distribution/estimate.ts';
import { REVIEW_EVERY, applies, nextReview } from '../../src/core/distribution/overflow.ts';
import type { OverflowFacts } from '../../src/core/distribution/overflow.ts';
import type { Candidate } from '../../src/core/distribution/strategies/types.ts';
import { WaitingList, comparePlaces, placeOf } from '../../src/core/distribution/waiting.ts';
import { STRATEGIES } from '../../src/core/kernel/centre.ts';
import type { OverflowRule, Strategy } from '../../src/core/kernel/centre.ts';
import { Random } from '../../src/core/kernel/random.ts';
import { agent, queue } from './support/centre.ts';

const candidate = (id: string, over: Partial<Candidate> = {}): Candidate => ({
  agent: id,
  idleSince: 0,
  callsAnswered: 0,
  order: 0,
  level: 0,
  tries: 0,
  ...over,
});

const choose = (strategy: Strategy, candidates: readonly Candidate[], lastChosen: string | null = null): readonly string[] =>
  chooseAgents(strategy, candidates, { lastChosen, random: new Random(1) }).map((one) => one.agent);

const someCandidates = fc.uniqueArray(
  fc.record({
    agent: fc.stringMatching(/^[a-f]{1,2}$/),
    idleSince: fc.nat(5),
    callsAnswered: fc.nat(3),
    order: fc.nat(3),
    level: fc.nat(10),
    tries: fc.nat(2),
  }),
  { selector: (one) => one.agent, minLength: 1, maxLength: 8 },
);

describe('strategies', () => {
  it('D29: longest-idle rings who has been without a call longest', () => {
    expect(
      choose('longest-idle', [
        candidate('a', { idleSince: 5 }),
        candidate('b', { idleSince: 3 }),
        candidate('c', { idleSince: 3 }),
      ]),
    ).toEqual(['b']);
  });

  it('D29: fewest-calls rings who answered fewest, among equals the longest idle', () => {
    const some = [
      candidate('a', { callsAnswered: 2 }),
      candidate('b', { callsAnswered: 1, idleSince: 9 }),
      candidate('c', { callsAnswered: 1 }),
    ];
    expect(choose('fewest-calls', some)).toEqual(['c']);
  });

  it('D29: round-robin goes on after the last one chosen, and begins again', () => {
    const some = [candidate('c'), candidate('a'), candidate('b')];
    expect([null, 'a', 'b', 'c', 'aa'].map((last) => choose('round-robin', some, last))).toEqual([
      ['a'],
      ['b'],
      ['c'],
      ['a'],
      ['b'],
    ]);
  });

  it('D29: linear rings the first in the administrator’s order', () => {
    expect(choose('linear', [candidate('a', { order: 2 }), candidate('b', { order: 1 }), candidate('c', { order: 1 })])).toEqual([
      'b',
    ]);
  });

  it('D29: ring-all rings everybody', () => {
    expect(choose('ring-all', [candidate('a'), candidate('b')])).toEqual(['a', 'b']);
  });

  it('D29: random rings each about as often', () => {
    const random = new Random(7);
    const counts = new Map<string, number>();
    const some = ['a', 'b', 'c', 'd'].map((id) => candidate(id));
    for (let i = 0; i < 4_000; i++) {
      const [one] = chooseAgents('random', some, { lastChosen: null, random });
      counts.set(one!.agent, (counts.get(one!.agent) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });

  it('D29: skill-level rings the best, among equals the longest idle', () => {
    const some = [
      candidate('a', { level: 5 }),
      candidate('b', { level: 9, idleSince: 2 }),
      candidate('c', { level: 9, idleSince: 1 }),
    ];
    expect(choose('skill-level', some)).toEqual(['c']);
  });

  it('D5, D29: every strategy rings only candidates, whom the call has tried least, whatever their order in the list', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STRATEGIES),
        someCandidates,
        fc.option(fc.stringMatching(/^[a-f]$/)),
        (strategy, some, last) => {
          const chosen = choose(strategy, some, last);
          const fewest = Math.min(...some.map(({ tries }) => tries));
          const fresh = some.filter(({ tries }) => tries === fewest).map((one) => one.agent);
          expect(chosen.length).toBe(strategy === 'ring-all' ? fresh.length : 1);
          for (const id of chosen) expect(fresh).toContain(id);
          if (strategy !== 'random') expect([...choose(strategy, some.toReversed(), last)].sort()).toEqual([...chosen].sort());
        },
      ),
    );
  });

  it('nobody is chosen among nobody', () => {
    for (const strategy of STRATEGIES) expect(choose(strategy, [])).toEqual([]);
  });
});

describe('the waiting list', () => {
  const someCalls = fc.array(
    fc.record({ priority: fc.nat(5), joinedAt: fc.nat(50), front: fc.boolean(), remove: fc.boolean() }),
    { maxLength: 40 },
  );

  it('D23: a waiting list agrees with sorting, under additions and removals, for strict and ageing priorities', () => {
    fc.assert(
      fc.property(someCalls, fc.constantFrom(null, 0, 7), (calls, ageingMs) => {
        const q = queue('q', { ageingMs, priority: 2 });
        const list = new WaitingList();
        let model: ReturnType<typeof placeOf>[] = [];
        for (const [arrival, call] of calls.entries()) {
          const place = placeOf(q, { ...call, id: `c${arrival}`, arrival });
          list.add(place);
          model = [...model, place].sort(comparePlaces);
          if (call.remove) {
            const gone = model[arrival % model.length]!;
            list.remove(gone);
            model = model.filter((one) => one !== gone);
          }
          expect([...list]).toEqual(model);
          expect(model.map((one) => list.position(one))).toEqual(model.map((_, index) => index + 1));
          expect(list.length).toBe(model.length);
        }
      }),
    );
  });

  it('D23: the order is total: no two calls are equal, and whoever goes before stays before as time passes', () => {
    const call = fc.record({ priority: fc.nat(5), joinedAt: fc.nat(50), front: fc.boolean() });
    fc.assert(
      fc.property(call, call, call, fc.constantFrom(null, 10), (x, y, z, ageingMs) => {
        const [a, b, c] = [x, y, z].map((one, arrival) =>
          placeOf(queue('q', { ageingMs }), { ...one, id: `c${arrival}`, arrival }),
        ) as [ReturnType<typeof placeOf>, ReturnType<typeof placeOf>, ReturnType<typeof placeOf>];
        expect(Math.sign(comparePlaces(a, b))).toBe(-Math.sign(comparePlaces(b, a)));
        expect(comparePlaces(a, b)).not.toBe(0);
        if (comparePlaces(a, b) < 0 && comparePlaces(b, c) < 0) expect(comparePlaces(a, c)).toBeLessThan(0);
        // Priority plus wait in points, at any later instant, gives the same order where the queue ages.
        if (ageingMs === null || x.front || y.front) return;
        const score = (one: typeof x, now: number) => one.priority + (now - one.joinedAt) / ageingMs;
        for (const now of [60, 1_000]) if (score(x, now) - score(y, now) > 1e-6) expect(comparePlaces(a, b)).toBeLessThan(0);
      }),
    );
  });

  it('a call that is not in the list cannot be taken from it', () => {
    const list = new WaitingList();
    const place = placeOf(queue('q'), { id: 'c', priority: 0, joinedAt: 0, front: false, arrival: 1 });
    expect(() => list.remove(place)).toThrow(/Impossible/);
  });
});

describe('eligibility', () => {
  const demand = {
    skill: 'german',
    minLevel: 8,
    relax: [
      { afterMs: 10, minLevel: 4 },
      { afterMs: 20, minLevel: 0 },
    ],
  };
  const some = agent('a', {
    skills: [
      { skill: 'german', level: 5 },
      { skill: 'billing', level: 3 },
    ],
  });

  it('D28: the level asked for falls at each instant of the list, not before', () => {
    expect([0, 9, 10, 19, 20, 1e9, Infinity].map((ms) => levelAfter(demand, ms))).toEqual([8, 8, 4, 4, 0, 0, 0]);
    expect([0, 9, 10].map((ms) => suitability(some, [demand], ms))).toEqual([null, null, 5]);
    expect(suitability(agent('b'), [demand], 19)).toBe(null);
    expect(suitability(agent('b'), [demand], 20)).toBe(0);
  });

  it('D28: every demand must be met; the levels add up', () => {
    expect(
      suitability(
        some,
        [
          { ...demand, minLevel: 5 },
          { skill: 'billing', minLevel: 3, relax: [] },
        ],
        0,
      ),
    ).toBe(8);
    expect(
      suitability(
        some,
        [
          { ...demand, minLevel: 5 },
          { skill: 'billing', minLevel: 4, relax: [] },
        ],
        0,
      ),
    ).toBe(null);
    expect(suitability(agent('b'), [], 0)).toBe(0);
  });

  it('D28: the next relaxation is the first one that is still to come', () => {
    const other = { skill: 'x', minLevel: 1, relax: [{ afterMs: 15, minLevel: 0 }] };
    expect([0, 9, 10, 14, 15, 20].map((ms) => nextRelaxation([demand, other], 100, 100 + ms))).toEqual([
      110,
      110,
      115,
      115,
      120,
      null,
    ]);
  });
});

describe('overflow rules', () => {
  const facts: OverflowFacts = { ahead: 3, estimatedWaitMs: 60_000, waitedMs: 30_000, agentsSignedIn: 1 };
  const rule = (when: OverflowRule['when']): OverflowRule => ({ when, target: { to: 'deterrence', prompt: null } });

  it('D16: each kind of rule applies from its threshold on; an unknown wait is never too long', () => {
    expect([3, 4].map((atLeast) => applies(rule({ kind: 'waiting-calls', atLeast }), facts))).toEqual([true, false]);
    expect([59_999, 60_000].map((longerThanMs) => applies(rule({ kind: 'estimated-wait', longerThanMs }), facts))).toEqual([
      true,
      false,
    ]);
    expect(applies(rule({ kind: 'estimated-wait', longerThanMs: 0 }), { ...facts, estimatedWaitMs: null })).toBe(false);
    expect([30_000, 30_001].map((longerThanMs) => applies(rule({ kind: 'waited', longerThanMs }), facts))).toEqual([true, false]);
    expect([0, 1].map((agentsSignedIn) => applies(rule({ kind: 'no-agent' }), { ...facts, agentsSignedIn }))).toEqual([
      true,
      false,
    ]);
  });

  it('D16: rules are looked at when time alone may make them apply', () => {
    expect(nextReview([], 0, 5)).toBe(null);
    expect(nextReview([rule({ kind: 'waited', longerThanMs: 100 })], 50, 60)).toBe(150);
    expect(nextReview([rule({ kind: 'waited', longerThanMs: 100 })], 50, 500)).toBe(500);
    expect(nextReview([rule({ kind: 'no-agent' }), rule({ kind: 'waited', longerThanMs: 1e6 })], 50, 60)).toBe(60 + REVIEW_EVERY);
  });
});

describe('what a waiting caller is told', () => {
  it('D25: no estimate without a conversation before, or with nobody there', () => {
    expect([estimatedWait(3, null, 2), estimatedWait(3, 60_000, 0)]).toEqual([null, null]);
    expect(estimateItems(null)).toEqual([]);
  });

  it('D25: an estimate is the calls ahead times the mean, shared by those who serve, and said in whole minutes, rather too long', () => {
    expect(estimatedWait(3, 60_000, 2)).toBe(90_000);
    const said = (ms: number) => estimateItems(ms).map((item) => ('prompt' in item ? item.prompt : ''))[1];
    expect([0, 59_999, 60_000, 60_001, 900_000, 900_001].map(said)).toEqual([
      'less-than-a-minute',
      'less-than-a-minute',
      'minutes-1',
      'minutes-2',
      'minutes-15',
      'more-than-fifteen-minutes',
    ]);
  });

  it('positions are said up to twenty', () => {
    expect(positionItems(20)).toEqual([{ prompt: 'position' }, { prompt: 'number-20' }]);
    expect(positionItems(21)).toEqual([{ prompt: 'many-ahead' }]);
  });

  it('the mean handling time starts at the first conversation and stays between the extremes', () => {
    expect(updateHandling(null, 500)).toBe(500);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1 }), (times) => {
        const mean = times.reduce<number | null>((before, time) => updateHandling(before, time), null)!;
        expect(mean).toBeGreaterThanOrEqual(Math.min(...times) - 1e-6);
        expect(mean).toBeLessThanOrEqual(Math.max(...times) + 1e-6);
      }),
    );
  });
});
