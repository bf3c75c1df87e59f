import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/wait.ts';
import { header, response, tagOf } from '../sipjs/support.ts';
import { openTransport, ours, Peer } from './support.ts';

describe('requests of ours over UDP', () => {
  it('INVITE is repeated at doubling intervals until any answer (Timer A, RFC 3261 §17.1.1.2)', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    await transport.send(ours(transport, 'INVITE', { to: peer.endpoint }));
    await until('three repetitions', () => peer.received.length >= 4);
    expect(new Set(peer.received).size).toBe(1);
    expect(transport.counters.retransmitted).toBeGreaterThanOrEqual(3);
    peer.send(response(peer.received[0], 100, { toTag: '' }), transport);
    await until('the answer', () => messages.length === 1);
    expect(transport.sizes).toMatchObject({ pending: 0, wheel: 0 });
  });

  it('others are repeated until a final answer; a provisional one slows them to T2 (Timer E, §17.1.2.2)', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    await transport.send(ours(transport, 'OPTIONS', { to: peer.endpoint }));
    await until('a repetition', () => peer.received.length >= 2);
    peer.send(response(peer.received[0], 100, { toTag: '' }), transport);
    await until('the provisional answer', () => messages.length === 1);
    const before = peer.received.length;
    await until('two more repetitions', () => peer.received.length >= before + 2);
    peer.send(response(peer.received[0], 200), transport);
    await until('the final answer', () => messages.length === 2);
    expect(transport.sizes).toMatchObject({ pending: 0, wheel: 0 });
  });

  it('are given up after 64 × T1 (Timers B and F)', async () => {
    const peer = await new Peer().open();
    const { transport } = await openTransport({ timers: { t1Ms: 3, t2Ms: 12, t4Ms: 12 } });
    await transport.send(ours(transport, 'INVITE', { to: peer.endpoint }));
    await transport.send(ours(transport, 'BYE', { to: peer.endpoint }));
    await until('the end', () => transport.sizes.pending === 0 && transport.sizes.wheel === 0);
    expect(peer.seen('INVITE').length).toBeGreaterThanOrEqual(5);
    expect(peer.seen('BYE').length).toBeGreaterThan(peer.seen('INVITE').length);
  });

  it('ACK is sent once, CANCEL has a timer of its own beside its INVITE’s', async () => {
    const peer = await new Peer().open();
    const { transport } = await openTransport();
    await transport.send(ours(transport, 'ACK', { to: peer.endpoint, toTag: 'x' }));
    expect(transport.sizes.pending).toBe(0);
    await transport.send(ours(transport, 'INVITE', { branch: 'z9hG4bKsame', to: peer.endpoint }));
    await transport.send(ours(transport, 'CANCEL', { branch: 'z9hG4bKsame', to: peer.endpoint }));
    expect(transport.sizes.pending).toBe(2);
    await until('both', () => peer.seen('INVITE').length > 1 && peer.seen('CANCEL').length > 1);
    peer.send(response(peer.seen('CANCEL')[0], 200), transport);
    await until('one to end', () => transport.sizes.pending === 1);
    expect(peer.seen('ACK')).toHaveLength(1);
  });

  it('are not repeated by a proxy, nor when the sender says so', async () => {
    const peer = await new Peer().open();
    const proxy = await openTransport({ retransmission: false });
    await proxy.transport.send(ours(proxy.transport, 'INVITE', { to: peer.endpoint }));
    expect(proxy.transport.sizes).toEqual({ pending: 0, answered: 0, wheel: 0 });
    await proxy.transport.sendTo(ours(proxy.transport, 'INVITE'), peer.endpoint, { retransmit: true });
    expect(proxy.transport.sizes.pending).toBe(1);
    const { transport } = await openTransport();
    await transport.sendTo(ours(transport, 'INVITE'), peer.endpoint, { retransmit: false });
    expect(transport.sizes.pending).toBe(0);
  });
});

