import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../../src/adapters/sip/wire/parser.ts';
import { compose } from './corpus.ts';

/**
 * The situations that RFC 4475 lists, in messages of our own: odd but valid ones must be read, broken ones refused with a
 * reason, ambiguous ones decided one way and kept so.
 */

const outcome = (text: string): string => {
  const result = parseMessage(text);
  return result.ok ? 'read' : result.reason;
};

const base = (
  start: string,
  replace: Readonly<Record<string, string | null>> = {},
  extra: readonly string[] = [],
  body = '',
): string => {
  const fields: Record<string, string | null> = {
    Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKt1',
    'Max-Forwards': '70',
    From: '<sip:caller@example.net>;tag=1',
    To: '<sip:called@example.com>',
    'Call-ID': 'torture@192.0.2.1',
    CSeq: `1 ${start.split(' ', 1)[0]}`,
    Contact: '<sip:caller@192.0.2.1>',
    ...replace,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return compose([start, ...lines, ...extra], body);
};
const invite = (...rest: [Readonly<Record<string, string | null>>?, (readonly string[])?, string?]): string =>
  base('INVITE sip:called@example.com SIP/2.0', ...rest);

describe('valid messages (RFC 4475 §3.1.1)', () => {
  it.each([
    [
      'a short tortuous INVITE: folds, odd case, escapes, empty lists, unknown headers',
      [
        'INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0',
        'TO :',
        ' sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n',
        'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
        '  ;',
        '  tag = 98asjd8',
        'MaX-fOrWaRdS: 0068',
        'Call-ID: wsinv.ndaksdj@192.0.2.1',
        'Content-Length   : 0',
        'cseq: 0009',
        '  INVITE',
        'Via  : SIP  /   2.0',
        ' /UDP',
        '    192.0.2.2;branch=390skdjuw',
        's :',
        'NewFangledHeader:   newfangled value',
        ' continued newfangled value',
        'UnknownHeaderWithUnusualValue: ;;,,;;,;',
        'Route:',
        ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
        'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
        '  branch  =   z9hG4bK9ikj8  ,',
        ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
        ' z9hG4bK30239',
        'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
        '      newvalue ;',
        '  secondparam ; q = 0.33',
        '',
        '',
      ].join('\r\n'),
    ],
    [
      'every character a method may have',
      base("!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$@example.com SIP/2.0"),
    ],
    ['escapes in URIs', base('INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0', { To: '<sip:%75se%72@example.com>' })],
    ['an escaped null', base('REGISTER sip:example.com SIP/2.0', { From: '<sip:null-%00-null@example.com>;tag=1' })],
    [
      'percent signs that escape nothing',
      base('RE%47IST%45R sip:registrar.example.com SIP/2.0', { From: '"%Z%45" <sip:resource@example.com>;tag=1' }),
    ],
    ['no white space around the brackets', invite({ From: 'caller<sip:caller@example.net>;tag=323' })],
    ['a semicolon in the user part', base('OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0')],
    [
      'every transport in Via',
      base('OPTIONS sip:u@h SIP/2.0', {
        Via: 'SIP/2.0/UDP t1;branch=z9hG4bK1,SIP/2.0/SCTP t2;branch=z9hG4bK2, SIP/2.0/TLS t3, SIP/2.0/UNKNOWN t4',
      }),
    ],
    [
      'long values',
      invite({}, [`Unknown-${'Long'.repeat(20)}-Name: ${'unknown-value;'.repeat(400)}`, `Subject: ${'x'.repeat(4_000)}`]),
    ],
    [
      'a response without a reason',
      compose([
        'SIP/2.0 100 ',
        'Via: SIP/2.0/UDP h;branch=z9hG4bK1',
        'From: <sip:a@b>;tag=1',
        'To: <sip:a@b>;tag=2',
        'Call-ID: x',
        'CSeq: 1 INVITE',
      ]),
    ],
    [
      'a reason in another script',
      compose([
        'SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e',
        'Via: SIP/2.0/UDP h;branch=z9hG4bK1',
        'From: <sip:a@b>;tag=1',
        'To: <sip:a@b>;tag=2',
        'Call-ID: x',
        'CSeq: 1 INVITE',
      ]),
    ],
    ['more bytes than Content-Length', `${invite()}SIP/2.0 200 OK\r\nsomething else`],
    ['separators too many in Via, which harm nobody', invite({ Via: 'SIP/2.0/UDP 192.0.2.15;;,;,,' })],
    ['unknown schemes where nobody looks', invite({}, ['P-Odd: <weird:thing>', 'Warning: 1812 overture "x"'])],
  ])('are read: %s', (_what, text) => {
    expect(outcome(text)).toBe('read');
  });

  it('keep what they say', () => {
    const result = parseMessage(base('OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0'));
    expect(result.ok && (result.message as unknown as { ruri: { user: string } }).ruri.user).toBe('user;par=u@example.net');
  });
});

describe('broken messages (RFC 4475 §3.1.2 and §3.3)', () => {
  it.each([
    ['Content-Length larger than the body', 'body-short', invite().replace('Content-Length: 0', 'Content-Length: 9999')],
    ['negative Content-Length', 'content-length', invite().replace('Content-Length: 0', 'Content-Length: -999')],
    ['a scalar that overflows', 'cseq', base('REGISTER sip:example.com SIP/2.0', { CSeq: '36893488147419103232 REGISTER' })],
    ['a quotation that does not end', 'to', invite({ To: '"Mr. J. User <sip:j.user@example.com>' })],
    ['brackets around the Request-URI', 'request-uri', base('INVITE <sip:user@example.com> SIP/2.0')],
    ['white space in the Request-URI', 'request-uri', base('INVITE sip:user@example.com; lr SIP/2.0')],
    ['two spaces in the start line', 'request-uri', base('INVITE  sip:user@example.com  SIP/2.0')],
    ['something after the version', 'start-line', base('OPTIONS sip:u@h SIP/2.0  ')],
    [
      'headers in brackets in the Request-URI',
      'request-uri',
      base('INVITE sip:user@example.com?Route=<sip:example.com> SIP/2.0'),
    ],
    ['a display name with unquoted brackets', 'from', invite({ From: 'Bell, Alexander (x <sip:a@h' })],
    ['a version of the future', 'version', base('OPTIONS sip:u@h SIP/7.0')],
    ['methods that disagree', 'cseq-method', base('OPTIONS sip:u@h SIP/2.0', { CSeq: '8 INVITE' })],
    ['a status that does not exist', 'start-line', compose(['SIP/2.0 4294967301 better not', 'Via: SIP/2.0/UDP h'])],
    [
      'nothing that is required',
      'missing',
      'INVITE sip:user@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\nVia: SIP/2.0/UDP h;branch=z9\r\nContent-Length: 0\r\n\r\n',
    ],
    ['an unknown scheme in the Request-URI', 'request-uri', base('OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0')],
    ['several values of single headers', 'duplicate', invite({}, ['CSeq: 5 INVITE'])],
    ['two lengths', 'content-length', invite({}, ['Content-Length: 5'], 'hello, this is more than five')],
    ['a Contact that is none', 'contact', invite({ Contact: 'sip:user@example.com?Route=%3Csip:sip.example.com%3E <' })],
    ['a header line without a name', 'header-syntax', invite({}, [' : continued nothing'.trimStart()])],
  ])('are refused: %s', (_what, wanted, text) => {
    expect(outcome(text)).toBe(wanted);
  });
});
