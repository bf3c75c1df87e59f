import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomes } from '../support/centre-rows.ts';
import { Daemon, extensions, simpleCentre } from '../support/daemon.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, caller } from '../support/scenario.ts';
import { Sipp } from '../support/sipp.ts';

const CALLS = 200;

/** Each peer drops one of twenty messages that it sends or gets: what is left is retransmission (RFC 3261 §17). */
const LOSSY = ['-lost', '5', '-max_retrans', '12'];

describe('5 % of all packets lost on both sides', () => {
  let postgres: Postgres;
  let phones: Sipp;
  let daemon: Daemon;

  beforeAll(async () => {
    postgres = await Postgres.start();
    phones = await Sipp.answering({ scenario: agent({ does: 'answer', ringMs: 50, talkMs: 500 }), arguments: LOSSY });
    daemon = await Daemon.start({
      ipbx: phones.hostPort,
      databaseUrl: postgres.url,
      centre: simpleCentre(extensions(20), { ringTimeoutMs: 10_000, rejectDelayMs: 0, noAnswerDelayMs: 0, autoPauseAfter: 0 }),
      users: [],
    });
  });

  afterAll(async () => {
    await daemon?.stop();
    await phones?.stop();
    await postgres?.stop();
  });

  it('every call is answered and every leg ends', async () => {
    const callers = await Sipp.start({
      scenario: caller({ talkMs: 40_000 }),
      target: daemon.hostPort,
      service: '8000',
      calls: CALLS,
      callsPerSecond: 10,
      limitSeconds: 150,
      arguments: LOSSY,
    });
    const { successful, failed } = await callers.finished();
    expect({ successful, failed }).toEqual({ successful: CALLS, failed: 0 });
    const { site, lines, media } = await daemon.settled();
    expect(await outcomes(postgres)).toEqual({ answered: CALLS });
    expect(site.totals).toMatchObject({ offered: CALLS, answered: CALLS, lost: 0 });
    expect(lines.map(({ channelsInUse }) => channelsInUse)).toEqual([0]);
    expect(media.streams).toBe(0);
  });
});
