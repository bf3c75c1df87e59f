import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Call, type Message, sdp } from './peer.ts';
import { type Rig, type RigOptions, rig } from './rig.ts';

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

interface Talk {
  readonly call: Call;
  readonly leg: string;
  readonly answer: Message;
}

/** An incoming call that was answered. */
async function talk(port = 50_000, headers: string[] = []): Promise<Talk> {
  const { events, peer, order } = it_;
  const call = peer.call();
  call.send('INVITE', { body: sdp(port), headers });
  const { leg } = await events.next('leg.incoming');
  order({ type: 'leg.answer', leg });
  const answer = await call.response(200);
  call.send('ACK');
  await events.next('leg.answered');
  return { call, leg, answer };
}

/** An outgoing call that was answered by the far end. */
async function talkOut(leg: string, port = 50_100, headers: string[] = []): Promise<Talk> {
  const { events, peer, order } = it_;
  order({ type: 'leg.call', leg, line: null, target: leg, caller: null, callerName: null, replaces: null });
  const invite = await peer.request('INVITE', (message) => message.uri.startsWith(`sip:${leg}@`));
  peer.answer(invite, 200, { body: sdp(port), headers, tag: leg });
  await peer.request('ACK', (message) => message.tag('To') === leg);
  await events.next('leg.answered', (event) => event.leg === leg);
  return { call: Call.of(peer, invite, leg), leg, answer: invite };
}

describe('in a conversation', () => {
  it.each(['sendonly', 'inactive'])('re-INVITE puts on hold (%s) and takes back', async (direction) => {
    const { events, media } = it_;
    const { call, leg } = await talk();
    call.send('INVITE', { body: sdp(50_000, direction) });
    const held = await call.response(200);
    expect(held.body).toContain(direction === 'sendonly' ? 'a=recvonly' : 'a=inactive');
    call.send('ACK');
    expect(await events.next('leg.held')).toEqual({ type: 'leg.held', leg });
    expect(media.streams.get(leg)?.direction).toBe(direction === 'sendonly' ? 'recvonly' : 'inactive');
    call.send('INVITE', { body: sdp(50_002) });
    await call.response(200);
    call.send('ACK');
    await events.next('leg.resumed');
    expect(media.streams.get(leg)).toMatchObject({ port: 50_002, direction: 'sendrecv' });
  });

  it('the old hold address 0.0.0.0 holds too', async () => {
    const { call } = await talk();
    call.send('INVITE', { body: sdp(50_000, 'sendrecv', '0.0.0.0') });
    await call.response(200);
    call.send('ACK');
    await it_.events.next('leg.held');
  });

  it('UPDATE with a description holds, without one only refreshes', async () => {
    const { call } = await talk();
    call.send('UPDATE', { body: sdp(50_000, 'sendonly') });
    expect((await call.response(200, 'UPDATE')).body).toContain('a=recvonly');
    await it_.events.next('leg.held');
    call.send('UPDATE', { headers: ['Session-Expires: 1800;refresher=uac', 'Supported: timer'] });
    const refreshed = await call.response(200, 'UPDATE');
    expect(refreshed.body).toBe('');
    expect(refreshed.header('Session-Expires')).toBe('1800;refresher=uac');
    expect(it_.events.of('leg.resumed')).toEqual([]);
  });

  it('re-INVITE without an offer gets ours; its answer comes in the ACK', async () => {
    const { call, leg } = await talk();
    call.send('INVITE');
    expect((await call.response(200)).body).toContain('m=audio');
    call.send('ACK', { body: sdp(50_008) });
    call.send('INFO');
    await call.response(200, 'INFO');
    expect(it_.media.streams.get(leg)).toMatchObject({ port: 50_008 });
  });

  it('an offer that does not suit is refused with 488 and changes nothing', async () => {
    const { call, leg } = await talk();
    call.send('INVITE', { body: sdp(50_009, 'sendrecv', '127.0.0.1', '18') });
    await call.response(488);
    expect(it_.media.streams.get(leg)).toMatchObject({ port: 50_000 });
  });

  it('keeps the session id and raises the version only when something changes (RFC 3264 §8)', async () => {
    const { call, answer } = await talk();
    const origin = (message: Message) => /o=- (\d+) (\d+)/.exec(message.body)?.slice(1).map(Number) ?? [];
    const [id, version] = origin(answer);
    call.send('INVITE', { body: sdp(50_000) });
    const same = await call.response(200);
    call.send('ACK');
    expect(origin(same)).toEqual([id, version]);
    call.send('INVITE', { body: sdp(50_000, 'sendonly') });
    const changed = await call.response(200);
    call.send('ACK');
    expect(origin(changed)).toEqual([id, (version ?? 0) + 1]);
  });

  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
    ['application/dtmf-relay', 'Signal= 11\r\n', '#'],
    ['application/dtmf', '*', '*'],
  ])('INFO %s brings a key', async (type, body, digit) => {
    const { call, leg } = await talk();
    call.send('INFO', { type, body });
    await call.response(200, 'INFO');
    expect(await it_.events.next('leg.digit')).toEqual({ type: 'leg.digit', leg, digit });
  });

  it('INFO with something else gets 415', async () => {
    const { call } = await talk();
    call.send('INFO', { type: 'application/json', body: '{}' });
    await call.response(415, 'INFO');
  });

  it('OPTIONS is answered', async () => {
    const { call } = await talk();
    call.send('OPTIONS');
    await call.response(200, 'OPTIONS');
  });

  it.each([481, 408])('a probe that is answered %i shows that the dialog is lost', async (status) => {
    const { leg } = await talk();
    it_.order({ type: 'leg.probe', leg });
    it_.peer.answer(await it_.peer.request('OPTIONS'), status);
    expect(await it_.events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'lost' });
    expect(it_.lines.legs().size).toBe(0);
  });

  it('a probe that is answered otherwise shows that it lives; without an answer it is lost', async () => {
    const { leg } = await talk();
    it_.order({ type: 'leg.probe', leg });
    it_.peer.answer(await it_.peer.request('OPTIONS'), 405);
    it_.order({ type: 'leg.probe', leg });
    expect(await it_.events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'lost' });
    expect(it_.events.of('leg.ended')).toHaveLength(1);
  });

  it('a 200 to a re-INVITE that is never acknowledged ends the call', async () => {
    const { call, leg } = await talk();
    call.send('INVITE', { body: sdp(50_002) });
    await call.response(200);
    expect(await it_.events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'lost' });
    it_.peer.answer(await call.request('BYE'), 200);
  });
});

