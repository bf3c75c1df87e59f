import type { IncomingInviteRequest, Session } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { header, join, outgoingInvite, request, response, SDP, session, stock, tagOf } from './support.ts';

const answer =
  (sessions: Session[]) =>
  (call: IncomingInviteRequest): void =>
    void sessions.push(call.accept({ statusCode: 200, body: session() }).session);

/** Everything that can be reached from an object, as text that occurs in it. */
function reaches(root: object, needle: string): boolean {
  const seen = new Set<unknown>();
  const queue: unknown[] = [root];
  while (queue.length > 0) {
    const next = queue.pop();
    if (typeof next === 'string' && next.includes(needle)) return true;
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (next instanceof Map) queue.push(...next.values());
    else queue.push(...Object.values(next));
  }
  return false;
}

describe('an answered INVITE of theirs', () => {
  it('is kept whole for 32 s by sip.js as it comes', () => {
    const { wire, core } = stock({ onInvite: answer([]) });
    wire.deliver(request('INVITE', { headers: ['X-Marked: needle'], body: SDP }));
    wire.deliver(request('ACK', { branch: 'z9hG4bKack', toTag: tagOf(wire.take()[0], 'To') }));
    expect(core.userAgentServers.size).toBe(1);
    core.dispose();
  });

  it('is let go of at its ACK; the session goes on', () => {
    const sessions: Session[] = [];
    const { wire, userAgent } = join({ onInvite: answer(sessions) });
    wire.deliver(request('INVITE', { headers: ['X-Marked: needle'], body: SDP }));
    const tag = tagOf(wire.take()[0], 'To');
    expect(userAgent.core.userAgentServers.size).toBe(1);
    expect(reaches([...userAgent.core.dialogs.values()], 'needle')).toBe(true);
    wire.deliver(request('ACK', { branch: 'z9hG4bKack', toTag: tag }));
    expect(userAgent.core.userAgentServers.size).toBe(0);
    expect(reaches([...userAgent.core.dialogs.values()], 'needle')).toBe(false);
    expect(sessions[0]?.sessionState).toBe('Confirmed');
    wire.deliver(request('ACK', { branch: 'z9hG4bKack2', toTag: tag }));
    sessions[0]?.bye();
    expect(wire.lines()).toEqual(['BYE sip:100@192.0.2.5:5060 SIP/2.0']);
    userAgent.dispose();
  });

  it('is let go of in re-INVITEs, too', () => {
    const sessions: Session[] = [];
    const { wire, userAgent, errors } = join({ onInvite: answer(sessions) });
    wire.deliver(request('INVITE', { body: SDP }));
    const tag = tagOf(wire.take()[0], 'To');
    wire.deliver(request('ACK', { branch: 'z9hG4bKack', toTag: tag }));
    const [dialog] = sessions as [Session];
    dialog.delegate = { onInvite: (again) => void again.accept({ statusCode: 200, body: session() }) };
    for (let sequence = 2; sequence < 5; sequence++) {
      wire.deliver(request('INVITE', { branch: `z9hG4bKre${sequence}`, sequence, toTag: tag, body: SDP }));
      expect(wire.lines()).toEqual(['SIP/2.0 200 OK']);
      expect(userAgent.core.userAgentServers.size).toBe(1);
      wire.deliver(request('ACK', { branch: `z9hG4bKack${sequence}`, sequence, toTag: tag }));
      expect(userAgent.core.userAgentServers.size).toBe(0);
    }
    expect(errors).toEqual([]);
    userAgent.dispose();
  });

  it('stays while an ACK belongs to another request', () => {
    const { wire, userAgent } = join({ onInvite: answer([]) });
    wire.deliver(request('INVITE', { sequence: 5, body: SDP }));
    const tag = tagOf(wire.take()[0], 'To');
    wire.deliver(request('ACK', { branch: 'z9hG4bKack', sequence: 4, toTag: tag }));
    expect(userAgent.core.userAgentServers.size).toBe(1);
    userAgent.dispose();
  });
});

describe('an accepted INVITE of ours', () => {
  it('keeps the ACK and nothing else, which answers the repeated 200', () => {
    const { wire, userAgent } = join();
    const message = outgoingInvite(userAgent.core);
    message.extraHeaders.push('X-Marked: needle');
    let dialog: Session | undefined;
    userAgent.core.invite(message, {
      onAccept: (answered) => {
        dialog = answered.session;
        answered.ack();
      },
    });
    const [invite] = wire.take();
    const accepted = response(invite, 200, { body: SDP });
    wire.deliver(accepted);
    const [ack] = wire.take();
    dialog?.bye();
    wire.deliver(response(wire.take()[0], 200));
    expect(reaches([...userAgent.core.userAgentClients.values()], 'needle')).toBe(false);
    expect(reaches([...userAgent.core.userAgentClients.values()], SDP)).toBe(false);
    wire.deliver(accepted);
    expect(wire.take()).toEqual([ack]);
    userAgent.dispose();
  });

  it('that a second telephone answers, too, is acknowledged and hung up there (RFC 3261 §13.2.2.4)', () => {
    const { wire, userAgent } = join();
    let accepted = 0;
    const count = (): void => void accepted++;
    userAgent.core.invite(outgoingInvite(userAgent.core), {
      onAccept: (response_) => {
        count();
        response_.ack();
      },
    });
    const [invite] = wire.take();
    wire.deliver(response(invite, 200, { toTag: 'first', body: SDP }));
    wire.take();
    wire.deliver(response(invite, 200, { toTag: 'second', contact: '<sip:other@192.0.2.8>', body: SDP }));
    const [ack, bye] = wire.take();
    expect([ack, bye].map((text) => text?.split(' SIP/2.0\r\n', 1)[0])).toEqual([
      'ACK sip:other@192.0.2.8',
      'BYE sip:other@192.0.2.8',
    ]);
    expect([tagOf(ack, 'To'), tagOf(bye, 'To'), header(bye, 'CSeq')]).toEqual(['second', 'second', '2 BYE']);
    expect(accepted).toBe(1);
    userAgent.dispose();
  });

  it('whose ACK waits for an answer is kept until then', () => {
    const { wire, userAgent } = join();
    let acknowledge: (() => void) | undefined;
    userAgent.core.invite(outgoingInvite(userAgent.core), {
      onAccept: (accepted) => {
        acknowledge = () => void accepted.ack();
      },
    });
    wire.deliver(response(wire.take()[0], 200, { body: SDP }));
    acknowledge?.();
    expect(wire.lines()).toEqual(['ACK sip:200@192.0.2.7:5070 SIP/2.0']);
    userAgent.dispose();
  });
});
