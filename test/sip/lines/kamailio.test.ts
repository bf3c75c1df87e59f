import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/clock/clock.ts';
import { createSipLines, type SipLines } from '../../../src/adapters/sip/lines.ts';
import type { SipLineOptions } from '../../../src/adapters/sip/options.ts';
import type { Protocol } from '../../../src/adapters/sip/wire/types.ts';
import { DOMAIN, Ipbx, passwordOf } from '../../support/kamailio.ts';
import { FakeMedia } from './fake-media.ts';
import { Events, type LogLine, memoryLog } from './rig.ts';

let ipbx: Ipbx;
const opened: SipLines[] = [];

interface Party {
  readonly lines: SipLines;
  readonly events: Events;
  readonly media: FakeMedia;
}

async function party(protocol: Protocol, user: string, line: Partial<SipLineOptions> = {}): Promise<Party> {
  const events = new Events();
  const log: LogLine[] = [];
  const media = new FakeMedia();
  const lines = createSipLines(
    {
      protocol,
      listen: { address: '127.0.0.1', port: 0 },
      ipbx: [{ host: ipbx.address, port: protocol === 'TLS' ? ipbx.tlsPort : ipbx.port }],
      domain: DOMAIN,
      lines: [{ id: 'main', user, password: passwordOf(user), channels: 10, register: true, ...line }],
      ...(protocol === 'TLS' && { tls: { ca: readFileSync(ipbx.certificate.certFile, 'utf8'), serverName: DOMAIN } }),
    },
    { media, clock: systemClock(), log: memoryLog(log), randomness: Math.random },
  );
  opened.push(lines);
  await lines.start(events.push);
  return { lines, events, media };
}

