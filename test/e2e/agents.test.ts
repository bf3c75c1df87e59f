import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Phone } from '../support/baresip.ts';
import { Daemon, simpleCentre } from '../support/daemon.ts';
import { Ipbx } from '../support/kamailio.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, caller } from '../support/scenario.ts';
import { call, register, Sipp } from '../support/sipp.ts';

describe('agents and their telephones', () => {
  let postgres: Postgres;
  let ipbx: Ipbx;
  let daemon: Daemon;

  const is = (id: string, state: string) =>
    daemon.until(`${id} to be ${state}`, ({ agents }) => agents.some((each) => each.agent === id && each.state === state));

  beforeAll(async () => {
    [postgres, ipbx] = await Promise.all([Postgres.start(), Ipbx.start({ silenceMs: 1_000 })]);
    const centre = {
      ...simpleCentre(['1001', '1002'], { rejectDelayMs: 500, noAnswerDelayMs: 500, ringTimeoutMs: 3_000 }),
      settings: { settings: { silenceProbeMs: 5_000 } },
      'pause-reason': { lunch: { digits: '1' } },
    };
    daemon = await Daemon.start({ ipbx: ipbx.hostPort, databaseUrl: postgres.url, centre }, { signIn: false });
  });

  afterEach(async () => {
    for (const { agent: id, state } of (await daemon.site()).agents) {
      if (state !== 'signed-out') await daemon.request('order', { order: { kind: 'agent.signOut', agent: id } });
    }
    await daemon.until('the calls to end', ({ totals }) => totals.inProgress === 0);
  });

  afterAll(async () => {
    await daemon?.stop();
    await ipbx?.stop();
    await postgres?.stop();
  });

  it('sign in, pause, resume and sign out by feature codes from the extension', async () => {
    const phone = await Phone.start(ipbx, { user: '1001', toneHz: 600 });
    const dial = async (code: string): Promise<void> => {
      const since = phone.events.length;
      await phone.dial(code);
      await phone.event('CALL_CLOSED', since);
    };
    await dial('*11');
    await is('agent-1001', 'ready');
    await dial('*131');
    await is('agent-1001', 'paused');
    expect(await daemon.agent('agent-1001')).toMatchObject({ reason: 'lunch' });
    await dial('*14');
    await is('agent-1001', 'ready');
    await dial('*12');
    await is('agent-1001', 'signed-out');
    await phone.stop();
  });

  it('an extension that is not registered is not rung; the call goes to one that is', async () => {
    const phone = await Sipp.answering({ scenario: agent({ does: 'answer', ringMs: 0, talkMs: 200 }) });
    await register(ipbx, ['1002'], phone.hostPort);
    await daemon.signIn(['agent-1001', 'agent-1002']);
    await daemon.until('the missing telephone to be known', ({ agents }) => agents.some(({ reachable }) => !reachable));
    const result = await call({ scenario: caller({ talkMs: 10_000 }), target: ipbx.hostPort, service: '8000', calls: 5 });
    expect(result).toMatchObject({ successful: 5, failed: 0 });
    expect(await daemon.agent('agent-1001')).toMatchObject({ callsAnswered: 0, ringNoAnswers: 0 });
    expect(await daemon.agent('agent-1002')).toMatchObject({ callsAnswered: 5 });
    await phone.stop();
  });

  it('a paused agent is not rung, and gets the waiting call at once when it resumes', async () => {
    const phone = await Sipp.answering({ scenario: agent({ does: 'answer', ringMs: 0, talkMs: 200 }) });
    await register(ipbx, ['1001'], phone.hostPort);
    await daemon.signIn(['agent-1001']);
    await daemon.request('order', { order: { kind: 'agent.pause', agent: 'agent-1001', reason: 'lunch' } });
    const calling = call({ scenario: caller({ talkMs: 20_000 }), target: ipbx.hostPort, service: '8000' });
    await daemon.until('the call to wait', ({ calls }) => calls.some(({ state }) => state === 'queued'));
    await daemon.request('order', { order: { kind: 'agent.resume', agent: 'agent-1001' } });
    expect(await calling).toMatchObject({ successful: 1, failed: 0 });
    expect(await daemon.agent('agent-1001')).toMatchObject({ ringNoAnswers: 0 });
    await phone.stop();
  });

  it('a telephone that vanished in conversation is found out, and its agent and caller are freed', async () => {
    const phone = await Sipp.answering({ scenario: agent({ does: 'forget', talkMs: 300 }) });
    await register(ipbx, ['1001'], phone.hostPort);
    await daemon.signIn(['agent-1001']);
    const callers = await Sipp.start({
      scenario: caller({ talkMs: 60_000 }),
      target: ipbx.hostPort,
      service: '8000',
      calls: 1,
      limitSeconds: 90,
    });
    await is('agent-1001', 'talking');
    // Nobody sends BYE: only the silence and then the probe tell.
    await daemon.until('the lost call to be healed', ({ agents }) => agents.every(({ state }) => state !== 'talking'), 60_000);
    for (const { call: id } of await daemon.calls()) await daemon.request('order', { order: { kind: 'call.hangup', call: id } });
    expect(await callers.finished()).toMatchObject({ successful: 1, failed: 0 });
    await phone.stop();
  });
});