describe('a transfer', () => {
  it('is accepted, told to the core, and its outcome to who asked (RFC 3515)', async () => {
    const { events, peer, order } = it_;
    const { call, leg } = await talk();
    call.send('REFER', { headers: ['Refer-To: <sip:1005@ipbx.test>'] });
    await call.response(202, 'REFER');
    const trying = await call.request('NOTIFY');
    expect(trying.body).toBe('SIP/2.0 100 Trying\r\n');
    expect(trying.header('Event')).toBe('refer');
    peer.answer(trying, 200);
    expect(await events.next('leg.transferRequested')).toEqual({
      type: 'leg.transferRequested',
      leg,
      target: '1005',
      replaces: null,
    });
    order({ type: 'leg.transferOutcome', leg, outcome: 'accepted' });
    order({ type: 'leg.transferOutcome', leg, outcome: 'connected' });
    const done = await call.request('NOTIFY');
    expect(done.body).toBe('SIP/2.0 200 OK\r\n');
    expect(done.header('Subscription-State')).toBe('terminated;reason=noresource');
    peer.answer(done, 200);
    call.send('REFER', { headers: ['Refer-To: <sip:1006@ipbx.test>'] });
    expect((await call.request('NOTIFY')).header('Event')).toBe(`refer;id=${call.sequence}`);
    order({ type: 'leg.transferOutcome', leg, outcome: 'failed' });
    expect((await call.request('NOTIFY')).body).toBe('SIP/2.0 503 Service Unavailable\r\n');
  });

  it('with Replaces hands the other dialog on (RFC 3891)', async () => {
    const { call } = await talk();
    call.send('REFER', {
      headers: ['Refer-To: <sip:1005@elsewhere.test;method=INVITE?Replaces=abc%40x%3Bto-tag%3D1%3Bfrom-tag%3D2>'],
    });
    expect(await it_.events.next('leg.transferRequested')).toMatchObject({
      target: 'sip:1005@elsewhere.test',
      replaces: 'abc@x;to-tag=1;from-tag=2',
    });
  });

  it('is refused while another one runs, and without a target', async () => {
    const { call } = await talk();
    call.send('REFER');
    await call.response(400, 'REFER');
    call.send('REFER', { headers: ['Refer-To: <sip:1005@ipbx.test>'] });
    await call.response(202, 'REFER');
    call.send('REFER', { headers: ['Refer-To: <sip:1006@ipbx.test>'] });
    await call.response(491, 'REFER');
    expect(it_.events.of('leg.transferRequested')).toHaveLength(1);
  });
});

