import { describe, expect, it } from 'vitest';
import { Locator } from '../../../src/adapters/sip/wire/dns.ts';
import type { Resolver } from '../../../src/adapters/sip/wire/types.ts';
import { until } from '../../support/wait.ts';
import { response } from '../sipjs/support.ts';
import { openTransport, ours, Peer } from './support.ts';

const TWO = 'sip:ipbx.example';
const answering = (peer: Peer): Peer => {
  peer.answer = (text) =>
    text.startsWith('SIP/') || text.startsWith('ACK') || text.trim() === '' ? undefined : response(text, 200);
  return peer;
};
const at = (peer: Peer): { host: string; port: number } => ({ host: '127.0.0.1', port: peer.port });

/** Two IPBXs, both answering. */
async function pair(): Promise<[Peer, Peer]> {
  const [first, second] = await Promise.all([new Peer().open(), new Peer().open()]);
  return [answering(first), answering(second)];
}

describe('two IPBX addresses', () => {
  it('the first is used while it lives', async () => {
    const [first, second] = await pair();
    const { transport, messages } = await openTransport({ outbound: [at(first), at(second)] });
    for (let count = 1; count <= 3; count++) {
      await transport.send(ours(transport, 'OPTIONS', { uri: TWO }));
      await until('the answer', () => messages.length === count);
    }
    expect([first.seen('OPTIONS').length, second.received.length]).toEqual([3, 0]);
    expect(transport.targets().map(({ alive, current }) => [alive, current])).toEqual([
      [true, true],
      [true, false],
    ]);
  });

  it('when the network says that nobody is there, the request goes to the second at once (ICMP)', async () => {
    const [first, second] = await pair();
    const { transport, messages, targets } = await openTransport({
      outbound: [at(first), at(second)],
      // So long that only the ICMP error can be the reason.
      failover: { deadAfterMs: 60_000, probeIntervalMs: 60_000 },
    });
    await first.stop();
    await transport.send(ours(transport, 'REGISTER', { uri: TWO }));
    await until('the answer of the second', () => messages.length === 1);
    expect(second.seen('REGISTER')).toHaveLength(1);
    expect(targets.map((target) => target?.port)).toEqual([second.port]);
    expect(transport.counters.failovers).toBe(1);
    await transport.send(ours(transport, 'OPTIONS', { uri: TWO }));
    await until('the next', () => second.seen('OPTIONS').length === 1);
  });

  it('silence does the same, and the first is taken again when it answers probes twice', async () => {
    const [first, second] = await pair();
    first.answer = () => undefined;
    const { transport, messages, targets } = await openTransport({ outbound: [at(first), at(second)] });
    await transport.send(ours(transport, 'REGISTER', { uri: TWO }));
    await until('the answer of the second', () => messages.length === 1);
    await until('a probe', () => first.received.some((text) => text.includes('z9hG4bKprobe')));
    answering(first);
    await until('the return', () => targets.length === 2);
    expect(targets.map((target) => target?.port)).toEqual([second.port, first.port]);
    expect(messages).toHaveLength(1);
    await transport.send(ours(transport, 'OPTIONS', { uri: TWO, branch: 'z9hG4bKafter' }));
    await until('the next at the first', () => first.received.some((text) => text.includes('z9hG4bKafter')));
  });

  it('one lost request among others is no silence', async () => {
    const [first, second] = await pair();
    first.answer = (text) => (text.startsWith('INFO') ? undefined : response(text, 200));
    const { transport, targets, messages } = await openTransport({ outbound: [at(first), at(second)] });
    await transport.send(ours(transport, 'INFO', { uri: TWO }));
    for (let count = 1; first.seen('INFO').length < 6; count++) {
      await transport.send(ours(transport, 'OPTIONS', { uri: TWO }));
      await until('an answer', () => messages.length >= count);
    }
    expect([targets, second.received]).toEqual([[], []]);
  });

  it.each([
    ['REGISTER', undefined, true],
    ['INVITE', 'Retry-After: 5', true],
    ['INVITE', undefined, false],
  ])('503 to %s with %s takes the first out: %s (RFC 3261 §21.5.4)', async (method, retryAfter, taken) => {
    const [first, second] = await pair();
    first.answer = (text) =>
      text.startsWith('ACK') ? undefined : response(text, 503, { headers: retryAfter === undefined ? [] : [retryAfter] });
    const { transport, messages } = await openTransport({ outbound: [at(first), at(second)] });
    await transport.send(ours(transport, method, { uri: TWO }));
    await until('the refusal', () => messages.length === 1);
    expect(messages[0]?.text).toMatch(/^SIP\/2\.0 503/);
    await transport.send(ours(transport, 'OPTIONS', { uri: TWO, branch: 'z9hG4bKnext' }));
    const asked = taken ? second : first;
    await until('the next', () => asked.received.some((text) => text.includes('z9hG4bKnext')));
  });

  it('503 of the only one changes nothing', async () => {
    const first = await new Peer().open();
    first.answer = (text) => response(text, 503);
    const { transport, messages, targets } = await openTransport({ outbound: [at(first)] });
    await transport.send(ours(transport, 'REGISTER', { uri: TWO }));
    await until('the refusal', () => messages.length === 1);
    expect([targets, transport.targets()[0]?.alive]).toEqual([[], true]);
  });

  it('CANCEL and the ACK of a refusal go where the INVITE went, also after a failover (RFC 3261 §9.1)', async () => {
    const [first, second] = await pair();
    first.answer = (text) => (text.startsWith('INVITE') ? response(text, 100, { toTag: '' }) : undefined);
    const { transport, messages, targets } = await openTransport({ outbound: [at(first), at(second)] });
    await transport.send(ours(transport, 'INVITE', { uri: TWO, branch: 'z9hG4bKcall' }));
    await until('the trying', () => messages.length === 1);
    await transport.send(ours(transport, 'REGISTER', { uri: TWO }));
    await until('the failover', () => targets.length === 1);
    await transport.send(ours(transport, 'CANCEL', { uri: TWO, branch: 'z9hG4bKcall' }));
    await until('the CANCEL', () => first.seen('CANCEL').length > 0);
    await transport.send(ours(transport, 'ACK', { uri: TWO, branch: 'z9hG4bKcall' }));
    await until('the ACK', () => first.seen('ACK').length === 1);
  });

  it('with one address, too: a domain that is a bare address does not draw the ACK of a refusal to port 5060', async () => {
    const peer = answering(await new Peer().open());
    peer.answer = (text) => (text.startsWith('INVITE') ? response(text, 486) : undefined);
    const { transport, messages } = await openTransport({ outbound: [at(peer)] });
    await transport.send(ours(transport, 'INVITE', { uri: 'sip:1001@127.0.0.1', branch: 'z9hG4bKbusy' }));
    await until('the refusal', () => messages.length === 1);
    await transport.send(ours(transport, 'ACK', { uri: 'sip:1001@127.0.0.1', branch: 'z9hG4bKbusy', toTag: 'x' }));
    await until('the ACK', () => peer.seen('ACK').length === 1);
  });

  it('requests inside a dialog go where the dialog says, and to the other only when that one is dead', async () => {
    const [first, second] = await pair();
    const { transport, targets } = await openTransport({ outbound: [at(first), at(second)] });
    const { endpoint } = second;
    await transport.send(ours(transport, 'BYE', { to: endpoint, toTag: 'x', branch: 'z9hG4bKone' }));
    await until('the BYE', () => second.seen('BYE').length === 1);
    await second.stop();
    await transport.send(ours(transport, 'BYE', { to: endpoint, toTag: 'x', branch: 'z9hG4bKtwo' }));
    await until('the BYE at the other', () => first.seen('BYE').length === 1);
    expect(targets).toEqual([]);
  });

  it('a Route outside a dialog is followed when it names somebody else', async () => {
    const [first, second] = await pair();
    const { transport } = await openTransport({ outbound: [at(first)] });
    const route = `Route: <sip:127.0.0.1:${second.port};lr>`;
    await transport.send(ours(transport, 'OPTIONS', { uri: TWO, headers: [route] }));
    await until('the request', () => second.seen('OPTIONS').length === 1);
    expect(first.received).toEqual([]);
  });

  it('the only one gone: its requests fail at once, later ones are still tried', async () => {
    const first = await new Peer().open();
    const { port } = first;
    const { transport, unreachable, targets } = await openTransport({ outbound: [at(first)] });
    await first.stop();
    await transport.send(ours(transport, 'INVITE', { uri: TWO }));
    await until('the failure', () => unreachable.length === 1);
    expect(targets).toEqual([null]);
    const again = answering(await new Peer().open(port));
    await transport.send(ours(transport, 'OPTIONS', { uri: TWO }));
    await until('the request', () => again.seen('OPTIONS').length > 0);
    await until('the return', () => targets.at(-1)?.port === port);
  });
});

