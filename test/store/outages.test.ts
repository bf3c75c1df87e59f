import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { type JournalOptions, type PostgresJournal, startJournal } from '../../src/adapters/postgres/journal.ts';
import { BasculeError } from '../../src/core/kernel/errors.ts';
import type { JournalEntry } from '../../src/core/kernel/journal.ts';
import type { Spool } from '../../src/ports/spool.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Postgres } from '../support/postgres.ts';
import { until } from '../support/wait.ts';
import { callEntries, silentLog } from './entries.ts';
import { tablesAfter } from './model.ts';
import { freshDatabase, keptLog, query, readTables, startAgain } from './support.ts';

const AT = 1_800_000_000_000;
const origin = { node: 'a', epoch: 1 };

let server: Postgres;
beforeAll(async () => {
  server = await Postgres.start();
});
afterAll(async () => server.stop());

interface Bench {
  readonly url: string;
  readonly file: string;
  readonly journal: PostgresJournal;
  readonly spool: Spool;
  readonly lines: ReturnType<typeof keptLog>['lines'];
  readonly appended: JournalEntry[];
  /** Appends everything that so many calls write, a few calls a turn of the loop, as long as `going` says so. */
  readonly stream: (name: string, going: (calls: number) => boolean) => Promise<void>;
}

const setUp = async (options: Partial<JournalOptions> = {}): Promise<Bench> => {
  const url = options.url ?? (await freshDatabase(server));
  const file = join(temporaryFolder('outage'), 'node.db');
  const { spool } = openNodeState(file);
  const { log, lines } = keptLog();
  const journal = await startJournal({ url, ...origin, spool: options.spool ?? spool, log, ...options });
  const appended: JournalEntry[] = [];
  const stream: Bench['stream'] = async (name, going) => {
    // Calls overlap: the entries of eight of them are dealt in turn.
    for (let calls = 0; going(calls); calls += 8) {
      const hands = Array.from({ length: 8 }, (_, index) => callEntries(`${name}-${calls + index}`, AT + calls));
      for (let turn = 0; turn < (hands[0]?.length ?? 0); turn++) {
        for (const hand of hands) {
          const entry = hand[turn];
          if (entry === undefined) continue;
          appended.push(entry);
          journal.append(entry);
        }
      }
      await sleep(4);
    }
  };
  return { url, file, journal, spool, lines, appended, stream };
};

const expectAll = async ({ journal, url, appended }: Bench): Promise<void> => {
  expect(await journal.drained(30_000)).toBe(true);
  expect(journal.status()).toMatchObject({ databaseReachable: true, queued: 0, spooled: 0, refused: 0, rejected: 0 });
  expect(await readTables(url)).toEqual(tablesAfter(appended, origin));
  await journal.stop();
};

describe('PostgreSQL away', () => {
  it('is killed under a stream of writes, again and again: every row is there once', async () => {
    const bench = await setUp();
    let over = false;
    const stream = bench.stream('killed', () => !over);
    for (let round = 0; round < 3; round++) {
      await sleep(200);
      await server.kill();
      await until('the journal to spool', () => bench.journal.status().spooled > 500);
      await startAgain(server);
      await until('the journal to write again', () => bench.journal.status().databaseReachable);
    }
    over = true;
    await stream;
    await expectAll(bench);
    expect(bench.lines.filter(({ fields }) => fields['code'] === 'STO_UNAVAILABLE').length).toBeGreaterThan(0);
  });

  it('is stopped for five seconds under a stream of writes', { timeout: 60_000 }, async () => {
    const bench = await setUp();
    let over = false;
    const stream = bench.stream('stopped', () => !over);
    await sleep(300);
    await server.stop();
    await sleep(5_000);
    expect(bench.journal.status().databaseReachable).toBe(false);
    // What was appended is safe although the database is away.
    await bench.journal.flush();
    await startAgain(server);
    over = true;
    await stream;
    await expectAll(bench);
    // One outage is told once, however many times the connection was tried.
    expect(bench.lines.filter(({ level }) => level === 'error').length).toBe(1);
  });

  it('freezes and thaws with writes in its hands: older rows never replace newer ones', async () => {
    const bench = await setUp({ answerTimeoutMs: 300 });
    let over = false;
    const stream = bench.stream('frozen', () => !over);
    await sleep(100);
    for (let round = 0; round < 2; round++) {
      const [backend] = await until('the journal’s backend', async () => {
        const rows = await query<{ pid: number }>(
          bench.url,
          `SELECT pid FROM pg_stat_activity WHERE application_name = 'bascule journal a' AND datname = current_database()`,
        );
        return rows.length === 1 && bench.journal.status().databaseReachable ? rows : null;
      });
      if (backend === undefined) throw new Error('unreachable');
      process.kill(backend.pid, 'SIGSTOP');
      await until('the journal to give up', () => !bench.journal.status().databaseReachable);
      await sleep(500);
      // The new connection waits for the old one's backend.
      expect(bench.journal.status().databaseReachable).toBe(false);
      process.kill(backend.pid, 'SIGCONT');
      await until('the journal to write again', () => bench.journal.status().databaseReachable);
    }
    over = true;
    await stream;
    await expectAll(bench);
  });

  it('is away at the start, and the daemon ends before it comes: the next start writes what was spooled', async () => {
    const url = await freshDatabase(server);
    const name = url.split('/').at(-1) ?? '';
    await query(server.url, `ALTER DATABASE ${name} RENAME TO ${name}_away`);
    const first = await setUp({ url });
    await first.stream('before', (calls) => calls < 80);
    await first.journal.stop();
    await query(server.url, `ALTER DATABASE ${name}_away RENAME TO ${name}`);

    const { spool } = openNodeState(first.file);
    const journal = await startJournal({ url, ...origin, spool, log: silentLog });
    const later = callEntries('later', AT);
    for (const entry of later) journal.append(entry);
    await expectAll({ ...first, journal, appended: [...first.appended, ...later] });
  });

  it('refuses everybody for want of space: the journal waits with the entries', async () => {
    const bench = await setUp();
    await query(bench.url, 'ALTER TABLE agent_actions RENAME TO elsewhere');
    await bench.stream('unwritable', (calls) => calls < 40);
    await until('the journal to give up', () => bench.journal.status().spooled > 0);
    expect(bench.journal.status().rejected).toBe(0);
    await query(bench.url, 'ALTER TABLE elsewhere RENAME TO agent_actions');
    await expectAll(bench);
  });
});