describe('an INVITE with Replaces (RFC 3891)', () => {
  it('takes the place of the far end of a conversation; the core sees one leg all the time', async () => {
    const { events, lines, media, order, peer } = it_;
    const { call, leg, answer } = await talk();
    const replaces = `Replaces: ${call.id};to-tag=${answer.tag('To')};from-tag=peer`;
    const other = peer.call({ from: '<sip:1007@ipbx.test>' });
    other.send('INVITE', { body: sdp(50_400), headers: [replaces] });
    await other.response(200);
    peer.answer(await call.request('BYE'), 200);
    other.send('ACK');
    expect(media.streams.get(leg)).toMatchObject({ port: 50_400 });
    expect(lines.legs()).toEqual(new Set([leg]));
    order({ type: 'leg.hangup', leg });
    peer.answer(await other.request('BYE'), 200);
    await events.next('leg.ended');
    expect(events.of('leg.incoming')).toHaveLength(1);
    expect(events.of('leg.answered')).toHaveLength(1);
    expect(lines.sizes).toMatchObject({ legs: 0, callIds: 0 });
  });

  it('naming no dialog of ours gets 481, an answered one only while it rings 486', async () => {
    const { call, answer } = await talk();
    const unknown = it_.peer.call();
    unknown.send('INVITE', { body: sdp(50_400), headers: ['Replaces: nothing;to-tag=1;from-tag=2'] });
    await unknown.response(481);
    const early = it_.peer.call();
    early.send('INVITE', { headers: [`Replaces: ${call.id};to-tag=${answer.tag('To')};from-tag=peer;early-only`] });
    await early.response(486);
  });
});

describe('direct media', () => {
  it('joins two far ends, and comes back by relay', async () => {
    const { events, media, peer, order } = it_;
    const { call: caller, leg } = await talk(50_200);
    const { call: agent } = await talkOut('agent', 50_300);
    order({ type: 'leg.direct', first: leg, second: 'agent' });
    const first = await caller.request('INVITE');
    expect(first.body).toContain('m=audio 50300 RTP/AVP 8 0 101\r\n');
    peer.answer(first, 200, { body: sdp(50_200) });
    await caller.request('ACK');
    const second = await agent.request('INVITE');
    expect(second.body).toContain('m=audio 50200 ');
    peer.answer(second, 200, { body: sdp(50_300) });
    await agent.request('ACK');
    expect(events.of('leg.directFailed')).toEqual([]);
    expect(media.streams.get(leg)?.direction).toBe('inactive');
    order({ type: 'leg.relay', leg });
    order({ type: 'leg.relay', leg: 'agent' });
    const back = await caller.request('INVITE');
    expect(back.body).toContain(`m=audio ${media.open(leg).port} `);
    peer.answer(back, 200, { body: sdp(50_200) });
    await caller.request('ACK');
    const agentBack = await agent.request('INVITE');
    expect(agentBack.body).toContain(`m=audio ${media.open('agent').port} `);
    peer.answer(agentBack, 200, { body: sdp(50_300) });
    await agent.request('ACK');
  });

  it('corrects the first when the second answers from another stream', async () => {
    const { peer, order } = it_;
    const { call: caller, leg } = await talk(50_200);
    const { call: agent } = await talkOut('agent', 50_300);
    order({ type: 'leg.direct', first: leg, second: 'agent' });
    peer.answer(await caller.request('INVITE'), 200, { body: sdp(50_200) });
    peer.answer(await agent.request('INVITE'), 200, { body: sdp(50_302) });
    const corrected = await caller.request('INVITE');
    expect(corrected.body).toContain('m=audio 50302 ');
    peer.answer(corrected, 200, { body: sdp(50_200) });
  });

  it('that the first refuses has failed and changes nothing', async () => {
    const { events, media, peer, order } = it_;
    const { call: caller, leg } = await talk(50_200);
    await talkOut('agent', 50_300);
    order({ type: 'leg.direct', first: leg, second: 'agent' });
    peer.answer(await caller.request('INVITE'), 488);
    expect(await events.next('leg.directFailed')).toEqual({ type: 'leg.directFailed', leg });
    expect(media.streams.get(leg)).toMatchObject({ port: 50_200, direction: 'sendrecv' });
  });

  it('that the second refuses has failed and brings the first back', async () => {
    const { events, media, peer, order } = it_;
    const { call: caller, leg } = await talk(50_200);
    const { call: agent } = await talkOut('agent', 50_300);
    order({ type: 'leg.direct', first: leg, second: 'agent' });
    peer.answer(await caller.request('INVITE'), 200, { body: sdp(50_200) });
    await caller.request('ACK');
    peer.answer(await agent.request('INVITE'), 488);
    await events.next('leg.directFailed');
    const back = await caller.request('INVITE');
    expect(back.body).toContain(`m=audio ${media.open(leg).port} `);
    peer.answer(back, 200, { body: sdp(50_200) });
  });

  it('ends for both when one of them renegotiates', async () => {
    const { events, media, peer, order } = it_;
    const { call: caller, leg } = await talk(50_200);
    const { call: agent } = await talkOut('agent', 50_300);
    order({ type: 'leg.direct', first: leg, second: 'agent' });
    peer.answer(await caller.request('INVITE'), 200, { body: sdp(50_200) });
    peer.answer(await agent.request('INVITE'), 200, { body: sdp(50_300) });
    await agent.request('ACK');
    caller.send('INVITE', { body: sdp(50_200, 'sendonly') });
    expect((await caller.response(200)).body).toContain(`m=audio ${media.open(leg).port} `);
    caller.send('ACK');
    await events.next('leg.held');
    const back = await agent.request('INVITE');
    expect(back.body).toContain(`m=audio ${media.open('agent').port} `);
    peer.answer(back, 200, { body: sdp(50_300) });
  });
});

