import { expect, it } from 'vitest';
import { Call, sdp } from './peer.ts';
import { type Rig, rig } from './rig.ts';

const LEGS = 2_000;
const AT_ONCE = 20;

/** Calls in, answered and ended by either side; calls out, answered, refused or cancelled. */
async function oneCall(it_: Rig, number: number): Promise<void> {
  const { events, peer, order } = it_;
  if (number % 2 === 0) {
    const call = peer.call({ from: `<sip:c${number}@ipbx.test>` });
    call.send('INVITE', { body: sdp(50_000) });
    const { leg } = await events.next('leg.incoming', (event) => event.caller === `c${number}`);
    order({ type: 'leg.ring', leg });
    if (number % 4 === 0) {
      order({ type: 'leg.answer', leg });
      await call.response(200);
      call.send('ACK');
      await events.next('leg.answered', (event) => event.leg === leg);
      call.send('BYE');
      await call.response(200, 'BYE');
    } else {
      await call.response(180);
      call.cancel();
      await call.response(487);
      call.send('ACK', { branch: call.branch });
    }
    await events.next('leg.ended', (event) => event.leg === leg);
    return;
  }
  const leg = `out${number}`;
  order({ type: 'leg.call', leg, line: null, target: leg, caller: null, callerName: null, replaces: null });
  const invite = await peer.request('INVITE', (message) => message.uri === `sip:${leg}@ipbx.test`);
  if (number % 4 === 1) {
    peer.answer(invite, 486);
    await peer.request('ACK', (message) => message.uri === `sip:${leg}@ipbx.test`);
    await events.next('leg.failed', (event) => event.leg === leg);
    return;
  }
  peer.answer(invite, 200, { body: sdp(50_000), tag: leg });
  await events.next('leg.answered', (event) => event.leg === leg);
  order({ type: 'leg.hangup', leg });
  peer.answer(await Call.of(peer, invite, leg).request('BYE'), 200);
  await events.next('leg.ended', (event) => event.leg === leg);
}

it(`${LEGS} legs leave nothing behind`, async () => {
  const it_ = await rig({ newCallsPerSecond: 100_000, timers: { t1Ms: 20, t2Ms: 80, t4Ms: 100 } });
  await it_.events.next('line.state');
  for (let number = 0; number < LEGS; number += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => oneCall(it_, number + index)));
  }
  expect(it_.media.open_.size).toBe(0);
  expect(it_.lines.legs().size).toBe(0);
  expect(it_.lines.status()[0]).toMatchObject({ channelsInUse: 0 });
  // sip.js keeps transactions for 64*T1 after their end; then they are gone too.
  await expect
    .poll(() => it_.lines.sizes, { timeout: 15_000 })
    .toEqual({
      legs: 0,
      callIds: 0,
      pending: 0,
      probes: 0,
      dialogs: 0,
      clients: 0,
      servers: 0,
    });
  await it_.close();
}, 60_000);
