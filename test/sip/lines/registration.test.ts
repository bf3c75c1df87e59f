import { afterEach, describe, expect, it } from 'vitest';
import { type Message, Peer } from './peer.ts';
import { lineOptions, type Rig, type RigOptions, rig } from './rig.ts';

let open: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.reverse()) await close();
  open = [];
});

/** A peer that leaves REGISTER to the test. */
async function manual(options: RigOptions = {}): Promise<Rig & { readonly registered: () => Promise<Message> }> {
  const peer = await Peer.open();
  peer.automatic = () => false;
  const it_ = await rig({ peer, retryMs: { first: 20, longest: 100 }, ...options });
  open.push(() => it_.close());
  return { ...it_, registered: () => peer.request('REGISTER') };
}

const contactOf = (message: Message): string => /<([^>]+)>/.exec(message.header('Contact'))?.[1] ?? '';

describe('a line', () => {
  it('registers with digest, refreshes with one Call-ID and a rising CSeq, and de-registers', async () => {
    const { events, lines, peer, registered } = await manual({ lines: [lineOptions({ contactUser: 'line-e7', refreshMs: 30 })] });
    const first = await registered();
    expect(first.uri).toBe('sip:ipbx.test');
    expect(contactOf(first)).toBe(`sip:line-e7@127.0.0.1:${lines.wire.local.port}`);
    expect(lines.status()[0]).toMatchObject({ registered: false });
    peer.answer(first, 401, { headers: ['WWW-Authenticate: Digest realm="r", nonce="n1", qop="auth"'] });
    const second = await registered();
    expect(second.header('Authorization')).toContain('username="line"');
    expect(second.sequence).toBeGreaterThan(first.sequence);
    peer.answer(second, 200, { headers: [`Contact: <${contactOf(second)}>;expires=60`] });
    expect(await events.next('line.state')).toEqual({ type: 'line.state', line: 'main', registered: true, reason: null });
    const refresh = await registered();
    expect(refresh.header('Call-ID')).toBe(first.header('Call-ID'));
    expect(refresh.sequence).toBeGreaterThan(second.sequence);
    // A nonce that has grown old is replaced without a word to the core.
    peer.answer(refresh, 401, { headers: ['WWW-Authenticate: Digest realm="r", nonce="n2", stale=true, qop="auth"'] });
    const renewed = await peer.request('REGISTER', (message) => message.header('Authorization').includes('n2'));
    peer.answer(renewed, 200, { headers: [`Contact: <${contactOf(second)}>;expires=60`] });
    const stopped = lines.stop();
    const farewell = await peer.request('REGISTER', (message) => message.header('Contact').includes('expires=0'));
    peer.answer(farewell, 200);
    await stopped;
    expect(events.of('line.state')).toHaveLength(1);
  });

  it('takes the registrar’s longer interval (423)', async () => {
    const { events, peer, registered } = await manual({ lines: [lineOptions({ expiresSeconds: 60 })] });
    peer.answer(await registered(), 423, { headers: ['Min-Expires: 1800'] });
    const second = await registered();
    expect(second.header('Contact')).toContain('expires=1800');
    peer.answer(second, 200);
    await events.next('line.state', (event) => event.registered);
  });

  it('says that it was refused, tries again, and says when that went well; the password is never logged', async () => {
    const { events, log, peer, registered } = await manual();
    peer.answer(await registered(), 403);
    expect(await events.next('line.state')).toEqual({
      type: 'line.state',
      line: 'main',
      registered: false,
      reason: 'refused with 403',
    });
    peer.answer(await registered(), 403);
    peer.answer(await registered(), 200);
    expect(await events.next('line.state')).toMatchObject({ registered: true });
    expect(log.some((line) => line.level === 'warn')).toBe(true);
    expect(JSON.stringify(log)).not.toContain('secret');
  });

  it('says that the IPBX does not answer', async () => {
    const { events } = await manual();
    expect(await events.next('line.state')).toMatchObject({ registered: false, reason: 'no answer from the IPBX' });
  });

  it('without registration is up while its IPBX answers', async () => {
    const { events, lines } = await manual({ lines: [lineOptions({ register: false })] });
    expect(await events.next('line.state')).toMatchObject({ registered: true });
    expect(lines.status()[0]).toMatchObject({ registered: true });
  });

  it('reads and clears the bindings of its user', async () => {
    const { lines, peer, registered } = await manual();
    peer.answer(await registered(), 200);
    const reading = lines.readBindings('main');
    const query = await registered();
    expect(query.header('Contact')).toBe('');
    peer.answer(query, 200, { headers: ['Contact: <sip:svc-e6@10.0.0.1:5060>;expires=17, <sip:svc-e7@10.0.0.2>'] });
    const bindings = (await reading).filter((binding) => binding.user?.startsWith('svc'));
    expect(bindings).toEqual([
      { uri: 'sip:svc-e6@10.0.0.1:5060', user: 'svc-e6', host: '10.0.0.1', port: 5060, expiresSeconds: 17 },
      { uri: 'sip:svc-e7@10.0.0.2', user: 'svc-e7', host: '10.0.0.2', port: null, expiresSeconds: null },
    ]);
    const clearing = lines.clearBindings('main');
    const star = await registered();
    expect([star.header('Contact'), star.header('Expires')]).toEqual(['*', '0']);
    peer.answer(star, 200);
    await clearing;
    const failing = lines.readBindings('main');
    peer.answer(await registered(), 403);
    await expect(failing).rejects.toMatchObject({ code: 'SIP_REGISTER' });
    await expect(lines.readBindings('main')).rejects.toMatchObject({ code: 'SIP_UNREACHABLE' });
  });
});

