import type { IncomingInviteRequest } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { header, headers, join, outgoingInvite, request, response, SDP, session, stock, tagOf } from './support.ts';

const ROUTES = ['<sip:192.0.2.5;lr>', '<sip:192.0.2.6;lr>'];

describe('the ACK of a refusal', () => {
  it('loses Routes in sip.js as it comes', () => {
    const { wire, core } = stock();
    core.invite(outgoingInvite(core, { routeSet: ROUTES }), {});
    const [invite] = wire.take();
    wire.deliver(response(invite, 486));
    expect(headers(wire.take()[0], 'Route')).toEqual(ROUTES.slice(0, 1));
    core.dispose();
  });

  it('bears all Routes, the Via, the Request-URI and the CSeq number of its INVITE (RFC 3261 §17.1.1.3)', () => {
    const { wire, userAgent } = join();
    userAgent.core.invite(outgoingInvite(userAgent.core, { routeSet: ROUTES }), {});
    const [invite] = wire.take();
    wire.deliver(response(invite, 486));
    const [ack] = wire.take();
    expect(headers(ack, 'Route')).toEqual(ROUTES);
    expect(headers(ack, 'Via')).toEqual(headers(invite, 'Via'));
    expect(ack?.split(' ')[1]).toBe(invite?.split(' ')[1]);
    expect(header(ack, 'CSeq')).toBe('1 ACK');
    expect(tagOf(ack, 'To')).toBe('theirs');
    userAgent.dispose();
  });

  it('is repeated when the refusal is', () => {
    const { wire, userAgent } = join();
    userAgent.core.invite(outgoingInvite(userAgent.core), {});
    const [invite] = wire.take();
    wire.deliver(response(invite, 486));
    const [first] = wire.take();
    wire.deliver(response(invite, 486));
    expect(wire.take()).toEqual([first]);
    userAgent.dispose();
  });
});

describe('the ACK of a 2xx', () => {
  it('is repeated letter for letter when the 2xx is', () => {
    const { wire, userAgent } = join();
    userAgent.core.invite(outgoingInvite(userAgent.core), { onAccept: (accepted) => void accepted.ack() });
    const [invite] = wire.take();
    const accepted = response(invite, 200, { body: SDP });
    wire.deliver(accepted);
    const [ack] = wire.take();
    wire.deliver(accepted);
    expect(wire.take()).toEqual([ack]);
    userAgent.dispose();
  });

  it('bears the credentials of its INVITE (RFC 3261 §22.1)', () => {
    const { wire, userAgent } = join({}, { credentials: () => ({ username: 'u', password: 'p' }) });
    userAgent.core.invite(outgoingInvite(userAgent.core), { onAccept: (accepted) => void accepted.ack() });
    wire.deliver(response(wire.take()[0], 407, { headers: ['Proxy-Authenticate: Digest realm="r", nonce="n", qop="auth"'] }));
    const [, again] = wire.take();
    wire.deliver(response(again, 200, { body: SDP }));
    const [ack] = wire.take();
    expect(header(ack, 'Proxy-Authorization')).toBe(header(again, 'Proxy-Authorization'));
    expect(header(ack, 'Proxy-Authorization')).toContain('nonce="n"');
    userAgent.dispose();
  });
});

describe('an ACK of theirs with the branch of its INVITE', () => {
  function accept(events: string[]): (call: IncomingInviteRequest) => void {
    return (call) => {
      const dialog = call.accept({ statusCode: 200, body: session() }).session;
      dialog.delegate = { onAck: () => void events.push('ack') };
    };
  }

  it('never reaches the dialog of sip.js as it comes', () => {
    const events: string[] = [];
    const { wire, core } = stock({ onInvite: accept(events) });
    wire.deliver(request('INVITE', { body: SDP }));
    wire.deliver(request('ACK', { toTag: tagOf(wire.take()[0], 'To') }));
    expect(events).toEqual([]);
    core.dispose();
  });

  it('confirms ours', () => {
    const events: string[] = [];
    const { wire, userAgent } = join({ onInvite: accept(events) });
    wire.deliver(request('INVITE', { body: SDP }));
    wire.deliver(request('ACK', { toTag: tagOf(wire.take()[0], 'To') }));
    expect(events).toEqual(['ack']);
    userAgent.dispose();
  });
});
