import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeMedia } from './fake-media.ts';
import { sdp } from './peer.ts';
import { lineOptions, type Rig, rig } from './rig.ts';

let it_: Rig;
beforeEach(async () => {
  it_ = await rig();
  await it_.events.next('line.state');
});
afterEach(async () => {
  await it_.close();
});

describe('an incoming call', () => {
  it('rings, is answered, is established by the ACK and ended by the caller', async () => {
    const { events, media, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    await call.response(100);
    const { leg, line, caller, dialled } = await events.next('leg.incoming');
    expect({ line, caller, dialled }).toEqual({ line: 'main', caller: '1001', dialled: '8000' });
    order({ type: 'leg.ring', leg });
    const ringing = await call.response(180);
    expect(ringing.header('Contact')).toContain(`:${it_.lines.wire.local.port}`);
    order({ type: 'leg.answer', leg });
    const ok = await call.response(200);
    expect(ok.tag('To')).toBe(ringing.tag('To'));
    expect(ok.body).toContain(`m=audio ${media.open(leg).port} RTP/AVP 8 101\r\n`);
    expect(events.of('leg.answered')).toEqual([]);
    call.send('ACK');
    await events.next('leg.answered');
    expect(media.streams.get(leg)).toEqual({
      address: '127.0.0.1',
      port: 50_000,
      codec: 'PCMA',
      payloadType: 8,
      telephoneEventType: 101,
      direction: 'sendrecv',
    });
    call.send('BYE');
    await call.response(200, 'BYE');
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'remote' });
    expect(it_.lines.legs().size).toBe(0);
    expect(media.open_.size).toBe(0);
  });

  it('is hung up by us with BYE', async () => {
    const { call, leg } = await answered();
    it_.order({ type: 'leg.hangup', leg });
    expect(await it_.events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'local' });
    const bye = await call.request('BYE');
    it_.peer.answer(bye, 200);
    // A late order for a leg that is gone does nothing.
    it_.order({ type: 'leg.hangup', leg });
    it_.order({ type: 'leg.answer', leg });
    expect(it_.events.of('leg.ended')).toHaveLength(1);
  });

  it('hung up between 200 and ACK gets its BYE after the ACK (RFC 3261 §15)', async () => {
    const { events, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.answer', leg });
    await call.response(200);
    order({ type: 'leg.hangup', leg });
    await events.next('leg.ended');
    expect(peer.unread.some((message) => message.startLine.startsWith('BYE'))).toBe(false);
    call.send('ACK', { sequence: 2 });
    peer.answer(await call.request('BYE'), 200);
    expect(events.of('leg.answered')).toEqual([]);
  });

  it('hung up between 200 and ACK takes no new offer, and no port for it', async () => {
    const { events, media, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.answer', leg });
    await call.response(200);
    order({ type: 'leg.hangup', leg });
    call.send('INVITE', { body: sdp(50_002) });
    await call.response(481);
    expect(media.open_.size).toBe(0);
  });

  it('is ended by the caller’s CANCEL with 487', async () => {
    const { events, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.ring', leg });
    await peer.response(180);
    call.cancel();
    await call.response(200, 'CANCEL');
    await call.response(487);
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'remote' });
  });

  it.each([
    ['busy', 486],
    ['unknown-number', 404],
    ['closed', 480],
    ['overload', 503],
    ['deterred', 480],
  ] as const)('is refused as %s with %i', async (refusal, status) => {
    const { events, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.refuse', leg, refusal });
    const response = await call.response(status);
    expect(response.header('Retry-After')).toBe(status === 503 ? '5' : '');
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'local' });
  });

  it('hung up before it is answered gets 480', async () => {
    const { events, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.hangup', leg });
    await call.response(480);
  });

  it('without ACK for 64*T1 is ended by BYE as an error', async () => {
    const { events, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.answer', leg });
    await call.response(200);
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'error' });
    peer.answer(await call.request('BYE'), 200);
    expect(it_.lines.legs().size).toBe(0);
  });

  it('without an offer gets ours in the 200 and answers in the ACK', async () => {
    const { events, media, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE');
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.answer', leg });
    const ok = await call.response(200);
    expect(ok.body).toContain('RTP/AVP 8 0 101\r\n');
    call.send('ACK', { body: sdp(50_002, 'sendrecv', '127.0.0.1', '0') });
    await events.next('leg.answered');
    expect(media.streams.get(leg)).toMatchObject({ port: 50_002, codec: 'PCMU', telephoneEventType: null });
    call.send('BYE', { sequence: 3 });
    await events.next('leg.ended');
  });

  it('whose late answer cannot be used is ended', async () => {
    const { events, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE');
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.answer', leg });
    await call.response(200);
    call.send('ACK');
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'error' });
    peer.answer(await call.request('BYE'), 200);
  });

  it('with an offer that does not suit is refused with 488 before anybody hears of it', async () => {
    const call = it_.peer.call();
    call.send('INVITE', { body: sdp(50_000, 'sendrecv', '127.0.0.1', '18') });
    await call.response(488);
    expect(it_.events.of('leg.incoming')).toEqual([]);
  });

  it('follows the offer’s order of codecs and refuses its other streams (RFC 3264 §6)', async () => {
    const { events, peer, order } = it_;
    const call = peer.call();
    const offer = sdp(50_000, 'sendrecv', '127.0.0.1', '9 0 8');
    call.send('INVITE', { body: `${offer}m=video 50004 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n` });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.answer', leg });
    const ok = await call.response(200);
    expect(ok.body).toContain('RTP/AVP 0\r\n');
    expect(ok.body).toContain('m=video 0 RTP/AVP 99\r\n');
  });

  it('that finds no free port is refused with 503', async () => {
    await it_.close();
    it_ = await rig({ media: new FakeMedia(0) });
    const { events, peer, order } = it_;
    await events.next('line.state');
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.answer', leg });
    await call.response(503);
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'error' });
  });

  it('that requires 100rel gets a reliable 180, repeated until its PRACK (RFC 3262)', async () => {
    const { events, peer, order } = it_;
    peer.hidesRepetitions = false;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000), headers: ['Require: 100rel'] });
    const invite = call.sequence;
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.ring', leg });
    const ringing = await call.response(180);
    expect(ringing.header('Require')).toBe('100rel');
    await call.response(180);
    call.send('PRACK', { headers: [`RAck: 1 ${invite} INVITE`] });
    await call.response(481, 'PRACK');
    order({ type: 'leg.answer', leg });
    call.send('PRACK', { headers: [`RAck: ${ringing.header('RSeq')} ${invite} INVITE`] });
    await call.response(200, 'PRACK');
    await call.response(200);
    call.send('ACK', { sequence: invite });
    await events.next('leg.answered');
  });

  it('that requires 100rel and offers nothing gets our offer in the 180 and answers in the PRACK', async () => {
    const { events, media, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { headers: ['Require: 100rel'] });
    const invite = call.sequence;
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.ring', leg });
    const ringing = await call.response(180);
    expect(ringing.body).toContain('m=audio');
    call.send('PRACK', { headers: [`RAck: ${ringing.header('RSeq')} ${invite} INVITE`], body: sdp(50_006) });
    await call.response(200, 'PRACK');
    expect(media.streams.get(leg)).toMatchObject({ port: 50_006 });
    order({ type: 'leg.answer', leg });
    await call.response(200);
    call.send('ACK', { sequence: invite });
    await events.next('leg.answered');
  });

  it('that never sends its PRACK is given up', async () => {
    const { events, peer, order } = it_;
    const call = peer.call();
    call.send('INVITE', { body: sdp(50_000), headers: ['Require: 100rel'] });
    const { leg } = await events.next('leg.incoming');
    order({ type: 'leg.ring', leg });
    await call.response(504);
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'error' });
  });
});

