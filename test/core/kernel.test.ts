import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../src/core/kernel/deadlines.ts';
import { BasculeError, ERRORS } from '../../src/core/kernel/errors.ts';
import { Random } from '../../src/core/kernel/random.ts';

type Act =
  | { readonly act: 'set'; readonly key: string; readonly at: number }
  | { readonly act: 'cancel'; readonly key: string }
  | { readonly act: 'take'; readonly now: number };

const someActs = (keys: number) => {
  const key = fc.nat(keys).map(String);
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ act: fc.constant('set' as const), key, at: fc.nat(100) }) },
      { weight: 3, arbitrary: fc.record({ act: fc.constant('cancel' as const), key }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('take' as const), now: fc.nat(100) }) },
    ),
    { maxLength: 400 },
  );
};

/** A list, sorted when asked: slow, and plainly right. */
class Model {
  entries: { readonly key: string; readonly at: number; readonly order: number }[] = [];
  #order = 0;

  set(key: string, at: number): void {
    this.cancel(key);
    this.entries.push({ key, at, order: this.#order++ });
    this.entries.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  cancel(key: string): void {
    this.entries = this.entries.filter((entry) => entry.key !== key);
  }

  take(now: number): string | null {
    const [first] = this.entries;
    if (first === undefined || first.at > now) return null;
    this.entries.shift();
    return first.key;
  }
}

describe('deadlines', () => {
  it('agree with a sorted list, whatever is set, moved, cancelled and taken', () => {
    const agrees = (acts: readonly Act[]): void => {
      const [deadlines, model] = [new Deadlines(), new Model()];
      for (const act of acts) {
        if (act.act === 'set') for (const one of [deadlines, model]) one.set(act.key, act.at);
        else if (act.act === 'cancel') for (const one of [deadlines, model]) one.cancel(act.key);
        else expect(deadlines.takeDue(act.now)).toBe(model.take(act.now));
        expect(deadlines.size).toBe(model.entries.length);
        expect(deadlines.next()).toBe(model.entries[0]?.at ?? null);
      }
    };
    fc.assert(fc.property(someActs(5), agrees));
    fc.assert(fc.property(someActs(200), agrees));
  });

  it('a deadline moved a thousand times is one deadline', () => {
    const deadlines = new Deadlines();
    for (let i = 0; i < 10_000; i++) deadlines.set('one', 20_000 - i);
    expect(deadlines.size).toBe(1);
    expect(deadlines.takeDue(30_000)).toBe('one');
    expect(deadlines.takeDue(30_000)).toBe(null);
  });
});

describe('random', () => {
  it('gives the same numbers for the same seed, others for another', () => {
    const [a, b, c] = [new Random(5), new Random(5), new Random(6)];
    const take = (random: Random) => Array.from({ length: 5 }, () => random.next());
    const numbers = take(a);
    expect(take(b)).toEqual(numbers);
    expect(take(c)).not.toEqual(numbers);
  });

  it('stays in its range and reaches all of it', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), (seed, limit) => {
        const random = new Random(seed);
        const seen = new Set(Array.from({ length: 200 }, () => random.below(limit)));
        expect(seen).toEqual(new Set(Array.from({ length: limit }, (_, index) => index)));
      }),
    );
  });
});

describe('errors', () => {
  it('every code has a sentence and a remedy, and leaves no field unfilled when all are given', () => {
    for (const [code, { message, remedy }] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[A-Z]{3}_[A-Z_]+$/);
      const fields = Object.fromEntries([...`${message}${remedy}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, 'x']));
      const error = new BasculeError(code as keyof typeof ERRORS, fields);
      expect(`${error.message}${error.remedy}`).not.toMatch(/[{}]/);
    }
  });
});
