import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { type JournalOptions, type PostgresJournal, startJournal } from '../../src/adapters/postgres/journal.ts';
import { journalContract, type OpenJournal } from '../contract/journal.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Postgres } from '../support/postgres.ts';
import { silentLog } from './entries.ts';
import { freshDatabase, query, readTables } from './support.ts';

let server: Postgres;
beforeAll(async () => {
  server = await Postgres.start();
});
afterAll(async () => server.stop());

const origin = { node: 'a', epoch: 3 };
const opened: PostgresJournal[] = [];
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.stop();
});

const open = async (options: Partial<JournalOptions> = {}): Promise<OpenJournal & { url: string }> => {
  const url = await freshDatabase(server);
  const { spool } = openNodeState(join(temporaryFolder('journal'), 'node.db'));
  const journal = await startJournal({ url, ...origin, spool, log: silentLog, ...options });
  opened.push(journal);
  const tables = async () => {
    expect(await journal.drained(10_000)).toBe(true);
    return await readTables(url);
  };
  return { journal, origin, tables, url };
};

journalContract('PostgreSQL, usual batches', () => open());
journalContract('PostgreSQL, many small batches at once', () => open({ batchEntries: 2, pipelineDepth: 4 }));
journalContract('PostgreSQL that comes later: everything goes through the spool', async () => {
  const database = `late${opened.length}${process.hrtime.bigint()}`;
  const url = server.url.replace(/\/[^/]+$/, `/${database}`);
  const { spool } = openNodeState(join(temporaryFolder('journal'), 'node.db'));
  const journal = await startJournal({ url, ...origin, spool, log: silentLog, batchEntries: 3 });
  opened.push(journal);
  const tables = async () => {
    expect(journal.status().databaseReachable).toBe(false);
    const ready = await freshDatabase(server);
    await query(server.url, `ALTER DATABASE ${ready.split('/').at(-1)} RENAME TO ${database}`);
    expect(await journal.drained(10_000)).toBe(true);
    return await readTables(url);
  };
  return { journal, origin, tables };
});

describe('journal on PostgreSQL', () => {
  it('counts what it has written, and says when the database answers', async () => {
    const { journal } = await open();
    expect(journal.status()).toEqual({ databaseReachable: true, queued: 0, spooled: 0, written: 0, refused: 0, rejected: 0 });
    journal.append({ kind: 'live-call-ended', call: 'x' });
    await journal.flush();
    expect(journal.status().written).toBe(1);
  });
});
