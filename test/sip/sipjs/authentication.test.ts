import type { OutgoingRequestDelegate } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import type { UserAgentCoreOptions } from '../../../src/adapters/sip/sipjs/types.ts';
import { DigestServer } from './registrar.ts';
import { header, headers, join, type Joined, outgoingInvite, request, response, SDP, session, stock, tagOf } from './support.ts';

const account = { username: 'service', password: 'secret' };
const withAccount: Partial<UserAgentCoreOptions> = { credentials: () => account };

interface Outcome {
  readonly delegate: OutgoingRequestDelegate;
  readonly status: number[];
}

function outcome(): Outcome {
  const status: number[] = [];
  const note = ({ message }: { message: { statusCode: number | undefined } }): void => void status.push(message.statusCode ?? 0);
  return { status, delegate: { onAccept: note, onReject: note, onRedirect: note } };
}

/** Lets the server answer until nothing is sent any more; the requests it saw. */
function serve({ wire }: Joined, server: DigestServer): string[] {
  const seen: string[] = [];
  for (let sent = wire.take(); sent.length > 0; sent = wire.take()) {
    for (const text of sent) {
      if (text.startsWith('ACK ') || text.startsWith('SIP/')) continue;
      seen.push(text);
      wire.deliver(server.answer(text));
    }
    expect(seen.length).toBeLessThan(20);
  }
  return seen;
}

function register(joined: Joined, delegate: OutgoingRequestDelegate): void {
  joined.userAgent.core.register(outgoingInvite(joined.userAgent.core, { method: 'REGISTER' }), delegate);
}

describe('sip.js as it comes', () => {
  it('keeps the last of several challenges only, and gives up when that is not MD5', () => {
    const { wire, core } = stock();
    const { status, delegate } = outcome();
    core.register(outgoingInvite(core, { method: 'REGISTER' }), delegate);
    const values = [
      'WWW-Authenticate: Digest realm="r", nonce="1"',
      'WWW-Authenticate: Digest realm="r", nonce="2", algorithm=SHA-256',
    ];
    wire.deliver(response(wire.take()[0], 401, { headers: values }));
    expect([status, wire.take()]).toEqual([[401], []]);
    core.dispose();
  });
});

describe('a challenge', () => {
  it.each([
    [undefined, 'auth', 401],
    ['MD5', 'auth', 407],
    ['MD5', null, 401],
    ['MD5-sess', 'auth', 401],
    ['SHA-256', 'auth', 401],
    ['SHA-256', null, 407],
    ['SHA-256-sess', 'auth', 401],
  ] as const)('is answered: %s, quality %s, %d', (algorithm, qop, status) => {
    const joined = join({}, withAccount);
    const server = new DigestServer({ ...(algorithm === undefined ? {} : { algorithm }), qop, status });
    const result = outcome();
    register(joined, result.delegate);
    const seen = serve(joined, server);
    expect(result.status).toEqual([200]);
    expect(seen.map((text) => header(text, 'CSeq'))).toEqual(['1 REGISTER', '2 REGISTER']);
    expect(new Set(seen.map((text) => header(text, 'Call-ID'))).size).toBe(1);
    joined.userAgent.dispose();
  });

  it('of several is the strongest (RFC 8760 §2.4)', () => {
    const joined = join({}, withAccount);
    const server = new DigestServer({
      algorithm: 'SHA-256',
      before: ['WWW-Authenticate: Digest realm="r", nonce="weak", algorithm=MD5'],
    });
    const result = outcome();
    register(joined, result.delegate);
    const [, answer] = serve(joined, server);
    expect(result.status).toEqual([200]);
    expect(headers(answer, 'Authorization')).toHaveLength(1);
    expect(header(answer, 'Authorization')).toContain('algorithm=SHA-256');
    joined.userAgent.dispose();
  });

  it('that refuses the password is passed on after one attempt', () => {
    const joined = join({}, withAccount);
    const server = new DigestServer({ password: 'another' });
    const result = outcome();
    register(joined, result.delegate);
    expect(serve(joined, server)).toHaveLength(2);
    expect(result.status).toEqual([401]);
    joined.userAgent.dispose();
  });

  it('is passed on when there is no account for its realm', () => {
    const joined = join({}, { credentials: (_request, realm) => (realm === 'elsewhere' ? account : null) });
    const result = outcome();
    register(joined, result.delegate);
    expect(serve(joined, new DigestServer())).toHaveLength(1);
    expect(result.status).toEqual([401]);
    joined.userAgent.dispose();
  });

  it('of a proxy and then of the server behind it are both answered, each count once', () => {
    const joined = join({}, withAccount);
    const proxy = new DigestServer({ status: 407 });
    const server = new DigestServer({ algorithm: 'SHA-256' });
    const result = outcome();
    register(joined, result.delegate);
    for (let sent = joined.wire.take(); sent.length > 0; sent = joined.wire.take()) {
      const passed = proxy.answer(sent[0]);
      joined.wire.deliver(passed.startsWith('SIP/2.0 200') ? server.answer(sent[0]) : passed);
    }
    expect(result.status).toEqual([200]);
    expect([proxy.challenges, server.challenges]).toEqual([1, 1]);
    joined.userAgent.dispose();
  });

  it('to an INVITE acknowledges the 401 and keeps the offer', () => {
    const joined = join({}, withAccount);
    const { wire, userAgent } = joined;
    userAgent.core.invite(outgoingInvite(userAgent.core), { onAccept: (accepted) => void accepted.ack() });
    const server = new DigestServer();
    wire.deliver(server.answer(wire.take()[0]));
    const [ack, again] = wire.take();
    expect(ack).toMatch(/^ACK /);
    expect(again).toContain(SDP);
    wire.deliver(server.answer(again));
    expect(wire.lines()).toEqual(['ACK sip:200@192.0.2.7:5070 SIP/2.0']);
    userAgent.dispose();
  });

  it('inside a dialog counts in the dialog’s sequence', () => {
    const joined = join({ onInvite: (call) => void call.accept({ statusCode: 200, body: session() }) }, withAccount);
    const { wire, userAgent } = joined;
    wire.deliver(request('INVITE', { body: SDP }));
    wire.deliver(request('ACK', { branch: 'z9hG4bKack', toTag: tagOf(wire.take()[0], 'To') }));
    const [dialog] = userAgent.core.dialogs.values();
    const send = (): void => {
      const message = dialog?.createOutgoingRequestMessage('INFO', {});
      if (message !== undefined) userAgent.core.request(message, {});
    };
    const server = new DigestServer();
    send();
    const first = serve(joined, server);
    send();
    const second = serve(joined, server);
    expect([...first, ...second].map((text) => header(text, 'CSeq'))).toEqual(['1 INFO', '2 INFO', '3 INFO']);
    userAgent.dispose();
  });
});