describe('a re-INVITE of ours', () => {
  it('is repeated after a glare (491)', async () => {
    const { peer, order } = it_;
    const { call, leg } = await talk();
    order({ type: 'leg.relay', leg });
    const first = await call.request('INVITE');
    peer.answer(first, 491);
    const second = await call.request('INVITE');
    expect(second.sequence).toBeGreaterThan(first.sequence);
    peer.answer(second, 200, { body: sdp(50_000) });
    await call.request('ACK');
  });

  it('refuses the far end’s with 491 meanwhile', async () => {
    const { peer, order } = it_;
    const { call, leg } = await talk();
    order({ type: 'leg.relay', leg });
    const ours = await call.request('INVITE');
    call.send('INVITE', { body: sdp(50_002) });
    await call.response(491);
    peer.answer(ours, 200, { body: sdp(50_000) });
    await call.request('ACK');
  });

  it('answered 481 shows that the dialog is lost', async () => {
    const { events, peer, order } = it_;
    const { call, leg } = await talk();
    order({ type: 'leg.relay', leg });
    peer.answer(await call.request('INVITE'), 481);
    expect(await events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'lost' });
  });
});

describe('the session timer (RFC 4028)', () => {
  const brief = { sessionTimer: { expiresSeconds: 1, minSeconds: 1 } };

  it('refreshes by UPDATE where the far end allows it, as caller', async () => {
    await again(brief);
    const headers = ['Session-Expires: 1;refresher=uac', 'Allow: INVITE, ACK, BYE, UPDATE'];
    const { call } = await talkOut('agent', 50_300, headers);
    const update = await call.request('UPDATE');
    expect(update.header('Session-Expires')).toBe('1;refresher=uac');
    it_.peer.answer(update, 200, { headers });
    it_.peer.answer(await call.request('UPDATE'), 200, { headers });
    expect(it_.events.of('leg.ended')).toEqual([]);
  });

  it('refreshes by re-INVITE with the same description where it does not, as called', async () => {
    await again(brief);
    const { call, answer } = await talk(50_000, ['Session-Expires: 1;refresher=uas', 'Supported: timer']);
    expect(answer.header('Session-Expires')).toBe('1;refresher=uas');
    const invite = await call.request('INVITE');
    expect(invite.body).toBe(answer.body);
    it_.peer.answer(invite, 200, { body: sdp(50_000), headers: ['Session-Expires: 1;refresher=uac'] });
    await call.request('ACK');
    await call.request('INVITE');
  });

  it('gives the call up when the far end does not refresh it', async () => {
    await again(brief);
    const { call, leg, answer } = await talk(50_000, ['Session-Expires: 1;refresher=uac', 'Supported: timer']);
    expect(answer.header('Require')).toBe('timer');
    it_.peer.answer(await call.request('BYE'), 200);
    expect(await it_.events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'lost' });
  });

  it('gives the call up when nobody answers the refresh', async () => {
    await again(brief);
    const { leg } = await talkOut('agent', 50_300, ['Session-Expires: 1;refresher=uac', 'Allow: UPDATE']);
    expect(await it_.events.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'lost' });
  });

  it('refuses an interval that is too short, but only to who knows the extension', async () => {
    const refused = it_.peer.call();
    refused.send('INVITE', { body: sdp(50_000), headers: ['Session-Expires: 30', 'Supported: timer'] });
    expect((await refused.response(422)).header('Min-SE')).toBe('90');
    const { answer } = await talk(50_000, ['Session-Expires: 30']);
    expect(answer.header('Session-Expires')).toBe('90;refresher=uas');
  });
});
