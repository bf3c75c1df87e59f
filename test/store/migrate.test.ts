import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, readMigrations } from '../../src/adapters/postgres/migrate.ts';
import { Postgres } from '../support/postgres.ts';
import { silentLog } from './entries.ts';
import { dumpSchema } from './schema.ts';
import { emptyDatabase, freshDatabase, query } from './support.ts';

const SCHEMA = join(import.meta.dirname, '../../src/adapters/postgres/schema.sql');

let server: Postgres;
beforeAll(async () => {
  server = await Postgres.start();
});
afterAll(async () => server.stop());

describe('migrations', () => {
  it('are done once, also by two daemons at the same time', async () => {
    const url = await emptyDatabase(server);
    const known = (await readMigrations()).length;
    const done = await Promise.all([migrate(url, silentLog), migrate(url, silentLog), migrate(url, silentLog)]);
    expect(done.toSorted((a, b) => a - b)).toEqual([0, 0, known]);
    expect(await migrate(url, silentLog)).toBe(0);
  });

  it('refuse a database that a newer version wrote', async () => {
    const url = await freshDatabase(server);
    await query(url, `INSERT INTO schema_migrations (number, name) VALUES (999, 'later')`);
    await expect(migrate(url, silentLog)).rejects.toMatchObject({ code: 'STO_MIGRATION', fields: { found: 999 } });
  });

  it('leave nothing of a step that fails', async () => {
    const url = await freshDatabase(server);
    const known = await readMigrations();
    const broken = { number: known.length + 1, name: 'broken', sql: 'CREATE TABLE half (a integer); SELECT 1 / 0;' };
    await expect(migrate(url, silentLog, [...known, broken])).rejects.toMatchObject({ code: '22012' });
    expect(await query(url, `SELECT to_regclass('half') AS half`)).toEqual([{ half: null }]);
    expect(await migrate(url, silentLog)).toBe(0);
  });

  it('say that a database does not answer', async () => {
    await expect(migrate('postgresql://bascule@127.0.0.1:1/none', silentLog)).rejects.toMatchObject({ code: 'STO_UNAVAILABLE' });
  });

  it('never show the password', async () => {
    const error: Error = await migrate('postgresql://bascule:s3cret@127.0.0.1:1/none', silentLog).then(
      () => new Error('answered'),
      (reason: Error) => reason,
    );
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain('s3cret');
  });

  it('make the schema that schema.sql shows (UPDATE_SCHEMA=1 rewrites it)', async () => {
    const made = await dumpSchema(await freshDatabase(server));
    if (process.env['UPDATE_SCHEMA'] === '1') await writeFile(SCHEMA, made);
    expect(made).toBe(await readFile(SCHEMA, 'utf8'));
  });
});