describe('requests of theirs over UDP', () => {
  it('that are repeated get the last answer again, and are not shown twice (RFC 3261 §17.2.2)', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    const text = peer.request('BYE');
    peer.send(text, transport);
    await until('the request', () => messages.length === 1);
    await transport.send(response(messages[0]?.text, 200));
    await until('the answer', () => peer.received.length === 1);
    peer.send(text, transport);
    await until('the answer again', () => peer.received.length === 2);
    expect(peer.received[1]).toBe(peer.received[0]);
    expect([messages.length, transport.counters.absorbed]).toEqual([1, 1]);
  });

  it('INVITE gets its last provisional answer again, and nothing after a 2xx (RFC 6026 §7.1)', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    const text = peer.request('INVITE');
    peer.send(text, transport);
    await until('the request', () => messages.length === 1);
    await transport.send(response(messages[0]?.text, 100, { toTag: '' }));
    await transport.send(response(messages[0]?.text, 180));
    peer.send(text, transport);
    await until('the 180 again', () => peer.seen('SIP/2.0 180').length === 2);
    await transport.send(response(messages[0]?.text, 200));
    peer.send(text, transport);
    await until('the absorption', () => transport.counters.absorbed === 2);
    peer.send(peer.request('OPTIONS', { branch: 'z9hG4bKafter' }), transport);
    await until('what came after', () => messages.length === 2);
    expect([peer.seen('SIP/2.0 100').length, peer.seen('SIP/2.0 200').length]).toEqual([1, 1]);
  });

  it('INVITE that is refused: the refusal is repeated until the ACK, which is shown once (Timer G, RFC 3261 §17.2.1)', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    peer.send(peer.request('INVITE'), transport);
    await until('the request', () => messages.length === 1);
    await transport.send(response(messages[0]?.text, 486, { toTag: 'ours' }));
    await until('repetitions', () => peer.seen('SIP/2.0 486').length >= 3);
    const ack = peer.request('ACK', { toTag: tagOf(peer.received[0], 'To') });
    peer.send(ack, transport);
    await until('the ACK', () => messages.length === 2);
    expect(transport.sizes.wheel).toBe(0);
    peer.send(ack, transport);
    peer.send(peer.request('INVITE'), transport);
    await until('both to be absorbed', () => transport.counters.absorbed === 2);
    expect(messages).toHaveLength(2);
  });

  it('INVITE that is refused and never acknowledged: given up after 64 × T1, and then forgotten (Timer H)', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport({
      timers: { t1Ms: 2, t2Ms: 8, t4Ms: 8 },
      outbound: [{ host: '127.0.0.1', port: peer.port }],
    });
    peer.send(peer.request('INVITE'), transport);
    await until('the request', () => messages.length === 1);
    await transport.send(response(messages[0]?.text, 486));
    await until('the end', () => transport.sizes.wheel === 0 && transport.sizes.answered === 0);
    expect(peer.seen('SIP/2.0 486').length).toBeGreaterThan(5);
  });

  it('with one branch from two senders, or of two methods, are two', async () => {
    const [first, second] = await Promise.all([new Peer().open(), new Peer().open()]);
    const { transport, messages } = await openTransport();
    first.send(first.request('BYE'), transport);
    await until('the first', () => messages.length === 1);
    await transport.send(response(messages[0]?.text, 200));
    second.send(second.request('BYE'), transport);
    first.send(first.request('INFO'), transport);
    await until('the others', () => messages.length === 3);
    expect(transport.counters.absorbed).toBe(0);
  });

  it('of telephones without branch are all shown (RFC 2543)', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    const text = peer.request('BYE', { via: `SIP/2.0/UDP 127.0.0.1:${peer.port}` });
    peer.send(text, transport);
    await until('the request', () => messages.length === 1);
    await transport.send(response(messages[0]?.text, 200));
    peer.send(text, transport);
    await until('its repetition', () => messages.length === 2);
  });

  it('are answered where they came from: rport, received, else sent-by (RFC 3581 §4, RFC 3261 §18.2.2)', async () => {
    const [peer, other] = await Promise.all([new Peer().open(), new Peer().open()]);
    const { transport, messages } = await openTransport();
    const vias = [
      `SIP/2.0/UDP 10.255.255.1:${other.port};branch=z9hG4bK1;rport`,
      `SIP/2.0/UDP 10.255.255.1:${other.port};branch=z9hG4bK2`,
      `SIP/2.0/UDP 127.0.0.1:${other.port};branch=z9hG4bK3`,
    ];
    for (const via of vias) peer.send(peer.request('OPTIONS', { via }), transport);
    await until('the requests', () => messages.length === 3);
    for (const { text } of messages) await transport.send(response(text, 200));
    await until('the answers', () => peer.received.length + other.received.length === 3);
    expect(peer.received.map((text) => header(text, 'Via'))).toEqual([
      `SIP/2.0/UDP 10.255.255.1:${other.port};branch=z9hG4bK1;rport=${peer.port};received=127.0.0.1`,
    ]);
    expect(other.received.map((text) => header(text, 'Via'))).toEqual([`${vias[1]};received=127.0.0.1`, vias[2]]);
  });
});

