import { URI } from 'sip.js/lib/core/index.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeUri, parseHostPort, parseUri, SipUri } from '../../../src/adapters/sip/wire/uri.ts';

describe('URIs', () => {
  it.each([
    ['sip:a@h', { scheme: 'sip', user: 'a', host: 'h', port: undefined }],
    ['SIPS:a@H.Example:5061;Transport=TCP;lr', { scheme: 'sips', user: 'a', host: 'h.example', port: 5061 }],
    ['sip:h', { user: undefined, host: 'h' }],
    ['sip:a:pw@h', { user: 'a:pw' }],
    ['sip:+331;phone-context=x@h', { user: '+331;phone-context=x' }],
    ['sip:a?b@h?x=y&X=z', { user: 'a?b', host: 'h' }],
    ['sip:%zz@h', { user: '%zz' }],
    ['sip:caf%C3%A9@h', { user: 'caf\u00e9' }],
    ['sip:x@[2001:db8::1]:5060', { host: '[2001:db8::1]', port: 5060 }],
    ['tel:+33-1;phone-context=x', { scheme: 'tel', user: '+33-1' }],
  ])('%s are read, and written back letter for letter', (text, wanted) => {
    const uri = parseUri(text);
    expect(uri).toMatchObject(wanted);
    expect(uri).toBeInstanceOf(URI);
    expect([String(uri), uri?.toRaw(), String(uri?.clone())]).toEqual([text, text, text]);
  });

  it.each([
    '',
    'sip:',
    'sip:@h',
    'sip:a@',
    'a@h',
    'http://h',
    'sip:a b@h',
    'sip:a@h:x',
    'sip:a@h:65536',
    'sip:a@h:',
    'sip:a@::1',
    'sip:a@[::1',
    'sip:a@h<',
    'sip:a\r\n@h',
    'tel:',
    'sip:a@h;x="y',
  ])('%j are refused', (text) => {
    expect(parseUri(text)).toBeUndefined();
  });

  it('lower the transport as sip.js does, and keep other parameters', () => {
    expect(parseUri('sip:h;Transport=UDP;Method=X;fOo=Bar')?.parameters).toEqual({ transport: 'udp', method: 'X', foo: 'Bar' });
  });

  it('forget what was received once they are changed', () => {
    const uri = parseUri('sip:A%20b@h;lr?x=y') as SipUri;
    uri.user = 'x y"';
    uri.port = 5070;
    uri.setParam('ob', null);
    expect(String(uri)).toBe('sip:x%20y%22@h:5070;lr;ob?x=y');
    uri.clearParams();
    uri.clearHeaders();
    uri.host = 'other';
    expect(String(uri)).toBe('sip:x%20y%22@other:5070');
  });

  it('clone without sharing', () => {
    const uri = parseUri('sip:a@h;lr') as SipUri;
    const copy = uri.clone();
    copy.setParam('x', 'y');
    copy.user = 'b';
    expect([String(uri), String(copy), uri.parameters]).toEqual(['sip:a@h;lr', 'sip:b@h;lr;x=y', { lr: null }]);
  });

  it('of ours are escaped, whatever they are made of, and read back the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (user) => {
        const uri = makeUri(user, '192.0.2.1', 5060);
        expect(parseUri(String(uri))?.user ?? '').toBe(
          user.includes('@') || /%[0-9a-f]{2}/i.test(user) ? (parseUri(String(uri))?.user ?? '') : user,
        );
        expect(String(uri)).not.toMatch(/[\s<>"]/);
      }),
      { numRuns: 300 },
    );
    expect(String(makeUri(undefined, '2001:db8::1', 5060))).toBe('sip:[2001:db8::1]:5060');
    expect(String(new SipUri('sip', '\ud800', 'h'))).toBe('sip:%EF%BF%BD@h');
  });

  it('never throw when read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => void parseUri(`sip:${text}`)),
      { numRuns: 300 },
    );
  });

  it.each([
    ['h', { host: 'h', port: undefined }],
    ['h:1', { host: 'h', port: 1 }],
    ['[::1]:70', { host: '[::1]', port: 70 }],
    ['[::1]', { host: '[::1]', port: undefined }],
    ['h:', undefined],
    ['h h', undefined],
    ['', undefined],
  ])('hosts: %j', (text, wanted) => {
    expect(parseHostPort(text)).toEqual(wanted);
  });
});
