import { afterEach, describe, expect, it } from 'vitest';
import { Ipbx } from '../../src/main/demonstration/ipbx/ipbx.ts';
import type { Call } from '../../src/main/demonstration/telephone/call.ts';
import { Telephone } from '../../src/main/demonstration/telephone/telephone.ts';
import type { TelephoneOptions } from '../../src/main/demonstration/telephone/telephone.ts';

const DOMAIN = 'ipbx.test';
const HUNT = '0199001001';
const open: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.stop();
});

async function ipbx(hunt: readonly string[] = ['svc', 'watch', 'svc'], noAnswerMs = 5_000): Promise<Ipbx> {
  const users = new Map(
    ['101', '102', 'svc', 'watch'].map((user) => [user, { password: `pw-${user}`, service: user.length > 3 || user === 'svc' }]),
  );
  const made = new Ipbx({ domain: DOMAIN, users, hunt: { numbers: [HUNT], users: hunt, noAnswerMs, silenceMs: 2_000 } });
  await made.start();
  open.push(made);
  return made;
}

async function telephone(at: Ipbx, user: string, options: Partial<TelephoneOptions> = {}): Promise<Telephone> {
  const made = new Telephone({
    user,
    name: user,
    domain: DOMAIN,
    password: `pw-${user}`,
    ipbx: at.address,
    pitchHz: 440,
    ...options,
  });
  await made.open();
  open.push({ stop: () => made.close() });
  return made;
}

const outside = (at: Ipbx, options: Partial<TelephoneOptions> = {}): Promise<Telephone> =>
  telephone(at, '0639980001', { password: null, domain: 'operator.invalid', pitchHz: 700, ...options });

/** A registered telephone that does `onCall` and keeps what arrives. */
async function registered(at: Ipbx, user: string, onCall: (call: Call) => void): Promise<{ phone: Telephone; arrived: Call[] }> {
  const arrived: Call[] = [];
  const phone = await telephone(at, user, {
    onCall: (call) => {
      arrived.push(call);
      onCall(call);
    },
  });
  expect(await phone.register()).toBe(200);
  return { phone, arrived };
}

const answer = (call: Call): void => {
  call.ring();
  call.answer();
};

describe('registrar', () => {
  it('refuses a wrong password and an unknown user with 403', async () => {
    const at = await ipbx();
    expect(await (await telephone(at, '101', { password: 'wrong' })).register()).toBe(403);
    expect(await (await telephone(at, '999')).register()).toBe(403);
    expect(at.registered()).toEqual([]);
  });

  it('registers, and forgets who de-registers', async () => {
    const at = await ipbx();
    const phone = await telephone(at, '101');
    expect(await phone.register()).toBe(200);
    expect(at.registered()).toEqual(['101']);
    await phone.close();
    expect(at.registered()).toEqual([]);
  });
});