describe('a nonce', () => {
  it('is used again without being asked for, counted, until it is stale; that is no failure', () => {
    const joined = join({}, withAccount);
    const server = new DigestServer();
    const result = outcome();
    register(joined, result.delegate);
    serve(joined, server);
    for (let count = 0; count < 3; count++) register(joined, result.delegate);
    expect(serve(joined, server)).toHaveLength(3);
    server.renew();
    register(joined, result.delegate);
    expect(serve(joined, server)).toHaveLength(2);
    expect(result.status).toEqual([200, 200, 200, 200, 200]);
    expect(server.challenges).toBe(2);
    joined.userAgent.dispose();
  });

  it('that is stale twice for one request is given up', () => {
    const joined = join({}, withAccount);
    const result = outcome();
    register(joined, result.delegate);
    for (let count = 1; count < 9; count++) {
      const [sent] = joined.wire.take();
      if (sent === undefined) break;
      joined.wire.deliver(
        response(sent, 401, { headers: [`WWW-Authenticate: Digest realm="r", nonce="n${count}", stale=true`] }),
      );
    }
    expect(result.status).toEqual([401]);
    joined.userAgent.dispose();
  });

  it('that the server never takes twice is no longer tried in advance', () => {
    const joined = join({}, withAccount);
    const server = new DigestServer();
    const result = outcome();
    const requests: number[] = [];
    for (let count = 0; count < 6; count++) {
      register(joined, result.delegate);
      requests.push(serve(joined, server).filter((text) => text.includes('\r\nAuthorization: ')).length);
      server.renew();
    }
    expect(result.status).toEqual([200, 200, 200, 200, 200, 200]);
    expect(requests).toEqual([1, 2, 2, 2, 2, 2]);
    joined.userAgent.dispose();
  });

  it('follows a password that was changed', () => {
    let password = 'wrong';
    const joined = join({}, { credentials: () => ({ username: 'service', password }) });
    const server = new DigestServer();
    const result = outcome();
    register(joined, result.delegate);
    serve(joined, server);
    password = 'secret';
    register(joined, result.delegate);
    serve(joined, server);
    expect(result.status).toEqual([401, 200]);
    joined.userAgent.dispose();
  });

  it('is shared by the requests that were challenged, not by others, CANCEL or another account', () => {
    let user = 'service';
    const joined = join({}, { credentials: () => ({ username: user, password: 'secret' }) });
    const { wire, userAgent } = joined;
    register(joined, {});
    serve(joined, new DigestServer());
    userAgent.core.request(outgoingInvite(userAgent.core, { method: 'OPTIONS' }), {});
    user = 'other';
    register(joined, {});
    expect(wire.take().map((text) => header(text, 'Authorization'))).toEqual(['', '']);
    userAgent.dispose();
  });
});
