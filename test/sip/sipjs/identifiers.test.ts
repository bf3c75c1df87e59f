import { describe, expect, it, vi } from 'vitest';
import { randomToken } from '../../../src/adapters/sip/sipjs/random.ts';
import { header, join, outgoingInvite, response, session, stock, tagOf } from './support.ts';

const branchOf = (text: string | undefined): string => /;branch=([^;\s]+)/.exec(header(text, 'Via'))?.[1] ?? '';

describe('identifiers of sip.js as it comes', () => {
  it('repeat when Math.random does', () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { wire, core } = stock();
    for (let count = 0; count < 3; count++) core.invite(outgoingInvite(core), {});
    expect(new Set(wire.take().map(branchOf)).size).toBe(1);
    core.dispose();
    random.mockRestore();
  });
});

describe('identifiers', () => {
  it('are unique branches, Call-IDs and tags that do not depend on Math.random', () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { wire, userAgent } = join();
    for (let count = 0; count < 500; count++) userAgent.core.invite(outgoingInvite(userAgent.core), {});
    const sent = wire.take();
    expect(new Set(sent.map(branchOf)).size).toBe(500);
    expect(new Set(sent.map((text) => header(text, 'Call-ID'))).size).toBe(500);
    expect(new Set(sent.map((text) => tagOf(text, 'From'))).size).toBe(500);
    expect(sent.every((text) => /^z9hG4bK[\w-]{12}$/.test(branchOf(text)))).toBe(true);
    userAgent.dispose();
    random.mockRestore();
  });

  it('give CANCEL the branch of its INVITE, and the ACK of a 2xx one of its own', () => {
    const { wire, userAgent } = join();
    const cancelled = userAgent.core.invite(outgoingInvite(userAgent.core), {});
    const [first] = wire.take();
    wire.deliver(response(first, 180));
    cancelled.cancel();
    expect(branchOf(wire.take()[0])).toBe(branchOf(first));
    userAgent.core.invite(outgoingInvite(userAgent.core), { onAccept: (accepted) => void accepted.ack() });
    const [second] = wire.take();
    wire.deliver(response(second, 200, { body: session().content }));
    const [ack] = wire.take();
    expect(ack).toMatch(/^ACK /);
    expect(branchOf(ack)).toMatch(/^z9hG4bK[\w-]{12}$/);
    expect(branchOf(ack)).not.toBe(branchOf(second));
    userAgent.dispose();
  });

  it('of random bytes never come from the same place of the pool twice', () => {
    const tokens = Array.from({ length: 2_000 }, () => randomToken(9));
    expect(new Set(tokens).size).toBe(2_000);
  });
});
