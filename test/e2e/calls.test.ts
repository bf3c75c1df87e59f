import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomes, query } from '../support/centre-rows.ts';
import { agentsAt, Daemon, extensions } from '../support/daemon.ts';
import { Ipbx } from '../support/kamailio.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, type AgentBehaviour, caller, refusedCaller } from '../support/scenario.ts';
import { call, register, Sipp } from '../support/sipp.ts';

const QUIET = { announceEveryMs: null, wrapUpMs: 0, rejectDelayMs: 500, noAnswerDelayMs: 500, ringTimeoutMs: 3_000 };
const campaign = (number: string, target: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) => ({
  numbers: [number],
  language: 'en',
  greeting: null,
  target,
  ...more,
});
const toQueue = (queue: string) => ({ to: 'queue', queue });

/** The 20 agents, by what their telephones do. 1021 is rung by one queue only, and never answers. */
const TELEPHONES: readonly { readonly extensions: readonly string[]; readonly behaviour: AgentBehaviour }[] = [
  { extensions: extensions(12, 1001), behaviour: { does: 'answer', ringMs: 40, talkMs: 300 } },
  { extensions: extensions(2, 1013), behaviour: { does: 'answer', ringMs: 0, talkMs: null } },
  { extensions: ['1015'], behaviour: { does: 'refuse', status: '486 Busy Here' } },
  { extensions: ['1016', '1021'], behaviour: { does: 'ring' } },
  { extensions: ['1017'], behaviour: { does: 'forget', talkMs: 200 } },
  { extensions: ['1018'], behaviour: { does: 'transfer', afterMs: 200, target: '1901' } },
  { extensions: ['1019'], behaviour: { does: 'refuse', status: '603 Decline' } },
  { extensions: ['1901'], behaviour: { does: 'answer', ringMs: 20, talkMs: 200 } },
];
const DESK = extensions(12, 1001);
const LONG = extensions(2, 1013);
const TROUBLED = ['1015', '1016', '1017', '1018', '1019'];

const CENTRE = {
  skill: { desk: {}, long: {}, slow: {}, nobody: {} },
  queue: {
    main: { ...QUIET, skills: [{ skill: 'desk' }] },
    long: { ...QUIET, skills: [{ skill: 'long' }] },
    slow: { ...QUIET, ringTimeoutMs: 60_000, skills: [{ skill: 'slow' }] },
    nobody: { ...QUIET, skills: [{ skill: 'nobody' }] },
    full: { ...QUIET, capacity: 0, capacityTarget: { to: 'deterrence', prompt: null }, skills: [{ skill: 'nobody' }] },
    elsewhere: {
      ...QUIET,
      skills: [{ skill: 'nobody' }],
      overflow: [{ when: { kind: 'no-agent' }, target: { to: 'number', number: '1901' } }],
    },
  },
  agent: {
    ...agentsAt([...DESK, ...TROUBLED], { skills: { desk: 5 } }),
    ...agentsAt(LONG, { skills: { long: 5 } }),
    ...agentsAt(['1021'], { skills: { slow: 5 } }),
  },
  hours: { never: { zone: 'UTC', week: [[], [], [], [], [], [], []], closedDates: [], exceptions: {} } },
  campaign: {
    main: campaign('8000', toQueue('main')),
    greeted: campaign('8001', toQueue('main'), { greeting: 'welcome' }),
    nobody: campaign('8002', toQueue('nobody')),
    slow: campaign('8003', toQueue('slow')),
    menu: campaign('8004', { to: 'scenario', scenario: 'choice' }),
    full: campaign('8005', toQueue('full')),
    closed: campaign('8006', toQueue('main'), { calendar: 'never', closed: { to: 'deterrence', prompt: null } }),
    elsewhere: campaign('8007', toQueue('elsewhere')),
    long: campaign('8008', toQueue('long')),
  },
  scenario: {
    choice: {
      start: 'start',
      nodes: {
        start: { kind: 'menu', prompts: [], choices: { '1': 'one' }, timeoutMs: 4_000, attempts: 3, otherwise: 'bye' },
        one: { kind: 'queue', queue: 'main' },
        bye: { kind: 'hangup' },
      },
    },
  },
};

interface Wave {
  readonly number: string;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly limit?: number;
  readonly scenario: string;
  readonly outcome: 'answered' | 'abandoned' | 'deterred' | 'overflowed';
  readonly stage?: string;
}

/** Who waits for an agent never hangs up before one could have answered: the longest trouble costs a ring timeout. */
const PATIENCE_MS = 12_000;
const PATIENT = caller({ talkMs: PATIENCE_MS });
const WAVES: readonly Wave[] = [
  { number: '8000', calls: 320, callsPerSecond: 16, scenario: PATIENT, outcome: 'answered' },
  { number: '8008', calls: 30, callsPerSecond: 4, limit: 2, scenario: caller({ talkMs: 600, holdMs: 150 }), outcome: 'answered' },
  { number: '8001', calls: 40, callsPerSecond: 4, scenario: caller({ talkMs: 300 }), outcome: 'abandoned', stage: 'greeting' },
  { number: '8002', calls: 40, callsPerSecond: 4, scenario: caller({ talkMs: 800 }), outcome: 'abandoned', stage: 'queue' },
  {
    number: '8003',
    calls: 10,
    callsPerSecond: 2,
    limit: 1,
    scenario: caller({ talkMs: 1_000 }),
    outcome: 'abandoned',
    stage: 'offer',
  },
  {
    number: '8004',
    calls: 20,
    callsPerSecond: 2,
    scenario: caller({ talkMs: PATIENCE_MS, infoDigits: '1' }),
    outcome: 'answered',
  },
  { number: '8005', calls: 15, callsPerSecond: 3, scenario: PATIENT, outcome: 'deterred' },
  { number: '8006', calls: 15, callsPerSecond: 3, scenario: refusedCaller(480), outcome: 'deterred' },
  { number: '8007', calls: 10, callsPerSecond: 1, scenario: PATIENT, outcome: 'overflowed' },
];
const CALLS = 500;