describe('calls between extensions', () => {
  it('connects two telephones, which hear one another', async () => {
    const at = await ipbx();
    const { arrived } = await registered(at, '102', answer);
    const caller = await telephone(at, '101', { pitchHz: 600 });
    await caller.register();
    const call = await caller.call('102');
    expect(await call.answered).toBe(true);
    const [far] = arrived;
    expect(far?.caller).toBe('101');
    await expect.poll(() => far?.sound.shareHeard(600) ?? 0).toBeGreaterThan(0.5);
    await expect.poll(() => call.sound.shareHeard(440)).toBeGreaterThan(0.5);
    expect(call.sound.shareHeard(600)).toBeLessThan(0.1);
    call.sound.press('5');
    await expect.poll(() => far?.sound.heard.keys).toBe('5');
    call.hangup();
    expect(await far?.ended).toEqual({ by: 'them', status: null });
  });

  it('holds and resumes, either side', async () => {
    const at = await ipbx();
    const { arrived } = await registered(at, '102', answer);
    const call = await (await telephone(at, '101')).call('102');
    await call.answered;
    expect(await call.hold()).toBe(true);
    expect(arrived[0]?.held).toBe(true);
    expect(await call.resume()).toBe(true);
    expect(arrived[0]?.held).toBe(false);
    expect(await arrived[0]?.hold()).toBe(true);
    expect(call.held).toBe(true);
    arrived[0]?.hangup();
    expect(await call.ended).toEqual({ by: 'them', status: null });
  });

  it('reports a transfer that the far end refuses', async () => {
    const at = await ipbx();
    await registered(at, '102', answer);
    const call = await (await telephone(at, '101')).call('102');
    await call.answered;
    expect(await call.transfer('sip:103@ipbx.test', 'sip:101@ipbx.test')).toBe(405);
  });

  it('leaves a telephone busy that has no room for another call', async () => {
    const at = await ipbx();
    const busy = await telephone(at, '102');
    await busy.register();
    expect(await (await (await telephone(at, '101')).call('102')).ended).toEqual({ by: 'them', status: 486 });
  });

  it('carries a cancel: the callee stops ringing, the caller hears 487', async () => {
    const at = await ipbx();
    const { arrived } = await registered(at, '102', (call) => call.ring());
    const call = await (await telephone(at, '101')).call('102');
    await expect.poll(() => arrived.length).toBe(1);
    call.hangup();
    expect(await arrived[0]?.ended).toEqual({ by: 'them', status: 487 });
    expect(await call.ended).toEqual({ by: 'us', status: 487 });
  });

  it('carries a refusal, says 480 for who is not there and 404 for an unknown number', async () => {
    const at = await ipbx();
    await registered(at, '102', (call) => call.reject(486));
    const phone = await telephone(at, '101');
    expect(await (await phone.call('102')).ended).toEqual({ by: 'them', status: 486 });
    expect(await (await phone.call('watch')).ended).toEqual({ by: 'them', status: 480 });
    expect(await (await phone.call('777')).ended).toEqual({ by: 'them', status: 404 });
  });

  it('does not let a user call with a wrong password', async () => {
    const at = await ipbx();
    await registered(at, '102', answer);
    const forger = await telephone(at, '101', { password: 'wrong' });
    expect(await (await forger.call('102')).ended).toEqual({ by: 'them', status: 403 });
  });
});

describe('hunt number', () => {
  it('sends a refused call to the second server, and its refusal back to the first as a new attempt', async () => {
    const at = await ipbx();
    const service = await registered(at, 'svc', (call) => (service.arrived.length === 1 ? call.reject(486) : answer(call)));
    const watch = await registered(at, 'watch', (call) => call.reject(486));
    const call = await (await outside(at)).call(HUNT);
    expect(await call.answered).toBe(true);
    expect([service.arrived.length, watch.arrived.length]).toEqual([2, 1]);
    call.hangup();
    expect(await service.arrived[1]?.ended).toEqual({ by: 'them', status: null });
  });

  it('gives up who does not answer in time and takes the next', async () => {
    const at = await ipbx(['svc', 'watch', 'svc'], 300);
    const service = await registered(at, 'svc', (call) => call.ring());
    await registered(at, 'watch', answer);
    const call = await (await outside(at)).call(HUNT);
    expect(await call.answered).toBe(true);
    expect(await service.arrived[0]?.ended).toEqual({ by: 'them', status: 487 });
  });

  it('says 480 when all refuse, and when nobody is registered', async () => {
    const at = await ipbx();
    const caller = await outside(at);
    expect(await (await caller.call(HUNT)).ended).toEqual({ by: 'them', status: 480 });
    await registered(at, 'svc', (call) => call.reject(486));
    expect(await (await caller.call(HUNT)).ended).toEqual({ by: 'them', status: 480 });
  });

  it('stops hunting when the caller gives up', async () => {
    const at = await ipbx();
    const service = await registered(at, 'svc', (call) => call.ring());
    const watch = await registered(at, 'watch', answer);
    const call = await (await outside(at)).call(HUNT);
    await expect.poll(() => service.arrived.length).toBe(1);
    call.hangup();
    expect(await call.ended).toEqual({ by: 'us', status: 487 });
    expect(watch.arrived.length).toBe(0);
  });

  it('takes codes that begin with a star from extensions, not from outside; outside reaches no extension', async () => {
    const at = await ipbx(['svc']);
    const service = await registered(at, 'svc', answer);
    const call = await (await telephone(at, '101')).call('*11');
    expect(await call.answered).toBe(true);
    expect(service.arrived[0]?.caller).toBe('101');
    const caller = await outside(at);
    expect(await (await caller.call('*11')).ended).toEqual({ by: 'them', status: 404 });
    expect(await (await caller.call('101')).ended).toEqual({ by: 'them', status: 404 });
  });
});
