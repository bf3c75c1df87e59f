import pg from 'pg';
import type { Postgres } from './postgres.ts';

/** Runs one query on the centre's database. */
export const query = async <Row extends pg.QueryResultRow>(postgres: Postgres, sql: string): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
};

/** How many calls ended in each way, by what was written. */
export const outcomes = async (postgres: Postgres): Promise<Readonly<Record<string, number>>> => {
  const rows = await query<{ outcome: string | null; count: number }>(
    postgres,
    'select outcome, count(*)::int as count from calls group by outcome',
  );
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome ?? 'open', count]));
};
