import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded.ts';
import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { type PostgresJournal, startJournal } from '../../src/adapters/postgres/journal.ts';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import type { JournalEntry } from '../../src/core/kernel/journal.ts';
import { callEntries, silentLog } from '../store/entries.ts';
import { temporaryFolder } from '../support/folder.ts';

/** Calls a second of the paced part: the rate that the appliance is asked to reach. */
const PACED_CPS = 300;
const PACED_SECONDS = 5;
/** Between two entries of a call: 14 of them make a call of about a second. */
const STEP_MS = 70;
const BURST_CALLS = 10_000;
/** Calls in progress at once in the burst: more than a batch holds, so that no batch sees two entries of one call. */
const OVERLAP = 600;
const AT = 1_800_000_000_000;

const round = (value: number): number => Math.round(value * 100) / 100;
const percentile = (sorted: Float64Array, share: number): number =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);

interface Part {
  readonly entries: number;
  readonly seconds: number;
  readonly cpuUs: number;
}

const measured = async (action: () => Promise<number>): Promise<Part> => {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const entries = await action();
  const { user, system } = process.cpuUsage(cpu);
  return { entries, seconds: (performance.now() - begun) / 1_000, cpuUs: user + system };
};

const rates = ({ entries, seconds, cpuUs }: Part): object => ({
  entries,
  entries_per_s: Math.round(entries / seconds),
  cpu_us_per_entry: round(cpuUs / entries),
});

/** As fast as the journal takes it, making the entries included. */
const burst = async (journal: PostgresJournal, name: string): Promise<number> => {
  let entries = 0;
  for (let first = 0; first < BURST_CALLS; first += OVERLAP) {
    const hands = Array.from({ length: OVERLAP }, (_, index) => callEntries(`${name}-${first + index}`, AT + first + index));
    for (let turn = 0; turn < (hands[0]?.length ?? 0); turn++) {
      for (const hand of hands) journal.append(hand[turn] as JournalEntry);
      entries += hands.length;
      if (journal.status().queued > 5_000) await journal.flush();
    }
  }
  await journal.flush();
  return entries;
};

/**
 * Calls at an even pace, each a second long, looked at every millisecond; without a journal it gives what the pacing itself
 * costs. `latencies` gets the time from `append` to durable of one entry a millisecond.
 */
const paced = async (journal: PostgresJournal | null, latencies: number[]): Promise<number> => {
  const begun = performance.now();
  const live: { readonly entries: readonly JournalEntry[]; readonly since: number; next: number }[] = [];
  const awaited: { readonly written: number; readonly at: number }[] = [];
  let entries = 0;
  for (let calls = 0; calls < PACED_CPS * PACED_SECONDS || live.length > 0; ) {
    const now = performance.now();
    for (; calls < PACED_CPS * PACED_SECONDS && calls < ((now - begun) / 1_000) * PACED_CPS; calls++) {
      live.push({ entries: callEntries(`paced-${calls}`, AT + calls), since: now, next: 0 });
    }
    const before = entries;
    for (const call of live) {
      for (; call.next < call.entries.length && call.since + call.next * STEP_MS <= now; call.next++) {
        journal?.append(call.entries[call.next] as JournalEntry);
        entries += 1;
      }
    }
    while (live[0] !== undefined && live[0].next === live[0].entries.length) live.shift();
    const { written, queued } = journal?.status() ?? { written: 0, queued: 0 };
    if (entries > before) awaited.push({ written: written + queued, at: now });
    while (awaited[0] !== undefined && awaited[0].written <= written)
      latencies.push(performance.now() - (awaited.shift()?.at ?? 0));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await journal?.flush();
  return entries;
};

/**
 * The journal on an embedded PostgreSQL: as fast as it goes, through the spool and back, then at 300 calls a second with the
 * time from `append` to durable. CPU is that of this process alone.
 */
export const run = async (): Promise<Readonly<Record<string, unknown>>> => {
  const folder = temporaryFolder('bench');
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log: silentLog });
  await migrate(postgres.url, silentLog);
  const { spool, close } = openNodeState(join(folder, 'node.db'));
  const open = (url: string): Promise<PostgresJournal> => startJournal({ url, node: 'bench', epoch: 1, spool, log: silentLog });

  const journal = await open(postgres.url);
  await burst(journal, 'warm');
  const straight = await measured(() => burst(journal, 'straight'));
  const idle = await measured(() => paced(null, []));
  const latencies: number[] = [];
  const busy = await measured(() => paced(journal, latencies));
  await journal.stop();

  // An address where nobody answers, then the database again.
  const away = await open('postgresql://bascule@127.0.0.1:1/none');
  const spooled = await measured(() => burst(away, 'away'));
  await away.stop();
  const drained = await measured(async () => {
    const back = await open(postgres.url);
    await back.drained(120_000);
    await back.stop();
    return spooled.entries;
  });
  close();
  await postgres.stop();
  const sorted = Float64Array.from(latencies).sort();
  return {
    bench: 'journal',
    burst: rates(straight),
    spool: rates(spooled),
    drain: rates(drained),
    paced: {
      calls_per_s: PACED_CPS,
      ...rates({ ...busy, cpuUs: busy.cpuUs - idle.cpuUs }),
      durable_ms: { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: percentile(sorted, 1) },
    },
  };
};
