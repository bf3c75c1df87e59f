import { Timers } from 'sip.js/lib/core/index.js';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { join, outgoingInvite, request, response, SDP, session, stock, tagOf } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => {
    vi.useRealTimers();
  };
});

const LATER = 40;

describe('timers of sip.js as it comes', () => {
  it('forget a refused INVITE at once: the repeated refusal gets no ACK (Timer D)', () => {
    const { wire, core } = stock();
    core.invite(outgoingInvite(core), {});
    const [invite] = wire.take();
    wire.deliver(response(invite, 486));
    vi.advanceTimersByTime(LATER);
    wire.take();
    wire.deliver(response(invite, 486));
    expect(wire.lines()).toEqual([]);
    core.dispose();
  });
});

describe('a delegate that throws in a timer of sip.js as it comes', () => {
  it('is caught by nobody', () => {
    const { core } = stock();
    core.request(outgoingInvite(core, { method: 'OPTIONS' }), {
      onReject() {
        throw new Error('no answer');
      },
    });
    expect(() => vi.advanceTimersByTime(40_000)).toThrow('no answer');
    core.dispose();
  });
});

describe('timers', () => {
  it('repeat the ACK of a refusal for 64 × T1 (Timer D, RFC 3261 §17.1.1.2)', () => {
    const { wire, userAgent } = join();
    userAgent.core.invite(outgoingInvite(userAgent.core), {});
    const [invite] = wire.take();
    wire.deliver(response(invite, 486));
    wire.take();
    vi.advanceTimersByTime(31_000);
    wire.deliver(response(invite, 486));
    expect(wire.lines()).toEqual(['ACK sip:200@ipbx.example SIP/2.0']);
    vi.advanceTimersByTime(2_000);
    wire.deliver(response(invite, 486));
    expect(wire.lines()).toEqual([]);
    expect(userAgent.core.userAgentClients.size).toBe(0);
    userAgent.dispose();
  });

  it('absorb repeated answers to other requests for T4 (Timer K, RFC 3261 §17.1.2.2)', () => {
    const { wire, userAgent } = join();
    let answers = 0;
    userAgent.core.request(outgoingInvite(userAgent.core, { method: 'OPTIONS' }), { onAccept: () => void answers++ });
    const [options] = wire.take();
    wire.deliver(response(options, 200));
    vi.advanceTimersByTime(4_000);
    wire.deliver(response(options, 200));
    expect([answers, userAgent.counters.unmatchedResponses]).toEqual([1, 0]);
    vi.advanceTimersByTime(2_000);
    wire.deliver(response(options, 200));
    expect([answers, userAgent.counters.unmatchedResponses]).toEqual([1, 1]);
    userAgent.dispose();
  });

  it('keep nothing of an answered request here: I and J are the wire’s (`wire/answered.ts`)', () => {
    const { wire, userAgent } = join();
    wire.deliver(request('MESSAGE', { contact: null }));
    expect(wire.lines()).toEqual(['SIP/2.0 200 OK']);
    vi.advanceTimersByTime(1);
    expect(userAgent.core.userAgentServers.size).toBe(0);
    userAgent.dispose();
  });

  it('repeat a 2xx until its ACK (RFC 3261 §13.3.1.4), which sip.js does', () => {
    const { wire, userAgent } = join({ onInvite: (call) => void call.accept({ statusCode: 200, body: session() }) });
    wire.deliver(request('INVITE', { body: SDP }));
    vi.advanceTimersByTime(3_600);
    const sent = wire.take();
    expect(sent).toHaveLength(4);
    expect(new Set(sent).size).toBe(1);
    wire.deliver(request('ACK', { branch: 'z9hG4bKack', toTag: tagOf(sent[0], 'To') }));
    vi.advanceTimersByTime(60_000);
    expect(wire.take()).toEqual([]);
    userAgent.dispose();
  });

  it('that make a delegate throw are survived and reported', () => {
    const { wire, userAgent, errors } = join({
      onInvite(call) {
        call.accept({ statusCode: 200, body: session() }).session.delegate = {
          onAckTimeout() {
            throw new Error('no ACK');
          },
        };
      },
    });
    userAgent.core.request(outgoingInvite(userAgent.core, { method: 'OPTIONS' }), {
      onReject() {
        throw new Error('no answer');
      },
    });
    userAgent.core.invite(outgoingInvite(userAgent.core), {
      onReject() {
        throw new Error('no answer');
      },
    });
    wire.deliver(request('INVITE', { body: SDP }));
    expect(() => vi.advanceTimersByTime(40_000)).not.toThrow();
    expect(errors.map((error) => (error as Error).message).sort()).toEqual(['no ACK', 'no answer', 'no answer']);
    userAgent.dispose();
  });

  it('all follow from T1, T2 and T4', () => {
    const { userAgent } = join({}, { timers: { t1Ms: 10, t2Ms: 80, t4Ms: 100 } });
    expect(Timers).toMatchObject({
      T1: 10,
      T2: 80,
      T4: 100,
      TIMER_B: 640,
      TIMER_D: 640,
      TIMER_F: 640,
      TIMER_H: 640,
      TIMER_K: 100,
      TIMER_L: 640,
    });
    userAgent.dispose();
  });
});
