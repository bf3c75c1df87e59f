import { describe, expect, it } from 'vitest';
import { World } from './support/world.ts';
import type { WorldResult } from './support/world.ts';

const SEEDS = 300;
const MINUTES = 10;

function run(seed: number): WorldResult {
  try {
    return new World(seed).run(MINUTES);
  } catch (error) {
    throw new Error(`seed ${seed}: scripts/node test/core/support/replay.ts ${seed}`, { cause: error });
  }
}

describe('a simulated PABX', () => {
  it(`keeps every statement over ${SEEDS} days of faults, each day twice the same`, () => {
    let calls = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const first = run(seed);
      calls += first.calls;
      if (seed % 5 === 0) expect(run(seed).log, `seed ${seed}`).toBe(first.log);
    }
    expect(calls).toBeGreaterThan(SEEDS * 20);
  }, 60_000);
});
