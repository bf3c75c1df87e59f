import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Phone } from '../support/baresip.ts';
import { Ipbx } from '../support/kamailio.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, caller, cancellingCaller, refusedCaller } from '../support/scenario.ts';
import { call, register, Sipp } from '../support/sipp.ts';
import { heardMs } from '../support/sound.ts';

/** The peers are proved against one another first: what fails below is not the appliance. */
describe('test peers', () => {
  let ipbx: Ipbx;

  beforeAll(async () => {
    ipbx = await Ipbx.start({ tls: true });
  });
  afterAll(async () => await ipbx.stop());

  it.each([
    ['the caller hangs up', caller({ talkMs: 200 }), agent({ does: 'answer', ringMs: 50, talkMs: null })],
    ['the telephone hangs up', caller({ talkMs: null }), agent({ does: 'answer', ringMs: 0, talkMs: 200 })],
    ['hold and back', caller({ talkMs: 200, holdMs: 100 }), agent({ does: 'answer', ringMs: 0, talkMs: null })],
    ['the caller gives up', cancellingCaller(200), agent({ does: 'ring' })],
    ['busy', refusedCaller(486), agent({ does: 'refuse', status: '486 Busy Here' })],
  ])('SIPp through the IPBX: %s', async (_, calling, answering) => {
    const phone = await Sipp.answering({ scenario: answering });
    await register(ipbx, ['svc'], phone.hostPort);
    const callers = await call({ scenario: calling, target: ipbx.hostPort, service: '8000', calls: 3, limitSeconds: 20 });
    const answered = await phone.stop();
    expect(callers).toMatchObject({ successful: 3, failed: 0, errors: '' });
    expect(answered).toMatchObject({ successful: 3, failed: 0, errors: '' });
  });

  it('the IPBX refuses a forged registration and an outside caller beyond the hunt numbers', async () => {
    await expect(register(ipbx, ['1999'], '127.0.0.1:9', 60)).resolves.toBeUndefined();
    await expect(register(ipbx, ['nobody'], '127.0.0.1:9', 60)).rejects.toThrow('403');
    const refused = await call({ scenario: refusedCaller(403), target: ipbx.hostPort, service: '1999', limitSeconds: 10 });
    expect(refused).toMatchObject({ successful: 1, failed: 0 });
  });

  it.each(['udp', 'tcp', 'tls'] as const)('two telephones hear each other over %s', async (transport) => {
    const first = await Phone.start(ipbx, { user: '1001', toneHz: 500, transport });
    const second = await Phone.start(ipbx, { user: '1002', toneHz: 700, transport, answers: true });
    await first.dial('1002');
    const [byFirst, bySecond] = await Promise.all([first.hearing(1_000), second.hearing(1_000)]);
    expect(heardMs(byFirst, 700)).toBeGreaterThan(700);
    expect(heardMs(bySecond, 500)).toBeGreaterThan(700);
    expect(heardMs(byFirst, 500)).toBe(0);
    await first.command('hangup');
    await second.event('CALL_CLOSED');
    await Promise.all([first.stop(), second.stop()]);
  });

  it('the IPBX forgets its bindings when it restarts', async () => {
    await register(ipbx, ['svc'], '127.0.0.1:9');
    expect(await ipbx.bindings('svc')).toHaveLength(1);
    await ipbx.kill();
    await ipbx.start();
    expect(await ipbx.bindings('svc')).toEqual([]);
  });

  it('a database of its own starts, is killed and starts again', async () => {
    const postgres = await Postgres.start();
    await postgres.kill();
    await postgres.start();
    await postgres.stop();
  });
});