describe('many calls', () => {
  it('takes 100 at once', async () => {
    const { events, peer } = it_;
    const calls = Array.from({ length: 100 }, () => peer.call());
    for (const call of calls) call.send('INVITE', { body: sdp(50_000) });
    for (let count = 0; count < calls.length; count++) await events.next('leg.incoming');
    expect(it_.lines.legs().size).toBe(100);
    expect(it_.lines.status()[0]).toMatchObject({ channelsInUse: 100 });
  });

  it('refuses what exceeds the channels with 486, what exceeds the rate with 503, before the core hears of it', async () => {
    await it_.close();
    it_ = await rig({ lines: [lineOptions({ channels: 2 })], newCallsPerSecond: 3 });
    const { events, peer, order } = it_;
    await events.next('line.state');
    const [first, second, third, fourth, fifth] = Array.from({ length: 5 }, () => peer.call());
    first?.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming');
    second?.send('INVITE', { body: sdp(50_000) });
    await events.next('leg.incoming');
    third?.send('INVITE', { body: sdp(50_000) });
    await third?.response(486);
    order({ type: 'leg.hangup', leg });
    await events.next('leg.ended');
    fourth?.send('INVITE', { body: sdp(50_000) });
    const { leg: another } = await events.next('leg.incoming');
    order({ type: 'leg.hangup', leg: another });
    fifth?.send('INVITE', { body: sdp(50_000) });
    const refused = await fifth?.response(503);
    expect(refused?.header('Retry-After')).toBe('5');
    expect(events.of('leg.incoming')).toHaveLength(3);
  });

  it('refuses new calls with 503 on request, and takes them again', async () => {
    const { events, lines, peer } = it_;
    lines.refuseNewCalls(true);
    const refused = peer.call();
    refused.send('INVITE', { body: sdp(50_000) });
    expect((await refused.response(503)).header('Retry-After')).toBe('5');
    lines.refuseNewCalls(false);
    peer.call().send('INVITE', { body: sdp(50_000) });
    await events.next('leg.incoming');
  });
});

async function answered() {
  const { events, peer, order } = it_;
  const call = peer.call();
  call.send('INVITE', { body: sdp(50_000) });
  const { leg } = await events.next('leg.incoming');
  order({ type: 'leg.answer', leg });
  await call.response(200);
  call.send('ACK', { sequence: call.sequence });
  await events.next('leg.answered');
  return { call, leg };
}
