import { describe, expect, it } from 'vitest';
import {
  connectionAnswer,
  datagramAnswer,
  isInDialog,
  nextHop,
  reconnectAnswer,
} from '../../../src/adapters/sip/wire/routing.ts';
import { bareAddress, cseqMethod, findHeader, stampVia, topVia, transactionKey } from '../../../src/adapters/sip/wire/scan.ts';
import type { Protocol } from '../../../src/adapters/sip/wire/types.ts';
import { parseVia, type Via } from '../../../src/adapters/sip/wire/via.ts';

const source = (protocol: Protocol = 'UDP') => ({ address: '192.0.2.7', port: 40_000, protocol });
const withVia = (value: string): string => `OPTIONS sip:h SIP/2.0\r\nMax-Forwards: 70\r\n${value}\r\nCSeq: 1 OPTIONS\r\n\r\n`;
const stamped = (value: string, protocol: Protocol = 'UDP'): string => {
  const text = withVia(value);
  const top = topVia(text);
  if (top === undefined) throw new Error('no Via');
  return stampVia(text, top, source(protocol)).split('\r\n').slice(2, -3).join('\r\n');
};

describe('the topmost Via', () => {
  it.each([
    ['Via: SIP/2.0/UDP 192.0.2.7;branch=b', 'Via: SIP/2.0/UDP 192.0.2.7;branch=b', 'UDP'],
    ['Via: SIP/2.0/UDP 10.0.0.1:5070;branch=b', 'Via: SIP/2.0/UDP 10.0.0.1:5070;branch=b;received=192.0.2.7', 'UDP'],
    ['Via: SIP/2.0/UDP host;branch=b', 'Via: SIP/2.0/UDP host;branch=b;received=192.0.2.7', 'UDP'],
    ['Via: SIP/2.0/UDP 192.0.2.7;rport;branch=b', 'Via: SIP/2.0/UDP 192.0.2.7;branch=b;rport=40000;received=192.0.2.7', 'UDP'],
    ['v: SIP/2.0/UDP 192.0.2.7; rport = 1 ;branch=b', 'v: SIP/2.0/UDP 192.0.2.7;branch=b;rport=40000;received=192.0.2.7', 'UDP'],
    ['Via: SIP/2.0/UDP 192.0.2.7 ; branch=b ; Received=1', 'Via: SIP/2.0/UDP 192.0.2.7 ; branch=b', 'UDP'],
    ['Via: SIP/2.0/UDP 192.0.2.7;received=9.9.9.9;branch=b', 'Via: SIP/2.0/UDP 192.0.2.7;branch=b', 'UDP'],
    [
      'Via: SIP/2.0/UDP h;branch=b, SIP/2.0/UDP i;rport',
      'Via: SIP/2.0/UDP h;branch=b;received=192.0.2.7, SIP/2.0/UDP i;rport',
      'UDP',
    ],
    ['Via: SIP/2.0/UDP h;x="a,b;rport";branch=b', 'Via: SIP/2.0/UDP h;x="a,b;rport";branch=b;received=192.0.2.7', 'UDP'],
    ['Via: SIP/2.0/TCP 192.0.2.7;branch=b', 'Via: SIP/2.0/TCP 192.0.2.7;branch=b;rport=40000;received=192.0.2.7', 'TCP'],
    ['Via: SIP/2.0/UDP h\r\n ;branch=b', 'Via: SIP/2.0/UDP h\r\n ;branch=b;received=192.0.2.7', 'UDP'],
  ] as const)('is completed: %j', (before, after, protocol) => {
    expect(stamped(before, protocol)).toBe(after);
  });

  it.each(['', 'Via: nonsense', 'Via: SIP/2.0/UDP', 'Vias: SIP/2.0/UDP h', 'Via: SIP/2.0/UDP h;x="unfinished'])(
    'is not found in %j',
    (line) => {
      expect(topVia(withVia(line))).toBeUndefined();
    },
  );

  it.each([
    ['white space', `Via: SIP/2.0/UDP h;branch=b${' '.repeat(60_000)};rport`],
    ['semicolons', `Via: SIP/2.0/UDP h;branch=b${'; '.repeat(30)};rport${';'.repeat(60_000)}`],
    ['quotation marks', `Via: SIP/2.0/UDP h;branch=b${';x="y"'.repeat(40)};rport`],
  ])('is completed in one pass: %s', (_what, line) => {
    for (let count = 0; count < 20; count++) expect(stamped(line)).toContain('rport=40000');
  });

  it('and CSeq are looked at no longer than they can be', () => {
    for (const value of ['1'.repeat(60_000), `1${' '.repeat(60_000)}`, '1 '.repeat(30_000)]) {
      for (let count = 0; count < 20; count++) expect(cseqMethod(`SIP/2.0 200 OK\r\nCSeq: ${value}\r\n\r\n`)).toBeUndefined();
    }
  });

  it('is not looked for in the body', () => {
    expect(findHeader('OPTIONS sip:h SIP/2.0\r\n\r\nVia: SIP/2.0/UDP h\r\n', 'via', 'v')).toBeUndefined();
  });

  it('names the server transaction with sent-by and method, ACK under its INVITE (RFC 3261 §17.2.3)', () => {
    const via = parseVia('SIP/2.0/UDP h:1;branch=z9hG4bKb') as Via;
    expect(transactionKey(via, 'ACK')).toBe(transactionKey(via, 'INVITE'));
    const keys = [via, parseVia('SIP/2.0/UDP h:2;branch=z9hG4bKb'), parseVia('SIP/2.0/UDP i:1;branch=z9hG4bKb')].map((one) =>
      transactionKey(one as Via, 'BYE'),
    );
    expect(new Set([...keys, transactionKey(via, 'CANCEL')]).size).toBe(4);
    expect(transactionKey(parseVia('SIP/2.0/UDP h;branch=1') as Via, 'BYE')).toBeUndefined();
  });
});

