import { expect, it } from 'vitest';
import { createSipLines } from '../../../src/adapters/sip/lines.ts';
import { systemClock } from '../../../src/adapters/clock/clock.ts';
import { FakeMedia } from './fake-media.ts';
import { sdp } from './peer.ts';
import { Events, lineOptions, memoryLog, QUICK, rig } from './rig.ts';

it('another adapter goes on with a leg that was written down, and the far end follows it', async () => {
  const it_ = await rig();
  const { events, peer, order } = it_;
  await events.next('line.state');
  const call = peer.call();
  call.send('INVITE', { body: sdp(50_000), headers: ['Session-Expires: 1800;refresher=uac', 'Supported: timer'] });
  const { leg } = await events.next('leg.incoming');
  expect(it_.lines.snapshot(leg)).toBeNull();
  order({ type: 'leg.answer', leg });
  const answer = await call.response(200);
  call.send('ACK');
  await events.next('leg.answered');

  const written = JSON.stringify(it_.lines.snapshot(leg));
  expect(written.length).toBeLessThan(3_000);

  const media = new FakeMedia();
  const taken = new Events();
  const other = createSipLines(
    {
      protocol: 'UDP',
      listen: { address: '127.0.0.1', port: 0 },
      ipbx: [{ host: '127.0.0.1', port: peer.port }],
      domain: 'ipbx.test',
      lines: [lineOptions()],
      timers: QUICK,
    },
    { media, clock: systemClock(), log: memoryLog([]), randomness: Math.random },
  );
  await other.start(taken.push);
  peer.target = other.wire.local.port;
  await taken.next('line.state');
  expect(other.restore(JSON.parse(written))).toBe(true);
  expect(other.restore(JSON.parse(written))).toBe(false);
  const invite = await call.request('INVITE');
  expect(invite.tag('From')).toBe(answer.tag('To'));
  expect(invite.header('Contact')).toContain(`:${other.wire.local.port}>`);
  expect(invite.sequence).toBeGreaterThan(1_000);
  const origin = (body: string): number[] => /o=- (\d+) (\d+)/.exec(body)?.slice(1).map(Number) ?? [];
  expect(origin(invite.body)[0]).toBe(origin(answer.body)[0]);
  expect(origin(invite.body)[1]).toBeGreaterThan(origin(answer.body)[1] ?? 0);
  peer.answer(invite, 200, { body: sdp(50_000) });
  await call.request('ACK');
  expect(media.streams.get(leg)).toMatchObject({ port: 50_000 });
  call.send('BYE');
  await call.response(200, 'BYE');
  expect(await taken.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'remote' });
  await other.stop();
  peer.target = it_.lines.wire.local.port;
  await it_.close();
});