describe('several lines on one socket', () => {
  const two = [
    lineOptions({ id: 'a', user: 'acd1', password: 'one' }),
    lineOptions({ id: 'b', user: 'acd2', password: 'two', numbers: ['8002'] }),
  ];

  it('register each as itself and get their own calls', async () => {
    const it_ = await rig({ lines: two });
    open.push(() => it_.close());
    const { events, peer, order } = it_;
    await events.next('line.state', (event) => event.line === 'a');
    await events.next('line.state', (event) => event.line === 'b');
    for (const [uri, to, line] of [
      ['sip:acd2@127.0.0.1', '<sip:8000@ipbx.test>', 'b'],
      ['sip:acd1@127.0.0.1', '<sip:8000@ipbx.test>', 'a'],
      ['sip:8002@127.0.0.1', '<sip:8002@ipbx.test>', 'b'],
      ['sip:unknown@127.0.0.1', '<sip:unknown@ipbx.test>', 'a'],
    ] as const) {
      peer.call({ uri, to }).send('INVITE');
      expect(await events.next('leg.incoming')).toMatchObject({ line });
    }
    order({ type: 'leg.call', leg: 'out', line: 'b', target: '1001', caller: null, callerName: null, replaces: null });
    const invite = await peer.request('INVITE');
    expect(invite.header('From')).toContain('<sip:acd2@ipbx.test>');
    peer.answer(invite, 407, { headers: ['Proxy-Authenticate: Digest realm="r", nonce="n", qop="auth"'] });
    const again = await peer.request('INVITE', (message) => message.sequence > invite.sequence);
    expect(again.header('Proxy-Authorization')).toContain('username="acd2"');
  });
});

describe('two addresses of the IPBX', () => {
  it('the second is registered at when the first falls silent, and calls go there', async () => {
    const second = await Peer.open();
    const first = await Peer.open();
    const it_ = await rig({
      peer: first,
      ipbx: [first, second].map((peer) => ({ host: '127.0.0.1', port: peer.port })),
      lines: [lineOptions({ refreshMs: 50 })],
      retryMs: { first: 20, longest: 50 },
    });
    second.target = it_.lines.wire.local.port;
    open.push(
      () => second.close(),
      () => it_.close(),
    );
    await it_.events.next('line.state', (event) => event.registered);
    let moved = (): void => {};
    const arrived = new Promise<void>((resolve) => (moved = resolve));
    const answer = second.automatic;
    second.automatic = (message, peer) => {
      if (message.status === null && message.method === 'REGISTER') moved();
      return answer(message, peer);
    };
    first.automatic = () => true;
    await arrived;
    it_.order({ type: 'leg.call', leg: 'out', line: null, target: '1001', caller: null, callerName: null, replaces: null });
    const failed = it_.events
      .next('leg.failed')
      .then(() =>
        it_.order({ type: 'leg.call', leg: 'out2', line: null, target: '1001', caller: null, callerName: null, replaces: null }),
      );
    await Promise.race([second.request('INVITE'), failed.then(() => second.request('INVITE'))]);
  });
});

describe('who is not the IPBX', () => {
  it('gets no answer, the IPBX gets one to OPTIONS with and without a user', async () => {
    const it_ = await rig();
    open.push(() => it_.close());
    const stranger = await Peer.open('127.0.0.2');
    open.push(() => stranger.close());
    stranger.target = it_.lines.wire.local.port;
    stranger.call().send('OPTIONS');
    const uri = `sip:127.0.0.1:${it_.lines.wire.local.port}`;
    for (const asked of [uri, uri.replace('sip:', 'sip:line@')]) {
      const probe = it_.peer.call({ uri: asked });
      probe.send('OPTIONS');
      await probe.response(200, 'OPTIONS');
    }
    expect(stranger.unread).toEqual([]);
    expect(it_.lines.wire.counters.dropped.source).toBe(1);
  });
});

describe('the audit', () => {
  it('tells the core from time to time which legs there are', async () => {
    const it_ = await rig({ auditIntervalMs: 20 });
    open.push(() => it_.close());
    expect((await it_.events.next('lines.audit')).legs).toEqual(new Set());
    it_.peer.call().send('INVITE');
    const { leg } = await it_.events.next('leg.incoming');
    const audit = await it_.events.next('lines.audit', (event) => event.legs.size > 0);
    expect(audit.legs).toEqual(new Set([leg]));
  });
});

describe('messages that are no calls', () => {
  it('are refused: text, subscriptions, transfers outside a call', async () => {
    const it_ = await rig();
    open.push(() => it_.close());
    for (const [method, status] of [
      ['MESSAGE', 405],
      ['REFER', 405],
      ['SUBSCRIBE', 480],
      ['BYE', 481],
    ] as const) {
      const call = it_.peer.call();
      call.send(method, { headers: ['Refer-To: <sip:1@x>', 'Event: dialog'] });
      await call.response(status, method);
    }
    expect(it_.events.of('leg.incoming')).toEqual([]);
  });
});
