import { createSocket, type Socket } from 'node:dgram';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, extensions, simpleCentre } from '../support/daemon.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, caller } from '../support/scenario.ts';
import { Sipp } from '../support/sipp.ts';

/** xorshift32: the same messages in every run. */
const randomFrom = (seed: number) => () => {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) / 2 ** 32;
};

const valid = (port: number, method: string, index: number): string =>
  [
    `${method} sip:8000@127.0.0.1:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-torture-${index};rport`,
    'Max-Forwards: 70',
    `From: "A \\" name" <sip:0612345678@trunk.example>;tag=t${index}`,
    'To: <sip:8000@ipbx.test>',
    `Call-ID: torture-${index}@127.0.0.1`,
    `CSeq: 1 ${method}`,
    'Contact: <sip:torture@127.0.0.1:9>',
    'P-Asserted-Identity: <sip:0612345678@trunk.example>',
    'Content-Type: application/sdp',
    'Content-Length: 104',
    '',
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n',
  ].join('\r\n');

const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'PRACK',
  'UPDATE',
  'REFER',
  'INFO',
  'NOTIFY',
  'SUBSCRIBE',
  'X',
];
const PIECES = [
  '\r\n',
  '\0',
  ';',
  '<',
  '>',
  '"',
  ',',
  '%00',
  'SIP/2.0',
  '\r\n ',
  'Via: ',
  'é',
  ':',
  '@',
  '=',
  '[::1',
  '99999999999999999999',
];

const mutate = (message: string, random: () => number): Buffer => {
  let text = Buffer.from(message, 'utf8');
  for (let times = 1 + Math.floor(random() * 6); times > 0; times--) {
    const at = Math.floor(random() * text.length);
    const end = at + Math.floor(random() * 40);
    const piece = Buffer.from(PIECES[Math.floor(random() * PIECES.length)] ?? '');
    const choice = random();
    if (choice < 0.3) text = Buffer.concat([text.subarray(0, at), text.subarray(end)]);
    else if (choice < 0.6) text = Buffer.concat([text.subarray(0, at), piece, text.subarray(at)]);
    else if (choice < 0.8) text = Buffer.concat([text.subarray(0, end), text.subarray(at)]);
    else text[Math.min(at, text.length - 1)] = Math.floor(random() * 256);
    if (text.length === 0) text = Buffer.from(' ');
    if (text.length > 60_000) text = text.subarray(0, 60_000);
  }
  return text;
};

const extremes = (port: number): Buffer[] =>
  [
    '',
    '\r\n\r\n',
    '\0'.repeat(1_000),
    `INVITE ${'sip:'.repeat(10_000)} SIP/2.0\r\n\r\n`,
    `INVITE sip:8000@127.0.0.1 SIP/2.0\r\n${'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\n'.repeat(1_000)}\r\n`,
    `OPTIONS sip:8000@127.0.0.1 SIP/2.0\r\nContact: ${'<sip:a@b>,'.repeat(5_900)}<sip:a@b>\r\n\r\n`,
    valid(port, 'INVITE', -1).replace('Content-Length: 104', 'Content-Length: -1'),
    valid(port, 'INVITE', -2).replace('Content-Length: 104', 'Content-Length: 999999'),
    valid(port, 'INVITE', -3).replace('CSeq: 1 INVITE', 'CSeq: 99999999999 INVITE'),
    valid(port, 'INVITE', -4).replace('CSeq: 1 INVITE', 'CSeq: 1 BYE'),
    valid(port, 'INVITE', -5).replace('Max-Forwards: 70', 'Max-Forwards: 0'),
    valid(port, 'INVITE', -6).replaceAll('8000', 'a'.repeat(20_000)),
    `SIP/2.0 200 OK\r\n\r\n`,
    `SIP/2.0 999999 ${'x'.repeat(50_000)}\r\n\r\n`,
  ].map((text) => Buffer.from(text));

describe('malformed messages', () => {
  let postgres: Postgres;
  let phones: Sipp;
  let daemon: Daemon;
  let socket: Socket;

  beforeAll(async () => {
    postgres = await Postgres.start();
    phones = await Sipp.answering({ scenario: agent({ does: 'answer', ringMs: 0, talkMs: 200 }) });
    daemon = await Daemon.start({
      ipbx: phones.hostPort,
      databaseUrl: postgres.url,
      centre: simpleCentre(extensions(10)),
      users: [],
    });
    socket = createSocket('udp4');
    socket.on('error', () => {});
  });

  afterAll(async () => {
    socket?.close();
    await daemon?.stop();
    await phones?.stop();
    await postgres?.stop();
  });

  const send = (message: Buffer): Promise<void> =>
    new Promise((resolve) => socket.send(message, daemon.port, '127.0.0.1', () => resolve()));

  const flood = async (count: number, seed: number): Promise<void> => {
    const random = randomFrom(seed);
    for (let index = 0; index < count; index++) {
      const method = METHODS[index % METHODS.length] ?? 'INVITE';
      await send(mutate(valid(daemon.port, method, index), random));
      // Slow enough that the messages are read and not dropped by the kernel.
      if (index % 20 === 0) await daemon.request('ping', {});
      else await turn();
    }
  };

  it('20,000 mutated messages while calls flow: every call is answered, memory stays, nothing hangs', async () => {
    for (const message of extremes(daemon.port)) await send(message);
    await flood(2_000, 1);
    await daemon.until('what the first messages made to end', ({ totals }) => totals.inProgress === 0, 60_000);
    const before = daemon.residentMb();
    const calling = await Sipp.start({
      scenario: caller({ talkMs: 20_000 }),
      target: daemon.hostPort,
      service: '8000',
      calls: 100,
      callsPerSecond: 5,
      limitSeconds: 120,
    });
    await flood(18_000, 2);
    expect(await calling.finished()).toMatchObject({ successful: 100, failed: 0 });
    await daemon.until('what the messages made to end', ({ totals }) => totals.inProgress === 0, 90_000);
    expect(daemon.ended).toBeNull();
    expect(daemon.residentMb() - before).toBeLessThan(150);
    expect((await daemon.status()).lines.map(({ channelsInUse }) => channelsInUse)).toEqual([0]);
  });
});
