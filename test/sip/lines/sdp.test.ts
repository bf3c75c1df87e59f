import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/adapters/sip/dtmf.ts';
import { failureCause, showsReachable } from '../../../src/adapters/sip/causes.ts';
import { RateLimit } from '../../../src/adapters/sip/admission.ts';
import { mirrored, parseSdp } from '../../../src/adapters/sip/sdp.ts';
import { targetUri } from '../../../src/adapters/sip/outgoing.ts';
import { sdp } from './peer.ts';

describe('a session description', () => {
  it('gives its first audio stream', () => {
    expect(parseSdp(sdp(50_000))).toMatchObject({ address: '127.0.0.1', port: 50_000, direction: 'sendrecv', index: 0 });
  });

  it('the stream’s own address and direction win over the session’s', () => {
    const text = 'v=0\nc=IN IP4 10.0.0.1\na=inactive\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\na=recvonly\n';
    expect(parseSdp(text)).toMatchObject({ address: '2001:db8::1', direction: 'recvonly', formats: [{ encoding: 'PCMU' }] });
  });

  it('encrypted audio, refused audio and no audio are none', () => {
    const session = 'v=0\r\nc=IN IP4 10.0.0.1\r\n';
    for (const line of ['m=audio 4000 RTP/SAVP 0', 'm=audio 0 RTP/AVP 0', 'm=video 4000 RTP/AVP 99', 'm=audio x RTP/AVP 0']) {
      expect(parseSdp(`${session}${line}\r\n`)).toBeNull();
    }
    expect(parseSdp('m=audio 4000 RTP/AVP 0\r\n')).toBeNull();
    expect(parseSdp('v=0\r\nm=audio 4000 RTP/AVP 0\r\n')).toBeNull();
  });

  it('takes any text without throwing, in bounded time', () => {
    const lines = [
      'v=0',
      'c=IN IP4 1.2.3.4',
      'm=audio 4 RTP/AVP 0 8 101',
      'a=rtpmap:101 telephone-event/8000',
      'a=rtpmap: ',
      'a=',
      'm=',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...lines), fc.string()), { maxLength: 40 }).map((parts) => parts.join('\r\n'));
    fc.assert(fc.property(fc.oneof(text, fc.string()), (body) => void parseSdp(body)));
    expect(parseSdp(`v=0\n${'m=audio 1 RTP/AVP 0\n'.repeat(10_000)}`)).toBeNull();
    expect(parseSdp(`v=0\nc=IN IP4 1.2.3.4\nm=audio 1 RTP/AVP 0\n${'a=rtpmap:1 X/8000\n'.repeat(10_000)}`)).not.toBeNull();
  });

  it('is mirrored twice into itself', () => {
    for (const direction of ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const)
      expect(mirrored(mirrored(direction))).toBe(direction);
  });
});

describe('keys in INFO', () => {
  it('are one of sixteen or none', () => {
    const key = fc.tuple(fc.constantFrom('application/dtmf', 'application/dtmf-relay; x', 'text/plain'), fc.string());
    fc.assert(fc.property(key, ([type, body]) => ['0123456789*#ABCD'.includes(keysOf(type, body) ?? '0')].every(Boolean)));
    expect(keysOf('application/dtmf-relay', 'Duration=100\r\nSignal=d')).toBe('D');
  });
});

describe('a status', () => {
  it('always has a cause', () => {
    for (let status = 300; status < 700; status++) expect(failureCause(status, false)).toBeTypeOf('string');
    expect([failureCause(480, true), failureCause(480, false), failureCause(499, false), failureCause(699, false)]).toEqual([
      'no-answer',
      'unreachable',
      'error',
      'rejected',
    ]);
    expect([200, 486, 404, 504].map(showsReachable)).toEqual([true, true, false, false]);
  });
});

describe('the rate of new calls', () => {
  it('allows a second’s worth at once, then the rate', () => {
    const rate = new RateLimit(10);
    const taken = (now: number, tries: number): number =>
      Array.from({ length: tries }, () => rate.take(now)).filter(Boolean).length;
    expect(taken(0, 20)).toBe(10);
    expect(taken(500, 20)).toBe(5);
    expect(taken(60_000, 50)).toBe(10);
    expect(taken(50_000, 5)).toBe(0);
  });
});

describe('a target', () => {
  it.each([
    ['1001', 'sip:1001@ipbx.test'],
    ['*21#', 'sip:*21#@ipbx.test'],
    ['tel:+33-1', 'sip:+33-1@ipbx.test'],
    ['sip:a@b.c;user=phone', 'sip:a@b.c;user=phone'],
    ['', null],
    ['a b', null],
    ['a@b', null],
    ['sip:<>', null],
    ['9'.repeat(300), null],
  ])('%s is called as %s', (target, expected) => {
    expect(targetUri(target, 'ipbx.test')?.toString() ?? null).toBe(expected);
  });
});
