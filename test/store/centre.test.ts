import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { holidayExpander, publicHolidays } from '../../src/adapters/calendar/holidays.ts';
import { PostgresCentreRepository } from '../../src/adapters/postgres/centre.ts';
import { type Database, openDatabase } from '../../src/adapters/postgres/pool.ts';
import type { Calendar } from '../../src/core/kernel/centre.ts';
import { centreRepositoryContract, expectUnavailable, type OpenCentreRepository } from '../contract/centre-repository.ts';
import { Postgres } from '../support/postgres.ts';
import { silentLog } from './entries.ts';
import { freshDatabase, keptLog, query } from './support.ts';

const NOW = Date.UTC(2026, 5, 1);

let server: Postgres;
beforeAll(async () => {
  server = await Postgres.start();
});
afterAll(async () => server.stop());

const databases: Database[] = [];
afterEach(async () => {
  for (const database of databases.splice(0)) await database.close();
});

const TABLES: Readonly<Record<string, string>> = { queue: 'queues' };

const repositoryOn = (url: string): PostgresCentreRepository => {
  const database = openDatabase(url, silentLog);
  databases.push(database);
  return new PostgresCentreRepository({ database, log: silentLog, expandHolidays: holidayExpander(silentLog, () => NOW) });
};

centreRepositoryContract('PostgreSQL', async (): Promise<OpenCentreRepository> => {
  const url = await freshDatabase(server);
  return {
    repository: repositoryOn(url),
    history: () => query(url, 'SELECT kind, id, old, new, by FROM configuration_changes ORDER BY at, change'),
    plant: async (kind, id, document) => {
      await query(
        url,
        `INSERT INTO ${TABLES[kind]} (id, document, version, updated_at, updated_by) VALUES ($1, $2, 1, now(), 'old')`,
        [id, document],
      );
    },
  };
});

describe('centre repository on PostgreSQL', () => {
  it('says that the database does not answer', async () => {
    const repository = repositoryOn('postgresql://bascule@127.0.0.1:1/none');
    await expectUnavailable(repository.load());
    await expectUnavailable(repository.apply([{ kind: 'skill', id: 'x', document: null }], 'root', NOW));
  });

  it('comes back by itself after the server was restarted', async () => {
    const repository = repositoryOn(await freshDatabase(server));
    await repository.load();
    await server.stop();
    await expectUnavailable(repository.load());
    await server.start();
    expect((await repository.load()).queues.size).toBe(0);
  });

  it('counts versions and keeps the name in a column of its own', async () => {
    const url = await freshDatabase(server);
    const repository = repositoryOn(url);
    for (const name of ['Sales', 'Ventes'])
      await repository.apply([{ kind: 'queue', id: 'sales', document: { name } }], 'ada', NOW);
    expect(await query(url, 'SELECT name, version, updated_by FROM queues')).toEqual([
      { name: 'Ventes', version: 2, updated_by: 'ada' },
    ]);
  });
});

describe('public holidays', () => {
  const office: Calendar = {
    ...{ id: 'office', name: 'Office', zone: 'Europe/Paris', week: [], closedDates: [], exceptions: {} },
    holidays: 'FR',
  };

  it('are those of the country', async () => {
    expect(await publicHolidays('FR', 2026)).toEqual([
      ...['2026-01-01', '2026-04-06', '2026-05-01', '2026-05-08', '2026-05-14', '2026-05-25', '2026-07-14', '2026-08-15'],
      ...['2026-11-01', '2026-11-11', '2026-12-25'],
    ]);
    expect(await publicHolidays('ZZ', 2026)).toBeNull();
  });

  it('that run from sunset to sunset close the day between', async () => {
    // Rosh Hashanah 5787 begins in the evening of 11 September 2026.
    const days = (await publicHolidays('IL', 2026)) ?? [];
    expect(days).toContain('2026-09-12');
    expect(days).not.toContain('2026-09-11');
  });

  it('are added for the last, this and the next year, once each and in order', async () => {
    const expand = holidayExpander(silentLog, () => NOW);
    const { closedDates } = await expand({ ...office, closedDates: ['2026-12-25', '2026-01-02'] });
    expect([...new Set(closedDates.map((day) => day.slice(0, 4)))]).toEqual(['2025', '2026', '2027']);
    expect(closedDates).toEqual([...new Set(closedDates)].sort());
    expect(closedDates).toContain('2026-01-02');
  });

  it('leave a calendar without them alone, and one of an unknown country, with a warning', async () => {
    const { log, lines } = keptLog();
    const expand = holidayExpander(log, () => NOW);
    expect(await expand({ ...office, holidays: null })).toEqual({ ...office, holidays: null });
    expect(lines).toEqual([]);
    expect((await expand({ ...office, holidays: 'ZZ' })).closedDates).toEqual([]);
    expect(lines).toHaveLength(1);
  });
});
