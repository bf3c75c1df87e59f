import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import type { Log, LogLevel } from '../../src/ports/log.ts';
import type { Postgres } from '../support/postgres.ts';
import { silentLog } from './entries.ts';

export interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export const keptLog = (): { readonly log: Log; readonly lines: Line[] } => {
  const lines: Line[] = [];
  const log: Log = { log: (level, message, fields = {}) => lines.push({ level, message, fields }), child: () => log };
  return { log, lines };
};

export const query = async <Row>(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as Row[];
  } finally {
    await client.end();
  }
};

/** A new empty database on the server. */
export const emptyDatabase = async (server: Postgres): Promise<string> => {
  const name = `t${randomUUID().replaceAll('-', '')}`;
  await query(server.url, `CREATE DATABASE ${name}`);
  return server.url.replace(/\/[^/]+$/, `/${name}`);
};

/** A new database with the schema. */
export const freshDatabase = async (server: Postgres): Promise<string> => {
  const url = await emptyDatabase(server);
  await migrate(url, silentLog);
  return url;
};

/** After a kill the memory of the dead server is in use until its last child has gone. */
export const startAgain = async (server: Postgres): Promise<void> => {
  for (let attempt = 0; ; attempt++) {
    try {
      await server.start();
      return;
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(100);
    }
  }
};

/** Rows by table, then by the text of their key; instants in milliseconds. */
export type Tables = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

const KEYS: Readonly<Record<string, readonly string[]>> = {
  calls: ['call'],
  call_events: ['call', 'sequence'],
  agent_actions: ['action'],
  live_calls: ['call'],
  agent_states: ['agent'],
};

/** Everything that a journal has written. Columns that are null are left out. */
export const readTables = async (url: string): Promise<Tables> => {
  const tables: Record<string, Record<string, Record<string, unknown>>> = {};
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const [table, keys] of Object.entries(KEYS)) {
      const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${table}`);
      const byKey: Record<string, Record<string, unknown>> = {};
      for (const row of rows) {
        const plain = Object.entries(row).flatMap(([name, value]) =>
          value === null ? [] : [[name, value instanceof Date ? value.getTime() : value] as const],
        );
        byKey[keys.map((key) => String(row[key])).join('/')] = Object.fromEntries(plain);
      }
      tables[table] = byKey;
    }
  } finally {
    await client.end();
  }
  return tables;
};
