import { randomUUID } from 'node:crypto';
import type { Calendar, Centre } from '../../core/kernel/centre.ts';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Instant } from '../../core/kernel/time.ts';
import type { Log } from '../../ports/log.ts';
import type { CentreChange, CentreKind, CentreRepository } from '../../ports/store.ts';
import { assembleCentre, type CentreDocument, parseEntry } from '../../wire/centre.ts';
import type { Database } from './pool.ts';

const TABLES: Readonly<Record<CentreKind, string>> = {
  queue: 'queues',
  agent: 'agents',
  skill: 'skills',
  campaign: 'campaigns',
  hours: 'calendars',
  scenario: 'scenarios',
  'pause-reason': 'pause_reasons',
  settings: 'settings',
};

/** Two administrators at once: the second waits for the first, so that `old` in the history is what `new` replaced. */
const LOCK_KEY = 4_205_161_802;

/** Of every kind at one moment: a queue must not be read from before a change and its agents from after. */
const LOAD = Object.entries(TABLES)
  .map(([kind, table]) => `SELECT '${kind}' AS kind, id, document FROM ${table}`)
  .join(' UNION ALL ');

const writeStatement = (table: string): string => `WITH old AS (
    SELECT document FROM ${table} WHERE id = $2
  ), written AS (
    INSERT INTO ${table} (id, document, version, updated_at, updated_by)
    VALUES ($2, $3::jsonb, 1, to_timestamp($4::float8 / 1000), $5)
    ON CONFLICT (id) DO UPDATE SET
      document = excluded.document, version = ${table}.version + 1,
      updated_at = excluded.updated_at, updated_by = excluded.updated_by
    WHERE ${table}.document IS DISTINCT FROM excluded.document
    RETURNING id
  )
  INSERT INTO configuration_changes (change, kind, id, old, new, at, by)
  SELECT $6::uuid, $1, $2, (SELECT document FROM old), $3::jsonb, to_timestamp($4::float8 / 1000), $5 FROM written`;

const removeStatement = (table: string): string => `WITH removed AS (
    DELETE FROM ${table} WHERE id = $2 RETURNING document
  )
  INSERT INTO configuration_changes (change, kind, id, old, new, at, by)
  SELECT $5::uuid, $1, $2, document, NULL, to_timestamp($3::float8 / 1000), $4 FROM removed`;

interface StoredDocument {
  readonly kind: CentreKind;
  readonly id: string;
  readonly document: unknown;
}

export interface CentreRepositoryOptions {
  readonly database: Database;
  readonly log: Log;
  /** Adds the public holidays of `holidays` to `closedDates`. */
  readonly expandHolidays: (calendar: Calendar) => Promise<Calendar>;
}

/** The centre's configuration in PostgreSQL. */
export class PostgresCentreRepository implements CentreRepository {
  readonly #database: Database;
  readonly #log: Log;
  readonly #expandHolidays: (calendar: Calendar) => Promise<Calendar>;

  constructor(options: CentreRepositoryOptions) {
    this.#database = options.database;
    this.#log = options.log;
    this.#expandHolidays = options.expandHolidays;
  }

  async load(): Promise<Centre> {
    const { rows } = await this.#database.query<StoredDocument>(`${LOAD} ORDER BY kind, id`);
    const centre = assembleCentre(rows.flatMap((row) => this.#parsed(row)));
    const calendars = new Map<string, Calendar>();
    for (const [id, calendar] of centre.calendars) calendars.set(id, await this.#expandHolidays(calendar));
    return { ...centre, calendars };
  }

  async apply(changes: readonly CentreChange[], by: string, at: Instant): Promise<void> {
    await this.#database.transaction(async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY]);
      for (const { kind, id, document } of changes) {
        const table = TABLES[kind];
        if (document === null) await client.query(removeStatement(table), [kind, id, at, by, randomUUID()]);
        else await client.query(writeStatement(table), [kind, id, JSON.stringify(document), at, by, randomUUID()]);
      }
    });
  }

  async documents(kind: CentreKind): Promise<readonly { readonly id: string; readonly document: unknown }[]> {
    const { rows } = await this.#database.query<{ id: string; document: unknown }>(
      `SELECT id, document FROM ${TABLES[kind]} ORDER BY id`,
    );
    return rows;
  }

  /** Defaults that came with later versions are filled in. One object that cannot be read must not keep all calls out. */
  #parsed({ kind, id, document }: StoredDocument): readonly CentreDocument[] {
    try {
      return [parseEntry(kind, id, document)];
    } catch (error) {
      if (!(error instanceof BasculeError)) throw error;
      this.#log.log('error', 'An object of the centre cannot be read and is left out', {
        code: error.code,
        error: error.message,
      });
      return [];
    }
  }
}
