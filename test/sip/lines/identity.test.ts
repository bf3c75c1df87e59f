import { type IncomingRequestMessage, IncomingResponseMessage, type URI } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { callerOf, dialledOf, diversionOf } from '../../../src/adapters/sip/identity.ts';
import { parseMessage } from '../../../src/adapters/sip/wire/parser.ts';

function invite(
  headers: readonly string[],
  uri = 'sip:line@10.0.0.9',
  from = '"From Name" <sip:1001@ipbx.test>',
  to = '<sip:8000@ipbx.test>',
) {
  const text = [
    `INVITE ${uri} SIP/2.0`,
    'Via: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKx',
    'Max-Forwards: 70',
    `From: ${from};tag=1`,
    `To: ${to}`,
    'Call-ID: abc',
    'CSeq: 1 INVITE',
    'Contact: <sip:10.0.0.5>',
    ...headers,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
  const result = parseMessage(text);
  if (!result.ok || result.message instanceof IncomingResponseMessage) throw new Error('The message should be a request.');
  return result.message;
}

const isOwn = (user: string): boolean => user === 'line' || user === 'line-e7';
const dialled = (message: IncomingRequestMessage): string => dialledOf(message, message.ruri as URI, isOwn);

describe('the caller', () => {
  it.each([
    [[], '1001', 'From Name'],
    [['P-Asserted-Identity: "Asserted" <sip:+33612345678@ipbx.test;user=phone>'], '+33612345678', 'Asserted'],
    [['P-Asserted-Identity: <tel:+33-6-12-34-56-78>'], '+33612345678', 'From Name'],
    [['P-Asserted-Identity: "N" <sip:ipbx.test>, <tel:0612>'], '0612', 'N'],
    [['P-Asserted-Identity: <sip:0612@ipbx.test>', 'Privacy: id'], null, null],
  ])('with %j is %s (%s)', (headers, caller, callerName) => {
    expect(callerOf(invite(headers))).toEqual({ caller, callerName });
  });

  it('who withholds the number has none', () => {
    const anonymous = invite([], undefined, '"Anonymous" <sip:anonymous@anonymous.invalid>');
    expect(callerOf(anonymous)).toEqual({ caller: null, callerName: null });
  });

  it('has a name as a person reads it', () => {
    expect(callerOf(invite([], undefined, '"Zo\\"e" <sip:1@h>')).callerName).toBe('Zo"e');
    expect(callerOf(invite([], undefined, '<sip:1@h>')).callerName).toBeNull();
  });
});

describe('the number that was dialled', () => {
  it.each([
    ['the Request-URI of a trunk', 'sip:+33140000000@10.0.0.9', [], '+33140000000'],
    ['a tel: Request-URI', 'tel:+33-1-40', [], '+33140'],
    ['the called party that the IPBX names', 'sip:line@10.0.0.9', ['P-Called-Party-ID: <sip:8001@ipbx.test>'], '8001'],
    [
      'the history’s last target',
      'sip:line-e7@10.0.0.9',
      ['History-Info: <sip:7000@h>;index=1, <sip:8002@h>;index=1.1, <sip:line@h>;index=1.1.1'],
      '8002',
    ],
    ['To', 'sip:line@10.0.0.9', [], '8000'],
  ])('is that of %s', (_what, uri, headers, expected) => {
    expect(dialled(invite(headers, uri))).toBe(expected);
  });

  it('is the line’s own when nothing else is said', () => {
    expect(dialled(invite([], undefined, undefined, '<sip:line@ipbx.test>'))).toBe('line');
  });
});

describe('a diversion', () => {
  it.each([
    [[], null],
    [['Diversion: <sip:5000@h>;reason=no-answer, <sip:6000@h>;reason=unconditional'], { from: '5000', reason: 'no-answer' }],
    [['Diversion: "x" <tel:5000>;reason="user-busy"'], { from: '5000', reason: 'user-busy' }],
    [['Diversion: <sip:5000@h>'], { from: '5000', reason: 'unknown' }],
    [
      ['History-Info: <sip:5000@h?Reason=SIP%3Bcause%3D486>;index=1, <sip:8000@h>;index=1.1;mp=1, <sip:line@h>;index=1.1.1'],
      { from: '5000', reason: 'user-busy' },
    ],
    [
      ['History-Info: <sip:5000@h>;index=1, <sip:8000@h;cause=302>;index=1.1;mp=1, <sip:line@h>;index=1.1.1'],
      { from: '5000', reason: 'unconditional' },
    ],
    [['History-Info: <sip:8000@h>;index=1, <sip:line@h>;index=1.1'], null],
    [['History-Info: <sip:5000@h?Reason=%zz>;index=1, <sip:line@h>;index=1.1'], null],
  ])('in %j is %j', (headers, expected) => {
    expect(diversionOf(invite(headers), isOwn)).toEqual(expected);
  });
});
