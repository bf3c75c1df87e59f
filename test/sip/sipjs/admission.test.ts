import type { IncomingInviteRequest, IncomingRequestMessage } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { header, join, request, session, stock } from './support.ts';

const body = session().content;
const first = (lines: string[]): string => lines[0] ?? 'nothing';

/** What sip.js answers on its own and with our admission. */
function both(text: string): { stock: string; ours: string; message: string | undefined } {
  const accept = (call: IncomingInviteRequest): void => void call.accept({ statusCode: 200, body: session() });
  const bare = stock({ onInvite: accept });
  let outcome: string;
  try {
    bare.wire.deliver(text);
    outcome = first(bare.wire.lines());
  } catch (error) {
    outcome = `throws ${(error as Error).message}`;
  }
  bare.core.dispose();
  const { wire, userAgent, errors } = join({ onInvite: accept });
  wire.deliver(text);
  expect(errors).toEqual([]);
  const [message] = wire.sent;
  const ours = first(wire.lines());
  userAgent.dispose();
  return { stock: outcome, ours, message };
}

describe('requests outside a dialog', () => {
  it.each([
    ['a DDI in the Request-URI', request('INVITE', { uri: 'sip:+33123456789@192.0.2.9', body }), '404', '200'],
    ['a tel: URI', request('INVITE', { uri: 'tel:+33123456789', body }), '416', '200'],
    ['a sips: URI', request('INVITE', { uri: 'sips:service@192.0.2.9', body }), '416', '200'],
    ['OPTIONS without a user', request('OPTIONS', { uri: 'sip:192.0.2.9:5062' }), '404', '200'],
    ['an extension that we do not have', request('INVITE', { headers: ['Require: precondition'], body }), '200', '420'],
    ['INFO outside a dialog', request('INFO'), '405', '481'],
    ['BYE outside a dialog', request('BYE'), '481', '481'],
    ['PRACK outside a dialog', request('PRACK'), 'throws', '481'],
    ['INVITE without Contact', request('INVITE', { contact: null, body }), '400', '400'],
    ['a method of the future', request('PUBLISH'), '405', '405'],
    ['a request inside a dialog that is gone', request('INFO', { toTag: 'gone' }), '481', '481'],
  ])('%s', (_what, text, stockStatus, ourStatus) => {
    const { stock: bare, ours } = both(text);
    expect(bare.replace('SIP/2.0 ', '')).toMatch(new RegExp(`^${stockStatus}`));
    expect(ours).toMatch(new RegExp(`^SIP/2.0 ${ourStatus} `));
  });

  it('name in Unsupported what is not known of several Require fields (RFC 3261 §8.2.2.3)', () => {
    const { message } = both(
      request('INVITE', { headers: ['Require: 100rel, Precondition', 'Require: resource-priority'], body }),
    );
    expect(header(message, 'Unsupported')).toBe('Precondition, resource-priority');
  });

  it('are allowed to be UPDATE', () => {
    expect(header(both(request('OPTIONS')).message, 'Allow')).toContain('UPDATE');
  });

  it('give the delegate the Request-URI as it came, and where it came from', () => {
    const seen: IncomingRequestMessage[] = [];
    const { wire, userAgent } = join({ onInvite: ({ message }) => void seen.push(message) });
    wire.deliver(request('INVITE', { uri: 'tel:+33123456789;phone-context=x', body }));
    expect(seen[0]?.ruri?.scheme).toBe('tel');
    expect(seen[0]?.ruri?.user).toBe('+33123456789');
    expect(String(seen[0]?.ruri)).toBe('tel:+33123456789;phone-context=x');
    expect(userAgent.sourceOf(seen[0] as IncomingRequestMessage)).toEqual({ address: '192.0.2.5', port: 5060, protocol: 'UDP' });
    userAgent.dispose();
  });

  it('may be refused before anything is created for them, calls in progress left alone', () => {
    let calls = 0;
    const admission = (message: IncomingRequestMessage): { statusCode: number; extraHeaders: string[] } | null =>
      message.method === 'INVITE' ? { statusCode: 503, extraHeaders: ['Retry-After: 5'] } : null;
    const { wire, userAgent } = join({ onInvite: () => void calls++ }, { admission });
    wire.deliver(request('INVITE', { body }));
    const [refusal] = wire.take();
    expect(refusal).toMatch(/^SIP\/2\.0 503 /);
    expect(header(refusal, 'Retry-After')).toBe('5');
    wire.deliver(request('OPTIONS', { branch: 'z9hG4bKo', callId: 'o' }));
    expect(wire.lines()).toEqual(['SIP/2.0 200 OK']);
    expect([calls, userAgent.core.userAgentServers.size]).toEqual([0, 0]);
    userAgent.dispose();
  });
});

describe('what cannot be used', () => {
  it.each([
    ['a start line of another version', request('INVITE').replace('SIP/2.0\r\n', 'SIP/3.0\r\n'), '505'],
    ['an unknown scheme', request('INVITE', { uri: 'http://192.0.2.9/' }), '416'],
    ['a Request-URI that is none', request('INVITE', { uri: 'sip:@' }), '400'],
    ['a CSeq of another method', request('INVITE').replace('1 INVITE', '1 OPTIONS'), '400'],
    ['a body that is cut off', request('INVITE', { body }).slice(0, -20), '400'],
  ])('is answered when a way back is known: %s', (_what, text, status) => {
    const { wire, userAgent } = join();
    wire.deliver(text);
    const [answer] = wire.take();
    expect(answer).toMatch(new RegExp(`^SIP/2\\.0 ${status} `));
    expect(header(answer, 'Call-ID')).toBe('call-1@ipbx');
    userAgent.dispose();
  });

  it.each([
    ['an ACK', request('ACK').replace('1 ACK', 'x ACK')],
    ['a response', 'SIP/2.0 999 No\r\n\r\n'],
    ['a request without Call-ID', request('INVITE').replace(/Call-ID.*\r\n/, '')],
    ['noise', 'hello'],
  ])('meets silence otherwise: %s', (_what, text) => {
    const { wire, userAgent, errors } = join();
    wire.deliver(text);
    expect(wire.take()).toEqual([]);
    expect(errors).toEqual([]);
    expect(Object.values(userAgent.counters.malformed)).toEqual([1]);
    userAgent.dispose();
  });
});

describe('an error of ours', () => {
  it('answers the request 500 and goes on', () => {
    const { wire, userAgent, errors } = join({
      onInvite() {
        throw new Error('a mistake');
      },
    });
    wire.deliver(request('INVITE', { body }));
    expect(wire.lines()).toEqual(['SIP/2.0 500 Internal Server Error']);
    expect(errors).toHaveLength(1);
    wire.deliver(request('OPTIONS', { branch: 'z9hG4bKnext', callId: 'next' }));
    expect(wire.lines()).toEqual(['SIP/2.0 200 OK']);
    userAgent.dispose();
  });

  it('does not leave a cancelled INVITE without its 487', () => {
    const { wire, userAgent } = join({ onInvite: (call) => void call.progress() });
    wire.deliver(request('INVITE', { body }));
    wire.take();
    wire.deliver(request('CANCEL', { contact: null }));
    expect(wire.lines()).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 487 Request Terminated']);
    userAgent.dispose();
  });
});
