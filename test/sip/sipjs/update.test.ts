import type { IncomingInviteRequest, Session, UserAgentServer } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import type { UpdateDelegate } from '../../../src/adapters/sip/sipjs/types.ts';
import { header, join, request, SDP, session, stock, tagOf } from './support.ts';

describe('UPDATE in sip.js as it comes', () => {
  it('is not allowed', () => {
    const { wire, core } = stock();
    wire.deliver(request('UPDATE', { toTag: 'ours' }));
    expect(wire.lines()).toEqual(['SIP/2.0 405 Method Not Allowed']);
    core.dispose();
  });
});

function answered(delegate?: UpdateDelegate): ReturnType<typeof join> & { tag: string; dialog: Session } {
  let dialog: Session | undefined;
  const joined = join({
    onInvite(call: IncomingInviteRequest) {
      dialog = call.accept({ statusCode: 200, body: session('v=0\r\n') }).session;
      if (delegate !== undefined) dialog.delegate = delegate;
    },
  });
  joined.wire.deliver(request('INVITE', { body: SDP }));
  const tag = tagOf(joined.wire.take()[0], 'To');
  joined.wire.deliver(request('ACK', { branch: 'z9hG4bKack', toTag: tag }));
  return { ...joined, tag, dialog: dialog as Session };
}

describe('UPDATE', () => {
  it('refreshes a session without a delegate, and its Contact is the new target', () => {
    const { wire, userAgent, tag, dialog } = answered();
    const contact = '<sip:100@192.0.2.77:5099>';
    wire.deliver(
      request('UPDATE', {
        branch: 'z9hG4bKu',
        sequence: 2,
        toTag: tag,
        contact,
        headers: ['Session-Expires: 1800;refresher=uac'],
      }),
    );
    const [answer] = wire.take();
    expect(answer).toMatch(/^SIP\/2\.0 200 /);
    expect(header(answer, 'Session-Expires')).toBe('1800;refresher=uac');
    dialog.bye();
    expect(wire.lines()).toEqual(['BYE sip:100@192.0.2.77:5099 SIP/2.0']);
    userAgent.dispose();
  });

  it('goes to the delegate, and an offer in it is answered', () => {
    const seen: string[] = [];
    const onUpdate = (update: UserAgentServer): void => {
      seen.push(update.message.body);
      update.accept({ statusCode: 200, body: session('v=0\r\no=answer\r\n') });
    };
    const { wire, userAgent, tag, dialog } = answered({ onUpdate });
    wire.deliver(request('UPDATE', { branch: 'z9hG4bKu', sequence: 2, toTag: tag, body: 'v=0\r\no=offer\r\n' }));
    expect(seen).toEqual(['v=0\r\no=offer\r\n']);
    expect(wire.lines()).toEqual(['SIP/2.0 200 OK']);
    expect(dialog.signalingState).toBe('Stable');
    expect(dialog.offer?.content).toBe('v=0\r\no=offer\r\n');
    userAgent.dispose();
  });

  it('leaves the session as it was when its offer is refused', () => {
    const { wire, userAgent, tag, dialog } = answered();
    wire.deliver(request('UPDATE', { branch: 'z9hG4bKu', sequence: 2, toTag: tag, body: 'v=0\r\no=offer\r\n' }));
    expect(wire.lines()).toEqual(['SIP/2.0 488 Not Acceptable Here']);
    expect([dialog.signalingState, dialog.offer?.content]).toEqual(['Stable', SDP]);
    userAgent.dispose();
  });

  it('that comes out of order gets 500 and changes nothing (RFC 3261 §12.2.2)', () => {
    let updates = 0;
    const { wire, userAgent, tag } = answered({ onUpdate: () => void updates++ });
    wire.deliver(request('UPDATE', { branch: 'z9hG4bKu', sequence: 1, toTag: tag }));
    expect(wire.lines()).toEqual(['SIP/2.0 500 Internal Server Error']);
    expect(updates).toBe(0);
    userAgent.dispose();
  });

  it('with an offer while ours is open gets 491 (RFC 3311 §5.2)', () => {
    const { wire, userAgent, tag, dialog } = answered();
    dialog.invite({}, { body: session(), extraHeaders: ['Contact: <sip:service@192.0.2.9>'] });
    wire.take();
    wire.deliver(request('UPDATE', { branch: 'z9hG4bKu', sequence: 2, toTag: tag, body: SDP }));
    expect(wire.lines()).toEqual(['SIP/2.0 491 Request Pending']);
    userAgent.dispose();
  });

  it('with an offer while theirs is not answered yet gets 500 with Retry-After', () => {
    const { wire, userAgent, tag } = answered({ onInvite: () => {} });
    wire.deliver(request('INVITE', { branch: 'z9hG4bKre', sequence: 2, toTag: tag, body: SDP }));
    wire.take();
    wire.deliver(request('UPDATE', { branch: 'z9hG4bKu', sequence: 3, toTag: tag, body: SDP }));
    const [answer] = wire.take();
    expect(answer).toMatch(/^SIP\/2\.0 500 /);
    expect(header(answer, 'Retry-After')).not.toBe('');
    userAgent.dispose();
  });

  it.each([undefined, 'gone'])('to a dialog that does not exist gets 481 (To tag %s)', (toTag) => {
    const { wire, userAgent } = join();
    wire.deliver(request('UPDATE', toTag === undefined ? {} : { toTag }));
    expect(wire.lines()).toEqual(['SIP/2.0 481 Call/Transaction Does Not Exist']);
    userAgent.dispose();
  });
});