describe('500 calls through the IPBX to 20 agents, every outcome', () => {
  let postgres: Postgres;
  let ipbx: Ipbx;
  let daemon: Daemon;
  const phones: Sipp[] = [];

  beforeAll(async () => {
    [postgres, ipbx] = await Promise.all([Postgres.start(), Ipbx.start()]);
    for (const { extensions: numbers, behaviour } of TELEPHONES) {
      const phone = await Sipp.answering({ scenario: agent(behaviour) });
      phones.push(phone);
      await register(ipbx, numbers, phone.hostPort);
    }
    daemon = await Daemon.start({ ipbx: ipbx.hostPort, databaseUrl: postgres.url, centre: CENTRE });
  });

  afterAll(async () => {
    await daemon?.stop();
    await Promise.all(phones.map((phone) => phone.stop()));
    await ipbx?.stop();
    await postgres?.stop();
  });

  it('each call ends as its caller and its agent made it end', async () => {
    expect(WAVES.reduce((sum, { calls }) => sum + calls, 0)).toBe(CALLS);
    const runs = await Promise.all(
      WAVES.map(({ number, calls, callsPerSecond, limit, scenario }) =>
        Sipp.start({
          scenario,
          target: ipbx.hostPort,
          service: number,
          calls,
          callsPerSecond,
          limitSeconds: 90,
          ...(limit === undefined ? {} : { limit }),
        }),
      ),
    );
    const results = await Promise.all(runs.map((run) => run.finished()));
    for (const [index, { successful, failed, errors }] of results.entries()) {
      expect({ wave: index, successful, failed, errors }).toEqual({
        wave: index,
        successful: WAVES[index]?.calls,
        failed: 0,
        errors: '',
      });
    }

    const { site } = await daemon.settled();
    const expected: Record<string, number> = {};
    for (const { outcome, calls } of WAVES) expected[outcome] = (expected[outcome] ?? 0) + calls;
    expect(await outcomes(postgres)).toEqual(expected);
    expect(site.totals).toMatchObject({ offered: CALLS, inProgress: 0, lost: 0, ...expected });

    const stages = await query<{ dialled: string; stage: string; count: number }>(
      postgres,
      "select dialled, stage, count(*)::int as count from calls where outcome = 'abandoned' group by dialled, stage order by dialled",
    );
    expect(stages).toEqual(
      WAVES.filter(({ stage }) => stage !== undefined).map(({ number, stage, calls }) => ({
        dialled: number,
        stage,
        count: calls,
      })),
    );
  });

  it('nothing of the calls is left anywhere', async () => {
    const status = await daemon.status();
    expect(status.lines.map(({ channelsInUse }) => channelsInUse)).toEqual([0]);
    expect(status.media).toMatchObject({ streams: 0, bridges: 0 });
    expect(await query(postgres, 'select call from live_calls')).toEqual([]);
    const busy = status.site.agents.filter(({ state }) => !['ready', 'resting', 'paused'].includes(state));
    expect(busy).toEqual([]);
  });

  it('the trouble of each telephone is written with its cause', async () => {
    const rows = await query<{ event: string; count: number }>(
      postgres,
      'select event, count(*)::int as count from call_events group by event',
    );
    const count = Object.fromEntries(rows.map((row) => [row.event, row.count]));
    expect(count['agent-rejected']).toBeGreaterThan(0);
    expect(count['agent-no-answer']).toBeGreaterThan(0);
    expect(count['transferred']).toBeGreaterThan(0);
    expect(count['held']).toBeGreaterThan(0);
    expect(count['digit']).toBe(20);
    expect(count['ended']).toBe(CALLS);
    // Three unanswered calls in a row: nobody sits there.
    expect(await daemon.agent('agent-1016')).toMatchObject({ state: 'paused' });
  });

  it('each call’s events are numbered without a gap, and an agent never had two calls at a time', async () => {
    expect(
      await query(postgres, 'select call from call_events group by call having count(*) <> max(sequence) or min(sequence) <> 1'),
    ).toEqual([]);
    expect(
      await query(
        postgres,
        `select a.call from calls a join calls b on a.agent = b.agent and a.call < b.call and a.agent <> 'agent-1018'
          where a.bridged_at < b.ended_at and b.bridged_at < a.ended_at`,
      ),
    ).toEqual([]);
  });

  it('an outside caller cannot use the service to reach what is not a campaign', async () => {
    const refused = await call({ scenario: refusedCaller(404), target: ipbx.hostPort, service: '8009', calls: 3 });
    expect(refused).toMatchObject({ successful: 3, failed: 0 });
  });
});
