import { describe, expect, it } from 'vitest';
import { DAY, replayCommand } from './support/replay.ts';
import { World } from './support/world.ts';
import type { WorldResult } from './support/world.ts';

const SEEDS = 300;

function run(seed: number): WorldResult {
  try {
    return new World(seed).run(DAY);
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}; replay it with ${replayCommand(seed)}`, { cause: error });
  }
}

describe('a simulated PABX', () => {
  it(`keeps every statement over ${SEEDS} days of faults, each day twice the same`, () => {
    const totals = { calls: 0, answered: 0, abandoned: 0, overflowed: 0, deterred: 0, lost: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const first = run(seed);
      expect(run(seed).log, `seed ${seed}`).toBe(first.log);
      totals.calls += first.calls;
      for (const outcome of ['answered', 'abandoned', 'overflowed', 'deterred', 'lost'] as const)
        totals[outcome] += first.tally[outcome];
    }
    // A world in which nothing happens proves nothing.
    expect(totals.calls).toBeGreaterThan(SEEDS * 30);
    for (const [outcome, count] of Object.entries(totals)) expect(count, outcome).toBeGreaterThan(SEEDS / 2);
  }, 120_000);
});
