import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded.ts';
import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { type PostgresJournal, startJournal } from '../../src/adapters/postgres/journal.ts';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { callEntries, silentLog } from '../store/entries.ts';

const percentile = (sorted: Float64Array, share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
const round = (value: number): number => Math.round(value * 100) / 100;

/** Calls a second of the paced part: the rate that the appliance is asked to reach. */
const PACED_CPS = 300;
const PACED_SECONDS = 5;
const BURST_CALLS = 10_000;

interface Paced {
  readonly entries: number;
  readonly seconds: number;
  readonly cpuUs: number;
  readonly latenciesMs: Float64Array;
}

/** Calls at an even pace, looked at every millisecond; without a journal it gives what the pacing itself costs. */
const paced = async (journal: PostgresJournal | null): Promise<Paced> => {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const latencies: number[] = [];
  const awaited: { readonly written: number; readonly at: number }[] = [];
  let entries = 0;
  const look = (): void => {
    const written = journal?.status().written ?? 0;
    while (awaited.length > 0 && (awaited[0]?.written ?? 0) <= written) latencies.push(performance.now() - (awaited.shift()?.at ?? 0));
  };
  for (let call = 0; call < PACED_CPS * PACED_SECONDS; ) {
    const due = ((performance.now() - begun) / 1_000) * PACED_CPS;
    for (; call < due; call++) {
      const made = callEntries(`${journal === null ? 'idle' : 'paced'}-${call}`, 1_800_000_000_000 + call);
      entries += made.length;
      if (journal === null) continue;
      for (const entry of made) journal.append(entry);
      const { written, queued } = journal.status();
      awaited.push({ written: written + queued, at: performance.now() });
    }
    look();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await journal?.flush();
  look();
  const spent = process.cpuUsage(cpu);
  return {
    entries,
    seconds: (performance.now() - begun) / 1_000,
    cpuUs: spent.user + spent.system,
    latenciesMs: Float64Array.from(latencies).sort(),
  };
};

interface Part {
  readonly entries: number;
  readonly seconds: number;
  readonly cpuUsPerEntry: number;
}

const measured = async (action: () => Promise<number>): Promise<Part> => {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const entries = await action();
  const spent = process.cpuUsage(cpu);
  return {
    entries,
    seconds: (performance.now() - begun) / 1_000,
    cpuUsPerEntry: round((spent.user + spent.system) / entries),
  };
};

/**
 * The journal on an embedded PostgreSQL: as fast as it goes, then paced at 300 calls a second with the time from `append` to
 * durable. CPU is that of this process alone, and includes making the entries.
 */
export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'bascule-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log: silentLog });
  await migrate(postgres.url, silentLog);
  const state = openNodeState(join(folder, 'node.db'));
  const journal = await startJournal({ url: postgres.url, node: 'bench', epoch: 1, spool: state.spool, log: silentLog });
  const write = async (from: number, calls: number): Promise<number> => {
    let entries = 0;
    for (let call = from; call < from + calls; call++) {
      for (const entry of callEntries(`${call}`, 1_800_000_000_000 + call)) {
        journal.append(entry);
        entries += 1;
      }
      if (journal.status().queued > 5_000) await journal.flush();
    }
    await journal.flush();
    return entries;
  };
  await write(0, 2_000);
  const burst = await measured(() => write(10_000, BURST_CALLS));

  const idle = await paced(null);
  const busy = await paced(journal);
  await journal.stop();
  state.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
  return {
    bench: 'journal',
    burst: { entries: burst.entries, entries_per_s: Math.round(burst.entries / burst.seconds), cpu_us_per_entry: burst.cpuUsPerEntry },
    paced: {
      calls_per_s: PACED_CPS,
      entries_per_s: Math.round(busy.entries / busy.seconds),
      cpu_us_per_entry: round((busy.cpuUs - idle.cpuUs) / busy.entries),
      durable_ms: { p50: round(percentile(busy.latenciesMs, 0.5)), p99: round(percentile(busy.latenciesMs, 0.99)) },
    },
  };
};

