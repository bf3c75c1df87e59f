import { World } from './world.ts';

/**
 * `replay.ts SEED` runs one day of the simulated PABX and shows where it breaks; `replay.ts FIRST LAST` runs many and
 * names the seeds that break, each with its reason.
 */
const [first = 1, last = first] = process.argv.slice(2).map(Number);
const reasons = new Map<string, number[]>();
let calls = 0;
let steps = 0;
const started = performance.now();
for (let seed = first; seed <= last; seed++) {
  try {
    const result = new World(seed).run(10);
    calls += result.calls;
    steps += result.steps;
  } catch (error) {
    if (first === last) throw error;
    const reason = (error as Error).message.replace(/\b[\w-]*\d[\w-]*\b/g, '#');
    reasons.set(reason, [...(reasons.get(reason) ?? []), seed]);
  }
}
const seconds = (performance.now() - started) / 1_000;
console.log(
  JSON.stringify({ seeds: last - first + 1, calls, steps, seconds: Math.round(seconds), usPerStep: (seconds * 1e6) / steps }),
);
for (const [reason, seeds] of reasons) console.log(`${seeds.length} × ${reason}: ${seeds.slice(0, 5).join(' ')}`);
if (reasons.size > 0) process.exitCode = 1;