const records =
  (...names: [string, number, number, number][]): Resolver['srv'] =>
  () =>
    Promise.resolve(names.map(([name, port, priority, weight]) => ({ name, port, priority, weight })));

describe('names (RFC 3263)', () => {
  const addresses: Resolver['addresses'] = (host) =>
    host.endsWith('.example') ? Promise.resolve([`192.0.2.${host.charCodeAt(0) - 96}`]) : Promise.reject(new Error('ENOTFOUND'));

  it('are asked for SRV when no port is given, by priority and weight', async () => {
    const srv = records(['b.example', 5070, 10, 1], ['c.example', 5080, 20, 0], ['a.example', 5060, 10, 99]);
    const locate = (random: number): Promise<readonly { address: string; port: number }[]> =>
      new Locator(
        'UDP',
        { srv, addresses },
        () => 0,
        () => random,
      ).find({ host: 'ipbx.example' });
    expect((await locate(0.5)).map(({ address, port }) => `${address}:${port}`)).toEqual([
      '192.0.2.1:5060',
      '192.0.2.2:5070',
      '192.0.2.3:5080',
    ]);
  });

  it.each([
    ['UDP', '_sip._udp.a.example'],
    ['TCP', '_sip._tcp.a.example'],
    ['TLS', '_sips._tcp.a.example'],
  ] as const)('over %s as %s', async (protocol, asked) => {
    const names: string[] = [];
    const srv = (name: string): Promise<never[]> => {
      names.push(name);
      return Promise.resolve([]);
    };
    const [found] = await new Locator(protocol, { srv, addresses }, () => 0).find({ host: 'a.example' });
    expect([names, found]).toEqual([[asked], { address: '192.0.2.1', port: protocol === 'TLS' ? 5061 : 5060, protocol }]);
    await new Locator(protocol, { srv, addresses }, () => 0).find({ host: 'a.example', port: 5090 });
    expect(names).toHaveLength(1);
  });

  it('are kept for a minute, and longer when DNS is down', async () => {
    let time = 0;
    let asked = 0;
    let up = true;
    const resolver: Resolver = {
      srv: () => Promise.reject(new Error('ENODATA')),
      addresses: () => {
        asked++;
        return up ? Promise.resolve(['192.0.2.1']) : Promise.reject(new Error('ETIMEOUT'));
      },
    };
    const locator = new Locator('UDP', resolver, () => time);
    await locator.find({ host: 'a.example' });
    await locator.find({ host: 'a.example' });
    expect(asked).toBe(1);
    time = 61_000;
    up = false;
    expect(await locator.find({ host: 'a.example' })).toEqual([{ address: '192.0.2.1', port: 5060, protocol: 'UDP' }]);
    await expect(locator.find({ host: 'b.example' })).rejects.toThrow('ETIMEOUT');
  });

  it('lead to two IPBXs, of which the second serves when the first is gone', async () => {
    const [first, second] = await pair();
    const resolver: Resolver = {
      srv: records(['a.example', first.port, 1, 0], ['b.example', second.port, 2, 0]),
      addresses: () => Promise.resolve(['127.0.0.1']),
    };
    const { transport, targets } = await openTransport({ outbound: [{ host: 'ipbx.example' }], resolver });
    await transport.send(ours(transport, 'OPTIONS', { uri: TWO }));
    await until('the first', () => first.seen('OPTIONS').length === 1);
    await first.stop();
    await transport.send(ours(transport, 'REGISTER', { uri: TWO }));
    await until('the second', () => second.seen('REGISTER').length === 1);
    expect(targets.map((target) => target?.port)).toEqual([second.port]);
  });
});
