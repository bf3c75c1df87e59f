import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { PostgresCallHistory, PostgresRecovery } from '../../src/adapters/postgres/calls.ts';
import { type PostgresJournal, startJournal } from '../../src/adapters/postgres/journal.ts';
import { type Database, openDatabase } from '../../src/adapters/postgres/pool.ts';
import type { CallRow, JournalEntry } from '../../src/core/kernel/journal.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Postgres } from '../support/postgres.ts';
import { callEntries, silentLog } from './entries.ts';
import { freshDatabase, readTables } from './support.ts';

const AT = 1_800_000_000_000;
const MINUTE = 60_000;

let server: Postgres;
beforeAll(async () => {
  server = await Postgres.start();
});
afterAll(async () => server.stop());

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Site {
  readonly url: string;
  readonly database: Database;
  readonly journal: PostgresJournal;
  readonly recovery: PostgresRecovery;
}

/** A node that has just started. */
const node = async (url: string, file: string, epoch: number): Promise<Site> => {
  const { spool } = openNodeState(file);
  const journal = await startJournal({ url, node: 'a', epoch, spool, log: silentLog });
  const database = openDatabase(url, silentLog);
  closing.push(
    () => journal.stop(),
    () => database.close(),
  );
  const recovery = new PostgresRecovery({ database, node: 'a', epoch, drained: () => journal.drained(10_000) });
  return { url, database, journal, recovery };
};

const row = (call: string, times: Partial<CallRow>): JournalEntry => {
  const [first] = callEntries(call, AT);
  if (first?.kind !== 'call') throw new Error('The first entry of a call is its row.');
  return { kind: 'call', row: { ...first.row, ...times } };
};

describe('recovery', () => {
  it('closes what a dead process left open, and only that', async () => {
    const url = await freshDatabase(server);
    const { journal, recovery, database } = await node(url, join(temporaryFolder('recovery'), 'node.db'), 2);
    const finished = callEntries('finished', AT);
    for (const entry of finished) journal.append(entry);
    for (const entry of callEntries('talking', AT).slice(0, 10)) journal.append(entry);
    journal.append(row('talking', { answeredAt: AT, queuedAt: AT, bridgedAt: AT }));
    journal.append(row('waiting', { answeredAt: AT, queuedAt: AT }));
    journal.append(row('greeted', { answeredAt: AT }));
    journal.append(row('ringing', {}));
    // A call of the daemon that is starting, come in meanwhile.
    journal.append(row('new', { arrivedAt: AT + 2 * MINUTE }));
    await journal.flush();

    expect(await recovery.closeLostCalls(AT + MINUTE)).toBe(4);
    expect(await recovery.closeLostCalls(AT + MINUTE)).toBe(0);
    const { calls, call_events, live_calls } = await readTables(url);
    const stages = Object.entries(calls ?? {}).map(([call, one]) => [call, one['outcome'], one['stage'], one['ended_at']]);
    expect(stages).toHaveLength(6);
    expect(stages).toEqual(
      expect.arrayContaining([
        ['finished', 'answered', 'conversation', AT + 1_009],
        ['greeted', 'lost', 'greeting', AT + MINUTE],
        ['new', undefined, undefined, undefined],
        ['ringing', 'lost', 'ringing', AT + MINUTE],
        ['talking', 'lost', 'conversation', AT + MINUTE],
        ['waiting', 'lost', 'queue', AT + MINUTE],
      ]),
    );
    expect(call_events?.['talking/5']).toMatchObject({ event: 'ended', detail: 'lost', epoch: 2 });
    expect(call_events?.['waiting/1']).toMatchObject({ event: 'ended', detail: 'lost' });
    expect(live_calls).toEqual({});
    const recent = await new PostgresCallHistory(database).recent(100);
    expect(recent.map(({ outcome }) => String(outcome)).sort((a, b) => a.localeCompare(b))).toEqual([
      'answered',
      'lost',
      'lost',
      'lost',
      'lost',
    ]);
    expect(recent.find(({ call }) => call === 'finished')).toEqual(
      finished.findLast((entry): entry is JournalEntry & { kind: 'call' } => entry.kind === 'call')?.row,
    );
    expect(await new PostgresCallHistory(database).recent(2)).toHaveLength(2);
  });

  it('lets a true end that waited in the spool win', async () => {
    const url = await freshDatabase(server);
    const file = join(temporaryFolder('recovery'), 'node.db');
    const [arrival, ...rest] = callEntries('spooled', AT);
    const first = await node(url, file, 1);
    if (arrival !== undefined) first.journal.append(arrival);
    await first.journal.flush();
    await first.journal.stop();
    // The process dies while the database is away: the end is only in its spool.
    const away = openNodeState(file);
    away.spool.put(1, rest);
    away.close();

    const second = await node(url, file, 2);
    expect(await second.recovery.closeLostCalls(AT + MINUTE)).toBe(0);
    expect((await readTables(url))['calls']?.['spooled']).toMatchObject({ outcome: 'answered' });
  });

  it('finds the agents as they were', async () => {
    const url = await freshDatabase(server);
    const { journal, recovery } = await node(url, join(temporaryFolder('recovery'), 'node.db'), 1);
    const ada = { agent: 'ada', state: 'paused', reason: 'lunch', extension: '201', since: AT } as const;
    const bob = { agent: 'bob', state: 'ready', reason: null, extension: '202', since: AT + 1 } as const;
    for (const snapshot of [{ ...ada, state: 'ready' as const }, bob, ada]) journal.append({ kind: 'agent-state', snapshot });
    await journal.flush();
    expect(await recovery.agents()).toEqual([ada, bob]);
  });
});