describe.each(['UDP', 'TCP', 'TLS'] as const)('with a real IPBX over %s', (protocol) => {
  beforeEach(async () => {
    ipbx = await Ipbx.start({ tls: true, silenceMs: 2_000 });
  });
  afterEach(async () => {
    for (const lines of opened.splice(0)) await lines.stop();
    await ipbx.stop();
  });

  it('registers with digest, reads its binding, and de-registers at the end', async () => {
    const { lines, events } = await party(protocol, 'svc', { contactUser: 'svc-e7' });
    await events.next('line.state', (event) => event.registered);
    expect((await ipbx.bindings('svc'))[0]?.contact).toContain('sip:svc-e7@127.0.0.1');
    const [binding] = await lines.readBindings('main');
    expect(binding).toMatchObject({ user: 'svc-e7', host: '127.0.0.1' });
    expect(binding?.expiresSeconds).toBeGreaterThan(200);
    await lines.clearBindings('main');
    expect(await ipbx.bindings('svc')).toEqual([]);
    expect(await lines.readBindings('main')).toEqual([]);
    await lines.stop();
    await ipbx.unregistered('svc');
  });

  it('a wrong password is refused and reported', async () => {
    const { events, lines } = await party(protocol, 'svc', { password: 'wrong' });
    expect(await events.next('line.state')).toMatchObject({ registered: false, reason: 'refused with 401' });
    await expect(lines.readBindings('main')).rejects.toMatchObject({ code: 'SIP_REGISTER' });
  });

  it('one calls the other through the IPBX: ringing, answer, probe, re-INVITE, hang-up, refusal, cancel', async () => {
    const agent = await party(protocol, '1001');
    const caller = await party(protocol, '1002');
    for (const { events } of [agent, caller]) await events.next('line.state', (event) => event.registered);
    const call = (leg: string, target = '1001'): void =>
      caller.lines.perform({ type: 'leg.call', leg, line: null, target, caller: null, callerName: null, replaces: null });
    call('a');
    const { leg, caller: shown, dialled } = await agent.events.next('leg.incoming');
    expect([shown, dialled]).toEqual(['1002', '1001']);
    agent.lines.perform({ type: 'leg.ring', leg });
    await caller.events.next('leg.ringing');
    agent.lines.perform({ type: 'leg.answer', leg });
    await caller.events.next('leg.answered');
    await agent.events.next('leg.answered');
    expect(agent.media.streams.get(leg)?.port).toBe(caller.media.open('a').port);
    // Each end's probe and re-INVITE goes through the recorded route.
    agent.lines.perform({ type: 'leg.relay', leg });
    caller.lines.perform({ type: 'leg.probe', leg: 'a' });
    caller.lines.perform({ type: 'leg.relay', leg: 'a' });
    caller.lines.perform({ type: 'leg.hangup', leg: 'a' });
    expect(await agent.events.next('leg.ended')).toMatchObject({ leg, cause: 'remote' });

    call('b');
    const second = await agent.events.next('leg.incoming');
    agent.lines.perform({ type: 'leg.refuse', leg: second.leg, refusal: 'busy' });
    expect(await caller.events.next('leg.failed')).toMatchObject({ leg: 'b', cause: 'busy', status: 486 });

    call('c');
    const third = await agent.events.next('leg.incoming');
    agent.lines.perform({ type: 'leg.ring', leg: third.leg });
    await caller.events.next('leg.ringing');
    caller.lines.perform({ type: 'leg.hangup', leg: 'c' });
    expect(await agent.events.next('leg.ended', (event) => event.leg === third.leg)).toMatchObject({ cause: 'remote' });

    call('d', '1003');
    expect(await caller.events.next('leg.failed')).toMatchObject({ leg: 'd', cause: 'unreachable', status: 480 });
    call('e', '999');
    expect(await caller.events.next('leg.failed')).toMatchObject({ leg: 'e', cause: 'unknown-number', status: 404 });
    for (const [extension, reachable] of [
      ['1001', true],
      ['1003', false],
    ] as const) {
      caller.lines.perform({ type: 'extension.probe', extension });
      expect(await caller.events.next('extension.state')).toEqual({ type: 'extension.state', extension, reachable });
    }
    expect([agent, caller].map(({ lines }) => lines.legs().size)).toEqual([0, 0]);
  });

  it('a caller of the service number is joined to an agent directly, and brought back', async () => {
    const service = await party(protocol, 'svc');
    const agent = await party(protocol, '1001');
    const caller = await party(protocol, '1002');
    for (const { events } of [service, agent, caller]) await events.next('line.state', (event) => event.registered);
    const order = { line: null, caller: null, callerName: null, replaces: null };
    caller.lines.perform({ type: 'leg.call', leg: 'c', target: '8000', ...order });
    const { leg, dialled, caller: number } = await service.events.next('leg.incoming');
    expect([dialled, number]).toEqual(['8000', '1002']);
    service.lines.perform({ type: 'leg.answer', leg });
    await service.events.next('leg.answered');
    service.lines.perform({ type: 'leg.call', leg: 'a', target: '1001', ...order });
    const { leg: atAgent } = await agent.events.next('leg.incoming');
    agent.lines.perform({ type: 'leg.answer', leg: atAgent });
    await service.events.next('leg.answered');
    const heard = (): unknown[] => [caller.media.streams.get('c')?.port, agent.media.streams.get(atAgent)?.port];
    expect(heard()).toEqual([service.media.open(leg).port, service.media.open('a').port]);

    service.lines.perform({ type: 'leg.direct', first: leg, second: 'a' });
    await expect.poll(heard, { timeout: 15_000 }).toEqual([agent.media.open(atAgent).port, caller.media.open('c').port]);
    for (const joined of [leg, 'a']) service.lines.perform({ type: 'leg.relay', leg: joined });
    await expect.poll(heard, { timeout: 15_000 }).toEqual([service.media.open(leg).port, service.media.open('a').port]);

    caller.lines.perform({ type: 'leg.hangup', leg: 'c' });
    expect(await service.events.next('leg.ended')).toMatchObject({ leg, cause: 'remote' });
    service.lines.perform({ type: 'leg.hangup', leg: 'a' });
    expect(await agent.events.next('leg.ended')).toMatchObject({ leg: atAgent, cause: 'remote' });
    expect(service.events.of('leg.directFailed')).toEqual([]);
  });
});