describe('what comes over UDP', () => {
  it('from elsewhere is dropped before anybody looks at it', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport({ allowSource: (address) => address === '192.0.2.1' });
    peer.send(peer.request('INVITE'), transport);
    peer.send('\r\n\r\n', transport);
    await until('both to be dropped', () => transport.counters.dropped.source === 2);
    expect([messages.length, transport.counters.received, peer.received.length]).toEqual([0, 0, 0]);
  });

  it('and is nonsense is counted by reason', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    for (const text of [
      '\0\0\0\0\0',
      'hello there',
      'OPTIONS sip:a SIP/2.0\r\nVia: none\r\n\r\n',
      'SIP/2.0 200 OK\r\n\r\n',
      'SIP/2.0 999 OK\r\n\r\n',
    ]) {
      peer.send(text, transport);
    }
    await until('five', () => transport.counters.received === 5);
    expect(transport.counters.dropped).toMatchObject({ 'not-sip': 2, via: 3 });
    expect(messages).toEqual([]);
  });

  it('and makes its handler throw is counted; the next is heard', async () => {
    const peer = await new Peer().open();
    const { transport, errors } = await openTransport();
    const heard: string[] = [];
    transport.onMessage = (text) => {
      heard.push(text);
      throw new Error('a mistake');
    };
    peer.send(peer.request('OPTIONS', { branch: 'z9hG4bK1' }), transport);
    peer.send(peer.request('OPTIONS', { branch: 'z9hG4bK2' }), transport);
    await until('both', () => heard.length === 2);
    expect([errors.length, transport.counters.dropped.handler]).toEqual([2, 2]);
  });

  it('in UTF-8 or else in Latin-1 is read so', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport();
    const text = peer.request('OPTIONS', { from: '"M\u00fcller" <sip:a@h>' });
    peer.send(Buffer.from(text), transport);
    peer.send(Buffer.from(text.replace('peer1', 'peer2'), 'latin1'), transport);
    await until('both', () => messages.length === 2);
    expect(messages.map((message) => header(message.text, 'From'))).toEqual([
      '"M\u00fcller" <sip:a@h>;tag=theirs',
      '"M\u00fcller" <sip:a@h>;tag=theirs',
    ]);
  });

  it('as keep-alive is answered when it is a ping, and ours keep a way open', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport({ outbound: [{ host: '127.0.0.1', port: peer.port }], keepAliveMs: 10 });
    await until('a ping', () => peer.received.includes('\r\n\r\n'));
    peer.send('\r\n\r\n', transport);
    await until('a pong', () => peer.received.includes('\r\n'));
    peer.send('\r\n', transport);
    peer.send('\0', transport);
    await until('three', () => transport.counters.keepAlives === 3);
    expect(messages).toEqual([]);
  });
});

describe.runIf(Object.values(networkInterfaces()).some((found) => found?.some(({ family }) => family === 'IPv6')))('IPv6', () => {
  it('sockets serve both kinds of addresses', async () => {
    const peer = await new Peer().open();
    const { transport, messages } = await openTransport({
      listen: { address: '::', port: 0 },
      outbound: [{ host: '127.0.0.1', port: peer.port }],
    });
    peer.answer = (text) => (text.startsWith('SIP/') ? undefined : response(text, 200));
    await transport.send(ours(transport, 'REGISTER', { uri: 'sip:ipbx.example' }));
    await until('the answer', () => messages.length === 1);
    expect(messages[0]?.source.address).toBe('127.0.0.1');
    const other = await new Peer().open();
    other.send(other.request('OPTIONS'), transport);
    await until('the request', () => messages.length === 2);
    await transport.send(response(messages[1]?.text, 200));
    await until('its answer', () => other.received.length === 1);
  });
});

describe('a message that cannot be sent', () => {
  it.each([
    ['a response without Via', 'SIP/2.0 200 OK\r\n\r\n'],
    ['a request to nowhere', 'OPTIONS tel:1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n'],
    ['a name that nobody knows', 'OPTIONS sip:nowhere.invalid:5060 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n'],
  ])('is refused and counted: %s', async (_what, text) => {
    const resolver = { srv: () => Promise.resolve([]), addresses: () => Promise.reject(new Error('ENOTFOUND')) };
    const { transport } = await openTransport({ resolver });
    await expect(transport.send(text)).rejects.toThrow();
    expect(transport.counters.dropped.unroutable).toBe(1);
  });

  it('does not stop the transport when the port is taken: the start says so', async () => {
    const peer = await new Peer().open();
    await expect(openTransport({ listen: { address: '127.0.0.1', port: peer.port } })).rejects.toMatchObject({
      code: 'SIP_BIND',
    });
  });

  it('nor do two transports share a port', async () => {
    const { transport } = await openTransport();
    await expect(openTransport({ listen: { address: '127.0.0.1', port: transport.local.port } })).rejects.toMatchObject({
      code: 'SIP_BIND',
    });
  });
});