/** Entries that PostgreSQL will never take, each of another sort. */
const poison = (index: number): JournalEntry => {
  const [arrival, event] = callEntries(`poison-${index}`, AT);
  if (arrival?.kind !== 'call' || event?.kind !== 'call-event') throw new Error('A call begins with its row and an event.');
  return (
    [
      { kind: 'call', row: { ...arrival.row, caller: '06\u0000123456' } },
      { ...event, sequence: 1.5 },
      { kind: 'call', row: { ...arrival.row, waitMs: 1e15 } },
      { kind: 'call', row: { ...arrival.row, arrivedAt: Number.NaN } },
      { kind: 'call', row: { ...arrival.row, line: null } } as unknown as JournalEntry,
      { kind: 'live-call' } as unknown as JournalEntry,
    ] as const
  )[index % 6] as JournalEntry;
};

describe('entries that PostgreSQL does not take', () => {
  it.each([
    ['straight', false],
    ['by the spool', true],
  ])('are set aside one by one, and the rest goes on: %s', async (_, spooled) => {
    const bench = await setUp({ batchEntries: 50, pipelineDepth: 3 });
    if (spooled) {
      await server.kill();
      await until('the journal to notice', () => !bench.journal.status().databaseReachable);
    }
    for (let index = 0; index < 12; index++) {
      await bench.stream(`good-${index}`, (calls) => calls < 8);
      bench.journal.append(poison(index));
    }
    if (spooled) {
      await bench.journal.flush();
      await startAgain(server);
    }
    expect(await bench.journal.drained(30_000)).toBe(true);
    expect(await readTables(bench.url)).toEqual(tablesAfter(bench.appended, origin));
    const rejected = bench.lines.filter(({ fields }) => fields['code'] === 'STO_REJECTED');
    expect(rejected).toHaveLength(12);
    // Two of a sort that have no name are the same record.
    expect(bench.spool.rejected()).toBe(11);
    expect(JSON.stringify(bench.lines)).not.toContain('123456');
    await bench.journal.stop();
  });
});

describe('limits', () => {
  it('counts what neither memory nor spool can hold, and says so once', async () => {
    const bench = await setUp({
      url: 'postgresql://bascule@127.0.0.1:1/none',
      memoryEntries: 200,
      spoolEntries: 1_000,
      batchEntries: 50,
    });
    await bench.stream('many', (calls) => calls < 200);
    const { queued, spooled, refused } = bench.journal.status();
    expect(spooled).toBeLessThanOrEqual(1_000);
    expect(queued).toBeLessThanOrEqual(200);
    expect(queued + spooled + refused).toBe(bench.appended.length);
    expect(refused).toBeGreaterThan(0);
    expect(bench.lines.filter(({ fields }) => fields['code'] === 'STO_SPOOL_FULL')).toHaveLength(1);
    await bench.journal.stop();
    expect(bench.spool.extent().entries).toBe(spooled + queued);
  });

  it('waits with entries in memory while the node’s file cannot be written', async () => {
    const { spool: real } = openNodeState(join(temporaryFolder('outage'), 'node.db'));
    let full = true;
    const spool: Spool = {
      put: (position, entries) => {
        if (full) throw new BasculeError('STO_NODE_STATE', { file: 'node.db', detail: 'SQLITE_FULL' });
        real.put(position, entries);
      },
      sync: () => real.sync(),
      read: (after, limit) => real.read(after, limit),
      remove: (through) => real.remove(through),
      extent: () => real.extent(),
      reject: (key, entry, code, message) => real.reject(key, entry, code, message),
      rejected: () => real.rejected(),
    };
    const bench = await setUp({ spool, batchEntries: 20 });
    await server.kill();
    await bench.stream('full', (calls) => calls < 80);
    expect(bench.journal.status()).toMatchObject({ spooled: 0, refused: 0, queued: bench.appended.length });
    full = false;
    await bench.stream('room', (calls) => calls < 16);
    await bench.journal.flush();
    expect(bench.journal.status().queued).toBe(0);
    await startAgain(server);
    await expectAll(bench);
  });
});
