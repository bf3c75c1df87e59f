import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomes, query } from '../support/centre-rows.ts';
import { Daemon, extensions, simpleCentre } from '../support/daemon.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, caller } from '../support/scenario.ts';
import { Sipp } from '../support/sipp.ts';

const CALLS = 600;
const ABSENCE_MS = 30_000;

describe('PostgreSQL away for 30 s under load', () => {
  let postgres: Postgres;
  let phones: Sipp;
  let daemon: Daemon;

  beforeAll(async () => {
    postgres = await Postgres.start();
    phones = await Sipp.answering({ scenario: agent({ does: 'answer', ringMs: 0, talkMs: 300 }) });
    daemon = await Daemon.start({
      ipbx: phones.hostPort,
      databaseUrl: postgres.url,
      centre: simpleCentre(extensions(20)),
      users: [],
    });
  });

  afterAll(async () => {
    await daemon?.stop();
    await phones?.stop();
    await postgres?.stop();
  });

  it.each([
    ['killed', async () => await postgres.kill(), async () => await postgres.start()],
    ['frozen', async () => postgres.freeze(), async () => postgres.thaw()],
  ])('%s: no call fails, nothing is lost, nothing is there twice', async (_, leave, comeBack) => {
    const before = (await outcomes(postgres))['answered'] ?? 0;
    const callers = await Sipp.start({
      scenario: caller({ talkMs: 20_000 }),
      target: daemon.hostPort,
      service: '8000',
      calls: CALLS,
      callsPerSecond: 15,
      limitSeconds: 120,
    });
    await daemon.until('calls to flow', ({ totals }) => totals.offered > 20);
    await leave();
    // The length of the absence is what is asked for; nothing is measured by it.
    await sleep(ABSENCE_MS);
    expect((await daemon.status()).journal).toMatchObject({ databaseReachable: false });
    await comeBack();
    expect(await callers.finished()).toMatchObject({ successful: CALLS, failed: 0 });
    await daemon.settled();
    expect(await outcomes(postgres)).toEqual({ answered: before + CALLS });
    expect(await query(postgres, 'select call from live_calls')).toEqual([]);
    const [gaps] = await query<{ count: number }>(
      postgres,
      'select count(*)::int as count from (select call from call_events group by call having count(*) <> max(sequence)) as missing',
    );
    expect(gaps?.count).toBe(0);
  });
});
