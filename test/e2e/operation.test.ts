import { afterEach, describe, expect, it } from 'vitest';
import { outcomes } from '../support/centre-rows.ts';
import { Daemon, type DaemonOptions, extensions, simpleCentre } from '../support/daemon.ts';
import { Ipbx, type IpbxOptions } from '../support/kamailio.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, caller, refusedCaller } from '../support/scenario.ts';
import { call, register, Sipp } from '../support/sipp.ts';

const EXTENSIONS = extensions(4);
const AGENTS = EXTENSIONS.map((extension) => `agent-${extension}`);

interface Site {
  readonly postgres: Postgres;
  readonly ipbx: Ipbx;
  readonly phones: Sipp;
  readonly daemon: Daemon;
}

describe('the appliance in operation', () => {
  const ends: (() => Promise<unknown>)[] = [];

  const site = async (options: Partial<DaemonOptions> = {}, switchOptions: IpbxOptions = {}): Promise<Site> => {
    const [postgres, ipbx] = await Promise.all([Postgres.start(), Ipbx.start(switchOptions)]);
    ends.push(
      () => ipbx.stop(),
      () => postgres.stop(),
    );
    const phones = await Sipp.answering({ scenario: agent({ does: 'answer', ringMs: 0, talkMs: 300 }) });
    ends.unshift(() => phones.stop());
    await register(ipbx, EXTENSIONS, phones.hostPort);
    const port = options.protocol === 'tls' ? ipbx.tlsPort : ipbx.port;
    const daemon = await Daemon.start({
      ipbx: `${ipbx.address}:${port}`,
      databaseUrl: postgres.url,
      centre: simpleCentre(EXTENSIONS),
      ...(options.protocol === 'tls' ? { certificate: ipbx.certificate } : {}),
      ...options,
    });
    ends.unshift(() => daemon.stop());
    return { postgres, ipbx, phones, daemon };
  };

  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it.each(['tcp', 'tls'] as const)('calls flow over %s', async (protocol) => {
    const { ipbx, daemon, postgres } = await site({ protocol }, { tls: true });
    const result = await call({ scenario: caller({ talkMs: 20_000 }), target: ipbx.hostPort, service: '8000', calls: 20 });
    expect(result).toMatchObject({ successful: 20, failed: 0, errors: '' });
    await daemon.settled();
    expect(await outcomes(postgres)).toEqual({ answered: 20 });
  });

  it('the number is read from the Request-URI where the IPBX puts it there', async () => {
    const { ipbx } = await site({}, { keepNumber: true });
    const result = await call({ scenario: caller({ talkMs: 20_000 }), target: ipbx.hostPort, service: '8003', calls: 3 });
    expect(result).toMatchObject({ successful: 3, failed: 0 });
  });

  it('beyond the channels of the line the IPBX gets 486, and calls in progress go on', async () => {
    const { ipbx, daemon } = await site({ channels: 2 });
    await daemon.signOut(AGENTS);
    const waiting = await Sipp.start({
      scenario: caller({ talkMs: 4_000 }),
      target: ipbx.hostPort,
      service: '8000',
      calls: 2,
      limitSeconds: 30,
    });
    await daemon.until('two calls to wait', ({ calls }) => calls.length === 2);
    const refused = await call({ scenario: refusedCaller(486), target: ipbx.hostPort, service: '8000', calls: 2 });
    expect(refused).toMatchObject({ successful: 2, failed: 0 });
    expect(await waiting.finished()).toMatchObject({ successful: 2, failed: 0 });
  });

  it('a changed setting applies to calls that already wait', async () => {
    const { ipbx, daemon } = await site();
    await daemon.set('skill', 'welsh', {});
    await daemon.set('queue', 'main', { wrapUpMs: 0, announceEveryMs: null, skills: [{ skill: 'welsh' }] });
    const calling = call({ scenario: caller({ talkMs: 20_000 }), target: ipbx.hostPort, service: '8000', calls: 3 });
    await daemon.until('three calls to wait', ({ calls }) => calls.filter(({ state }) => state === 'queued').length === 3);
    await daemon.set('agent', 'agent-1001', { extension: '1001', skills: { welsh: 3 } });
    expect(await calling).toMatchObject({ successful: 3, failed: 0 });
  });

  it('SIGTERM drains: calls in progress end by themselves, new ones are refused, the user is de-registered', async () => {
    const { ipbx, daemon, postgres } = await site();
    await daemon.signOut(AGENTS);
    const calling = await Sipp.start({
      scenario: caller({ talkMs: 4_000 }),
      target: ipbx.hostPort,
      service: '8000',
      calls: 4,
      limitSeconds: 30,
    });
    await daemon.until('the calls to be there', ({ totals }) => totals.offered === 4);
    daemon.signal('SIGTERM');
    const exit = await daemon.exited();
    expect(await calling.finished()).toMatchObject({ successful: 4, failed: 0 });
    expect(exit).toEqual({ code: 0, signal: null });
    expect(await ipbx.bindings('svc')).toEqual([]);
    const found = await outcomes(postgres);
    expect(found['open']).toBeUndefined();
    expect(found['lost']).toBeUndefined();
  });

  it('a killed daemon closes what it left open as lost when it comes back, and serves', async () => {
    const { ipbx, daemon, postgres } = await site();
    const calling = await Sipp.start({
      scenario: caller({ talkMs: null }),
      target: ipbx.hostPort,
      service: '8000',
      calls: 1,
      limitSeconds: 5,
    });
    await daemon.until('the call to be there', ({ totals }) => totals.offered === 1);
    await daemon.kill();
    await calling.finished();
    await daemon.start();
    await daemon.until('agents to be as they were', ({ agents }) => agents.every(({ state }) => state === 'ready'));
    const result = await call({ scenario: caller({ talkMs: 20_000 }), target: ipbx.hostPort, service: '8000', calls: 5 });
    expect(result).toMatchObject({ successful: 5, failed: 0 });
    await daemon.settled();
    const found = await outcomes(postgres);
    expect(found['open']).toBeUndefined();
    expect(found['answered']).toBeGreaterThanOrEqual(5);
  });

  it('an IPBX that restarts and forgets its registrations is served again', async () => {
    const { ipbx, phones, daemon } = await site({ expiresSeconds: 60 });
    await ipbx.kill();
    await ipbx.start();
    await register(ipbx, EXTENSIONS, phones.hostPort);
    await ipbx.registered('svc', 100_000);
    await daemon.until('the agents to be reachable', ({ agents }) => agents.every(({ reachable }) => reachable), 60_000);
    const result = await call({ scenario: caller({ talkMs: 20_000 }), target: ipbx.hostPort, service: '8000', calls: 3 });
    expect(result).toMatchObject({ successful: 3, failed: 0 });
  });
});