describe('routes', () => {
  const via = (text: string): Via => parseVia(`SIP/2.0/UDP ${text}`) as Via;

  it.each([
    ['h:5070;branch=b', { host: 'h', port: 5070 }],
    ['h;branch=b', { host: 'h', port: undefined }],
    ['h:5070;received=192.0.2.7', { host: '192.0.2.7', port: 5070 }],
    ['h;received=192.0.2.7', { host: '192.0.2.7', port: 5060 }],
    ['h:5070;received=192.0.2.7;rport=9', { host: '192.0.2.7', port: 9 }],
    ['h:5070;received=192.0.2.7;rport', { host: '192.0.2.7', port: 5070 }],
    ['h:5070;maddr=224.2.0.1;received=192.0.2.7', { host: '224.2.0.1', port: 5070 }],
  ])('of responses over UDP (RFC 3261 §18.2.2): %s', (text, wanted) => {
    expect(datagramAnswer(via(text), 'UDP')).toEqual(wanted);
  });

  it('of responses on streams: the connection, then a new one to the sender’s port', () => {
    expect(connectionAnswer(via('h:5070;received=192.0.2.7;rport=9'))).toEqual({ address: '192.0.2.7', port: 9 });
    expect(connectionAnswer(via('h:5070'))).toBeUndefined();
    expect(reconnectAnswer(via('h:5070;received=192.0.2.7;rport=9'), 'TCP')).toEqual({ host: '192.0.2.7', port: 5070 });
    expect(reconnectAnswer(via('h'), 'TLS')).toEqual({ host: 'h', port: 5061 });
  });

  it.each([
    ['INVITE sip:a@h:5070 SIP/2.0\r\n\r\n', { place: { host: 'h', port: 5070 }, routed: false }],
    ['INVITE sip:a@h;maddr=192.0.2.1 SIP/2.0\r\n\r\n', { place: { host: '192.0.2.1', port: undefined }, routed: false }],
    ['INVITE tel:1 SIP/2.0\r\n\r\n', { place: undefined, routed: false }],
    ['INVITE sip:a@h SIP/2.0\r\nRoute: <sip:p,q@r:1;lr>, <sip:s;lr>\r\n\r\n', { place: { host: 'r', port: 1 }, routed: true }],
    [
      'INVITE sip:a@h SIP/2.0\r\nRoute: <sip:r;lr>\r\nRoute: <sip:s;lr>\r\n\r\n',
      { place: { host: 'r', port: undefined }, routed: true },
    ],
    ['INVITE sip:a@h SIP/2.0\r\nRoute: nonsense\r\n\r\n', { place: undefined, routed: true }],
  ])('of requests (RFC 3261 §8.1.2): %j', (text, wanted) => {
    expect(nextHop(text)).toEqual(wanted);
  });

  it.each([
    ['To: <sip:a@h>;tag=1', true],
    ['t: "x;tag=y" <sip:a@h>', false],
    ['To: <sip:a@h;tag=1>', false],
    ['To: sip:a@h ; tag = 1', true],
    ['To: <sip:a@h>', false],
  ])('tell requests inside a dialog: %j', (line, wanted) => {
    expect(isInDialog(`BYE sip:h SIP/2.0\r\n${line}\r\n\r\n`)).toBe(wanted);
  });
});

describe('addresses', () => {
  it.each([
    ['[2001:DB8::1]', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
  ])('have one form: %s', (text, wanted) => {
    expect(bareAddress(text)).toBe(wanted);
  });

  it('and CSeq its method', () => {
    expect(cseqMethod('SIP/2.0 200 OK\r\nCSeq: 1\r\n  INVITE \r\n\r\n')).toBe('INVITE');
    expect(cseqMethod('SIP/2.0 200 OK\r\nCSeq: INVITE\r\n\r\n')).toBeUndefined();
  });
});
