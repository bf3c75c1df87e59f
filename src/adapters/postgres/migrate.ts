import { readdir, readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import { unavailable } from './failures.ts';

/** One numbered file of `migrations/`. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

const FOLDER = new URL('./migrations/', import.meta.url);
const FILE_NAME = /^(\d{4})_([a-z0-9-]+)\.sql$/;
/** Any number will do, as long as nobody else's lock in this database has it. */
const LOCK_KEY = 4_205_161_801;
const CONNECT_TIMEOUT_MS = 10_000;

/** The files in order of number. A gap or a number given twice is a mistake of ours, found at the first start. */
export const readMigrations = async (folder: URL = FOLDER): Promise<readonly Migration[]> => {
  const migrations: Migration[] = [];
  for (const file of (await readdir(folder)).sort()) {
    const [, digits, name] = FILE_NAME.exec(file) ?? [];
    if (digits === undefined || name === undefined) throw new Error(`Impossible: migration file named ${file}`);
    if (Number(digits) !== migrations.length + 1) throw new Error(`Impossible: migration ${file} is out of order`);
    migrations.push({ number: Number(digits), name, sql: await readFile(new URL(file, folder), 'utf8') });
  }
  return migrations;
};

const applyMissing = async (client: Client, migrations: readonly Migration[], log: Log): Promise<number> => {
  await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  const { rows } = await client.query<{ found: number }>('SELECT coalesce(max(number), 0) AS found FROM schema_migrations');
  const found = rows[0]?.found ?? 0;
  if (found > migrations.length) throw new BasculeError('STO_MIGRATION', { found, known: migrations.length });
  for (const migration of migrations.slice(found)) {
    await client.query('BEGIN');
    try {
      await client.query(migration.sql);
      await client.query('INSERT INTO schema_migrations (number, name) VALUES ($1, $2)', [migration.number, migration.name]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
    log.log('info', 'The database’s schema has been brought up', { migration: migration.number, name: migration.name });
  }
  return migrations.length - found;
};

/**
 * Brings the schema up to this version, each step in a transaction, under a lock that makes a second daemon wait. Returns how
 * many steps were done. Throws STO_MIGRATION when a newer version wrote the database, STO_UNAVAILABLE when it does not answer.
 */
export const migrate = async (url: string, log: Log, migrations?: readonly Migration[]): Promise<number> => {
  const steps = migrations ?? (await readMigrations());
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'bascule migrations',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
    return await applyMissing(client, steps, log);
  } catch (error) {
    throw unavailable(error) ?? error;
  } finally {
    await client.end().catch(() => undefined);
  }
};
