import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeMedia } from './fake-media.ts';
import { Call, type Message, sdp } from './peer.ts';
import { lineOptions, type Rig, type RigOptions, rig } from './rig.ts';

let it_: Rig;
beforeEach(async () => {
  it_ = await rig();
  await it_.events.next('line.state');
});
afterEach(async () => {
  await it_.close();
});

async function again(options: RigOptions): Promise<void> {
  await it_.close();
  it_ = await rig(options);
  await it_.events.next('line.state', (event) => event.registered);
}

const order = (changes: object = {}): void =>
  it_.order({
    type: 'leg.call',
    leg: 'out',
    line: null,
    target: '1001',
    caller: '0612345678',
    callerName: 'Zoé "Z"',
    replaces: null,
    ...changes,
  });

describe('an outgoing call', () => {
  it('is offered through the IPBX with the caller asserted, rings once, is answered and ended by the far end', async () => {
    const { events, media, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    expect(invite.uri).toBe('sip:1001@ipbx.test');
    expect(invite.header('From')).toMatch(/^"Zoé \\"Z\\"" <sip:line@ipbx.test>;tag=/);
    expect(invite.header('P-Asserted-Identity')).toBe('"Zoé \\"Z\\"" <sip:0612345678@ipbx.test>');
    expect(invite.header('Session-Expires')).toBe('1800');
    expect(invite.body).toContain('RTP/AVP 8 0 101\r\n');
    peer.answer(invite, 100);
    peer.answer(invite, 180);
    peer.answer(invite, 180);
    await events.next('leg.ringing');
    peer.answer(invite, 200, { body: sdp(50_010) });
    expect((await peer.request('ACK')).uri).toBe(`sip:far@127.0.0.1:${peer.port}`);
    await events.next('leg.answered');
    expect(media.streams.get('out')).toMatchObject({ port: 50_010, codec: 'PCMA', direction: 'sendrecv' });
    const call = Call.of(peer, invite);
    call.send('BYE');
    await call.response(200, 'BYE');
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg: 'out', cause: 'remote' });
    expect(events.of('leg.ringing')).toHaveLength(1);
    expect(media.open_.size).toBe(0);
  });

  it('hears early media (183 with a description)', async () => {
    const { events, media, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, 183, { body: sdp(50_012) });
    await events.next('leg.ringing');
    expect(media.streams.get('out')).toMatchObject({ port: 50_012 });
    // A 200 without a description stands by the one of the 183.
    peer.answer(invite, 200);
    await events.next('leg.answered');
  });

  it('acknowledges reliable provisional responses with PRACK', async () => {
    const { events, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, 180, { headers: ['Require: 100rel', 'RSeq: 7'] });
    const prack = await peer.request('PRACK');
    expect(prack.header('RAck')).toBe(`7 ${invite.sequence} INVITE`);
    peer.answer(prack, 200);
    await events.next('leg.ringing');
  });

  it('shows the caller in From where the site wants it so, and withholds it where asked', async () => {
    await again({ lines: [lineOptions({ callerShown: 'both' })] });
    order();
    const shown = await it_.peer.request('INVITE');
    expect(shown.header('From')).toContain('<sip:0612345678@ipbx.test>');
    expect(shown.header('P-Asserted-Identity')).toContain('0612345678');
    order({ leg: 'second', caller: null, callerName: null });
    const withheld = await it_.peer.request('INVITE', (message) => message.header('Call-ID') !== shown.header('Call-ID'));
    expect(withheld.header('From')).toContain('<sip:line@ipbx.test>');
    expect(withheld.header('P-Asserted-Identity')).toBe('');
  });

  it('answers a challenge (407), and gives up when it is refused again', async () => {
    const { events, peer } = it_;
    order();
    const first = await peer.request('INVITE');
    peer.answer(first, 407, { headers: ['Proxy-Authenticate: Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256'] });
    await peer.request('ACK');
    const second = await peer.request('INVITE', (message) => message.header('Proxy-Authorization') !== '');
    expect(second.header('Proxy-Authorization')).toContain('username="line"');
    expect(second.sequence).toBe(first.sequence + 1);
    peer.answer(second, 407, { headers: ['Proxy-Authenticate: Digest realm="r", nonce="n2", qop="auth", algorithm=SHA-256'] });
    expect(await events.next('leg.failed')).toEqual({ type: 'leg.failed', leg: 'out', cause: 'error', status: 407 });
    expect(JSON.stringify(it_.log)).not.toContain('secret');
  });

  it.each([
    [486, 'busy'],
    [600, 'busy'],
    [603, 'rejected'],
    [403, 'rejected'],
    [480, 'unreachable'],
    [404, 'unknown-number'],
    [484, 'unknown-number'],
    [487, 'cancelled'],
    [503, 'line-unavailable'],
    [500, 'error'],
    [302, 'unreachable'],
  ] as const)('refused with %i has failed as %s', async (status, cause) => {
    const { events, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, status);
    await peer.request('ACK');
    expect(await events.next('leg.failed')).toEqual({ type: 'leg.failed', leg: 'out', cause, status });
    expect(it_.lines.legs().size).toBe(0);
  });

  it('that rang and then timed out upstream was not answered', async () => {
    const { events, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, 180);
    peer.answer(invite, 408);
    expect(await events.next('leg.failed')).toMatchObject({ cause: 'no-answer', status: 408 });
  });

  it('that nobody answers at all has failed for want of a line', async () => {
    order();
    expect(await it_.events.next('leg.failed')).toEqual({
      type: 'leg.failed',
      leg: 'out',
      cause: 'line-unavailable',
      status: null,
    });
  });

  it('is cancelled only after a provisional response (RFC 3261 §9.1)', async () => {
    const { events, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    it_.order({ type: 'leg.hangup', leg: 'out' });
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg: 'out', cause: 'local' });
    expect(peer.unread.some((message) => message.startLine.startsWith('CANCEL'))).toBe(false);
    peer.answer(invite, 180);
    const cancel = await peer.request('CANCEL');
    expect(cancel.header('Via')).toBe(invite.header('Via'));
    peer.answer(cancel, 200);
    peer.answer(invite, 487);
    await peer.request('ACK');
    expect(events.of('leg.ringing')).toEqual([]);
    expect(events.of('leg.failed')).toEqual([]);
  });

  it('whose CANCEL changes nothing is forgotten after 64*T1 (RFC 3261 §9.1)', async () => {
    const { peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, 180);
    await it_.events.next('leg.ringing');
    it_.order({ type: 'leg.hangup', leg: 'out' });
    peer.answer(await peer.request('CANCEL'), 200);
    expect(it_.lines.sizes).toMatchObject({ dialogs: 1 });
    await expect.poll(() => it_.lines.sizes, { timeout: 15_000 }).toMatchObject({ dialogs: 0, clients: 0 });
  });

  it('that was answered while it was being cancelled is acknowledged and hung up', async () => {
    const { events, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, 180);
    await events.next('leg.ringing');
    it_.order({ type: 'leg.hangup', leg: 'out' });
    peer.answer(await peer.request('CANCEL'), 200);
    peer.answer(invite, 200, { body: sdp(50_014) });
    await peer.request('ACK');
    peer.answer(await peer.request('BYE'), 200);
    expect(events.of('leg.answered')).toEqual([]);
    expect(events.of('leg.ended')).toHaveLength(1);
  });

  it('forked: the first 200 wins, the other is acknowledged and hung up', async () => {
    const { events, media, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, 180, { tag: 'a' });
    peer.answer(invite, 180, { tag: 'b' });
    peer.answer(invite, 200, { tag: 'b', body: sdp(50_020) });
    peer.answer(invite, 200, { tag: 'a', body: sdp(50_022) });
    const acked: Message[] = [await peer.request('ACK'), await peer.request('ACK')];
    expect(acked.map((ack) => ack.tag('To')).sort()).toEqual(['a', 'b']);
    const bye = await peer.request('BYE');
    expect(bye.tag('To')).toBe('a');
    peer.answer(bye, 200);
    await events.next('leg.answered');
    expect(media.streams.get('out')).toMatchObject({ port: 50_020 });
    expect(it_.lines.legs().has('out')).toBe(true);
  });

  it('whose answer cannot be used is acknowledged, hung up and has failed', async () => {
    const { events, peer } = it_;
    order();
    const invite = await peer.request('INVITE');
    peer.answer(invite, 200, { body: sdp(50_024, 'sendrecv', '127.0.0.1', '18') });
    await peer.request('ACK');
    peer.answer(await peer.request('BYE'), 200);
    expect(await events.next('leg.failed')).toMatchObject({ cause: 'error' });
  });

  it('asks again with a longer session interval after 422 (RFC 4028 §7.3)', async () => {
    const { events, peer } = it_;
    order();
    const first = await peer.request('INVITE');
    peer.answer(first, 422, { headers: ['Min-SE: 3600'] });
    const second = await peer.request('INVITE', (message) => message.sequence > first.sequence);
    expect(second.header('Call-ID')).toBe(first.header('Call-ID'));
    expect(second.header('Session-Expires')).toBe('3600');
    peer.answer(second, 200, { body: sdp(50_026) });
    await events.next('leg.answered');
  });

  it('calls a whole URI and replaces another dialog', async () => {
    const { peer } = it_;
    order({ target: 'sip:someone@elsewhere.test;user=phone', replaces: 'abc@x;to-tag=1;from-tag=2' });
    const invite = await peer.request('INVITE');
    expect(invite.uri).toBe('sip:someone@elsewhere.test;user=phone');
    expect(invite.header('Replaces')).toBe('abc@x;to-tag=1;from-tag=2');
  });

  it('to what is no address has failed at once', async () => {
    order({ target: 'a"b>\r\nEvil: header' });
    expect(await it_.events.next('leg.failed')).toEqual({
      type: 'leg.failed',
      leg: 'out',
      cause: 'unknown-number',
      status: null,
    });
  });

  it('beyond the channels has failed for want of a line', async () => {
    await again({ lines: [lineOptions({ channels: 1 })] });
    order();
    await it_.peer.request('INVITE');
    order({ leg: 'second' });
    expect(await it_.events.next('leg.failed')).toEqual({
      type: 'leg.failed',
      leg: 'second',
      cause: 'line-unavailable',
      status: null,
    });
  });

  it('that finds no free port has failed', async () => {
    await again({ media: new FakeMedia(0) });
    order();
    expect(await it_.events.next('leg.failed')).toMatchObject({ cause: 'error', status: null });
    expect(it_.lines.sizes.legs).toBe(0);
  });
});

describe('an extension', () => {
  it.each([
    [200, true],
    [405, true],
    [486, true],
    [404, false],
    [480, false],
    [408, false],
  ] as const)('that answers OPTIONS with %i is reachable: %s', async (status, reachable) => {
    const { events, peer } = it_;
    it_.order({ type: 'extension.probe', extension: '1001' });
    const options = await peer.request('OPTIONS', (message) => message.uri.startsWith('sip:1001@'));
    peer.answer(options, status);
    expect(await events.next('extension.state')).toEqual({ type: 'extension.state', extension: '1001', reachable });
  });

  it('that does not answer is not reachable; it is asked once at a time', async () => {
    it_.order({ type: 'extension.probe', extension: '1002' });
    it_.order({ type: 'extension.probe', extension: '1002' });
    expect(await it_.events.next('extension.state')).toMatchObject({ reachable: false });
    expect(it_.events.of('extension.state')).toHaveLength(1);
  });
});
