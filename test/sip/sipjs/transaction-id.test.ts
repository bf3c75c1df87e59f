import type { IncomingInviteRequest } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { join, request, SDP, stock } from './support.ts';

const ring =
  (calls: string[]) =>
  (call: IncomingInviteRequest): void => {
    calls.push(call.message.callId);
    call.progress();
  };
const old = (callId: string): string => request('INVITE', { branch: '', callId, fromTag: callId, body: SDP });
const proxied = (host: string, callId: string): string =>
  request('INVITE', { via: `SIP/2.0/UDP ${host};branch=z9hG4bKsame`, callId, body: SDP });

describe('transactions of sip.js as it comes', () => {
  it('of telephones without branch swallow one another', () => {
    const calls: string[] = [];
    const { wire, core } = stock({ onInvite: ring(calls) });
    wire.deliver(old('a'));
    wire.deliver(old('b'));
    expect(calls).toEqual(['a']);
    core.dispose();
  });

  it('of two senders with the same branch do, too', () => {
    const calls: string[] = [];
    const { wire, core } = stock({ onInvite: ring(calls) });
    wire.deliver(proxied('192.0.2.5', 'a'));
    wire.deliver(proxied('192.0.2.6', 'b'));
    expect(calls).toEqual(['a']);
    core.dispose();
  });
});

describe('server transactions (RFC 3261 §17.2.3)', () => {
  it('of RFC 2543 telephones are told apart, their repetitions recognised, and CANCEL and ACK find them', () => {
    const calls: string[] = [];
    const { wire, userAgent } = join({ onInvite: ring(calls) });
    wire.deliver(old('a'));
    wire.deliver(old('b'));
    wire.deliver(old('a'));
    expect(calls).toEqual(['a', 'b']);
    wire.take();
    wire.deliver(request('CANCEL', { branch: '', callId: 'a', fromTag: 'a', contact: null }));
    expect(wire.lines()).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 487 Request Terminated']);
    wire.deliver(request('ACK', { branch: '', callId: 'a', fromTag: 'a', toTag: 'any', contact: null }));
    const states = [...userAgent.core.userAgentServers.values()].map((server) => server.transaction.state);
    expect(states).toEqual(['Confirmed', 'Proceeding']);
    userAgent.dispose();
  });

  it('need the same branch, sent-by and method', () => {
    const calls: string[] = [];
    const { wire, userAgent } = join({ onInvite: ring(calls) });
    wire.deliver(proxied('192.0.2.5', 'a'));
    wire.deliver(proxied('192.0.2.6', 'b'));
    wire.take();
    wire.deliver(request('OPTIONS', { via: 'SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKsame', callId: 'c' }));
    expect(calls).toEqual(['a', 'b']);
    expect(wire.lines()).toEqual(['SIP/2.0 200 OK']);
    userAgent.dispose();
  });
});
