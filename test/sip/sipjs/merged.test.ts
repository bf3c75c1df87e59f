import type { IncomingInviteRequest, UserAgentCoreDelegate } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { header, join, request, session, stock, tagOf } from './support.ts';

function refusing(): { calls: IncomingInviteRequest[]; delegate: UserAgentCoreDelegate } {
  const calls: IncomingInviteRequest[] = [];
  const onInvite = (call: IncomingInviteRequest): void => {
    calls.push(call);
    call.reject({ statusCode: 480 });
  };
  return { calls, delegate: { onInvite } };
}

describe('a call that the IPBX sends back after a refusal', () => {
  it('is refused as merged by sip.js as it comes', () => {
    const { calls, delegate } = refusing();
    const { wire, core } = stock(delegate);
    wire.deliver(request('INVITE', { branch: 'z9hG4bKa', body: session().content }));
    wire.deliver(request('INVITE', { branch: 'z9hG4bKb', body: session().content }));
    expect(calls).toHaveLength(1);
    expect(wire.lines().at(-1)).toMatch(/^SIP\/2\.0 482/);
    core.dispose();
  });

  it('is a new attempt, before and after the ACK of the refusal', () => {
    const { calls, delegate } = refusing();
    const { wire, userAgent } = join(delegate);
    wire.deliver(request('INVITE', { branch: 'z9hG4bKa', body: session().content }));
    wire.deliver(request('INVITE', { branch: 'z9hG4bKb', uri: 'sip:other@192.0.2.9', body: session().content }));
    const refusal = wire.take().at(-1);
    wire.deliver(request('ACK', { branch: 'z9hG4bKb', toTag: tagOf(refusal, 'To'), contact: null }));
    wire.deliver(request('INVITE', { branch: 'z9hG4bKc', body: session().content }));
    expect(calls).toHaveLength(3);
    expect(wire.lines()).toEqual(['SIP/2.0 480 Temporarily Unavailable']);
    userAgent.dispose();
  });
});

describe('a merged request', () => {
  it('is refused while its first copy rings, whatever its Request-URI', () => {
    const calls: IncomingInviteRequest[] = [];
    const { wire, userAgent } = join({ onInvite: (call) => void calls.push(call) });
    wire.deliver(request('INVITE', { branch: 'z9hG4bKa', body: session().content }));
    calls[0]?.progress();
    wire.take();
    wire.deliver(request('INVITE', { branch: 'z9hG4bKb', uri: 'sip:other@192.0.2.9', body: session().content }));
    expect(calls).toHaveLength(1);
    expect(wire.lines()).toEqual(['SIP/2.0 482 Loop Detected']);
    expect(userAgent.counters.merged).toBe(1);
    userAgent.dispose();
  });

  it('is refused after the first was answered, also when its transaction has been released', () => {
    const calls: IncomingInviteRequest[] = [];
    const onInvite = (call: IncomingInviteRequest): void => {
      calls.push(call);
      call.accept({ statusCode: 200, body: session() });
    };
    const { wire, userAgent } = join({ onInvite });
    wire.deliver(request('INVITE', { branch: 'z9hG4bKa', body: session().content }));
    const [accepted] = wire.take();
    wire.deliver(request('INVITE', { branch: 'z9hG4bKb', body: session().content }));
    wire.deliver(request('ACK', { branch: 'z9hG4bKc', toTag: tagOf(accepted, 'To'), contact: null }));
    expect(userAgent.core.userAgentServers.size).toBe(0);
    wire.deliver(request('INVITE', { branch: 'z9hG4bKd', body: session().content }));
    expect(wire.lines()).toEqual(['SIP/2.0 482 Loop Detected', 'SIP/2.0 482 Loop Detected']);
    expect(calls).toHaveLength(1);
    userAgent.dispose();
  });

  it('is not one when the method, the CSeq, the Call-ID or the From tag differs', () => {
    const calls: IncomingInviteRequest[] = [];
    const { wire, userAgent } = join({ onInvite: (call) => void calls.push(call) });
    const body = session().content;
    wire.deliver(request('INVITE', { branch: 'z9hG4bKa', body }));
    wire.deliver(request('INVITE', { branch: 'z9hG4bKb', sequence: 2, body }));
    wire.deliver(request('INVITE', { branch: 'z9hG4bKc', callId: 'call-2@ipbx', body }));
    wire.deliver(request('INVITE', { branch: 'z9hG4bKd', fromTag: 'other', body }));
    wire.deliver(request('OPTIONS', { branch: 'z9hG4bKe' }));
    expect(calls).toHaveLength(4);
    expect(header(wire.take().at(-1), 'CSeq')).toBe('1 OPTIONS');
    userAgent.dispose();
  });

  it('is found without an index that grows for ever', () => {
    const { wire, userAgent } = join(refusing().delegate);
    const merged = (userAgent as unknown as { merged: { size: number } }).merged;
    for (let count = 0; count < 5_000; count++) {
      wire.deliver(request('INVITE', { branch: `z9hG4bK${count}`, callId: `call-${count}`, body: session().content }));
      const [refusal] = wire.take();
      wire.deliver(
        request('ACK', { branch: `z9hG4bK${count}`, callId: `call-${count}`, toTag: tagOf(refusal, 'To'), contact: null }),
      );
    }
    expect(merged.size).toBeLessThanOrEqual(1_024);
    userAgent.dispose();
  });
});
