import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { LineEffect } from '../../../src/core/kernel/effects.ts';
import { Random } from '../../../src/core/kernel/random.ts';
import { type Call, type Message, type Peer, sdp } from './peer.ts';
import { type Rig, rig } from './rig.ts';

/** Walks at once, and steps of each: what comes late for one walk comes between the steps of others. */
const WALKS = 120;
const STEPS = 14;

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)] as Item;
}

/** What a far end may send at any time, sensible or not. */
function send(call: Call, random: Random): void {
  const method = pick(random, [
    'ACK',
    'ACK',
    'BYE',
    'CANCEL',
    'INVITE',
    'UPDATE',
    'INFO',
    'REFER',
    'PRACK',
    'OPTIONS',
    'NOTIFY',
    'MESSAGE',
    'FOO',
  ]);
  if (method === 'CANCEL') return call.cancel();
  const body = pick(random, [
    '',
    sdp(50_000),
    sdp(50_000, 'sendonly'),
    sdp(0),
    sdp(50_000, 'sendrecv', '127.0.0.1', '18'),
    'v=0\r\nnonsense',
  ]);
  const headers = pick(random, [
    [],
    ['Refer-To: <sip:1005@ipbx.test>', 'RAck: 1 2 INVITE'],
    ['Refer-To: <sip:1@x?Replaces=%zz>', 'Session-Expires: 1', 'Supported: timer'],
    ['Event: refer', 'Subscription-State: active'],
    ['Require: 100rel', 'Min-SE: 99999999', 'Session-Expires: 99999999;refresher=uas'],
  ]);
  const sequence = random.below(5) === 0 ? random.below(6) : undefined;
  call.send(method, { body, headers, ...(sequence !== undefined && method !== 'ACK' && { sequence }) });
}

/** Any order at any time, for a leg that may be gone. */
function order(leg: string, other: string, random: Random): LineEffect {
  return pick<LineEffect>(random, [
    { type: 'leg.ring', leg },
    { type: 'leg.answer', leg },
    { type: 'leg.answer', leg },
    { type: 'leg.relay', leg },
    { type: 'leg.probe', leg },
    { type: 'leg.direct', first: leg, second: other },
    { type: 'leg.transferOutcome', leg, outcome: 'connected' },
    { type: 'leg.refuse', leg, refusal: 'busy' },
    { type: 'leg.hangup', leg },
  ]);
}

/** Answers to our requests: mostly good ones, some refusals, sometimes silence or the same twice. */
function answerAnyhow(random: Random): (message: Message, peer: Peer) => boolean {
  return (message, peer) => {
    if (message.status !== null || message.method === 'ACK') return true;
    const body = message.method === 'INVITE' ? sdp(50_000) : '';
    const status = message.method === 'REGISTER' ? 200 : pick(random, [200, 200, 200, 180, 183, 486, 491, 481, 408, 422, 302, 0]);
    if (status !== 0) peer.answer(message, status, { body: status < 300 ? body : '', headers: ['Min-SE: 120'] });
    if (random.below(4) === 0) peer.answer(message, 200, { body, tag: pick(random, ['far', 'fork']) });
    return true;
  };
}

async function walk(it_: Rig, number: number, random: Random): Promise<void> {
  const { peer, lines } = it_;
  const call = peer.call({ from: `<sip:w${number}@ipbx.test>` });
  // The To tag is learnt from whatever is answered, as a far end would.
  void Promise.race([180, 200, 183].map((status) => call.response(status)));
  call.send('INVITE', {
    body: pick(random, ['', sdp(50_000)]),
    headers: pick(random, [[], ['Require: 100rel'], ['Supported: timer']]),
  });
  const out = `out${number}`;
  if (random.below(2) === 0) {
    lines.perform({ type: 'leg.call', leg: out, line: null, target: '1001', caller: '1', callerName: null, replaces: null });
  }
  for (let step = 0; step < STEPS; step++) {
    const mine = it_.events.of('leg.incoming').find((event) => event.caller === `w${number}`)?.leg ?? 'none-yet';
    if (random.below(2) === 0) send(call, random);
    else lines.perform(order(pick(random, [mine, mine, out]), pick(random, [out, mine]), random));
    await sleep(random.below(6));
  }
}

it.each([1, 2, 3])('whatever comes in whatever order, every leg ends once and nothing is left behind (seed %i)', async (seed) => {
  const random = new Random(seed);
  const it_ = await rig({ newCallsPerSecond: 100_000 });
  const { events, lines, peer } = it_;
  await events.next('line.state');
  // Responses still reach the walks, requests are answered somehow.
  const anyhow = answerAnyhow(random);
  peer.automatic = (message, far) => message.status === null && anyhow(message, far);
  await Promise.all(Array.from({ length: WALKS }, (_, number) => walk(it_, number, random)));
  lines.refuseNewCalls(true);
  peer.automatic = (message, far) => {
    if (message.status === null && message.method !== 'ACK') far.answer(message, message.method === 'INVITE' ? 487 : 200);
    return true;
  };
  // INVITEs that were still under way when the walks ended have become legs as well.
  const left = (): Readonly<Record<string, number>> => {
    for (const leg of lines.legs()) lines.perform({ type: 'leg.hangup', leg });
    return lines.sizes;
  };
  await expect.poll(left, { timeout: 15_000 }).toMatchObject({ legs: 0, callIds: 0, dialogs: 0, clients: 0, servers: 0 });
  expect(it_.media.open_.size).toBe(0);
  const begun = new Set([...events.of('leg.incoming').map(({ leg }) => leg), ...events.of('leg.ended').map(({ leg }) => leg)]);
  for (const leg of begun) {
    const ends = [...events.of('leg.ended'), ...events.of('leg.failed')].filter((event) => event.leg === leg);
    expect(ends, leg).toHaveLength(1);
    const answers = events.of('leg.answered').filter((event) => event.leg === leg);
    expect(answers.length, leg).toBeLessThanOrEqual(1);
  }
  expect(it_.log.filter(({ level }) => level === 'error')).toEqual([]);
  await it_.close();
});
