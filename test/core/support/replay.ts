import { World } from './world.ts';

/** Virtual minutes of one day of the world. */
export const DAY = 10;

/** What to type to see a seed again. */
export const replayCommand = (seed: number): string => `scripts/node test/core/support/replay.ts ${seed}`;

/**
 * `replay.ts SEED` runs one day of the simulated PABX and shows where it breaks; `replay.ts FIRST LAST` runs many and
 * names the seeds that break, each with its reason; with `--bail` it stops at the first of them.
 */
function replay(first: number, last: number, bail: boolean): void {
  const reasons = new Map<string, number[]>();
  let [calls, steps] = [0, 0];
  const started = performance.now();
  for (let seed = first; seed <= last && !(bail && reasons.size > 0); seed++) {
    try {
      const result = new World(seed).run(DAY);
      calls += result.calls;
      steps += result.steps;
    } catch (error) {
      if (first === last) throw error;
      // Without the names of calls, legs and agents, equal reasons are counted together.
      const [rule = '', ...detail] = (error as Error).message.split(': ');
      const reason = [rule, detail.join(': ').replace(/\b[\w-]*\d[\w-]*\b|\bw-\w+/g, '#')].join(': ');
      reasons.set(reason, [...(reasons.get(reason) ?? []), seed]);
    }
  }
  const seconds = Math.round((performance.now() - started) / 1_000);
  console.log(JSON.stringify({ seeds: last - first + 1, calls, steps, seconds }));
  for (const [reason, seeds] of reasons) console.log(`${seeds.length} × ${reason}: ${seeds.slice(0, 5).join(' ')}`);
  if (reasons.size > 0) process.exitCode = 1;
}

if (import.meta.main) {
  const [first = 1, last = first] = process.argv.slice(2).map(Number).filter(Number.isFinite);
  replay(first, last, process.argv.includes('--bail'));
}
