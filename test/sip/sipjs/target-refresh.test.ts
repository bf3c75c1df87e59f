import type { Session } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { header, join, outgoingInvite, response, SDP, session, stock } from './support.ts';

describe('a 180 without Contact (RFC 3261 §20 table 3)', () => {
  it('is thrown away by sip.js as it comes', () => {
    const { wire, core } = stock();
    let ringing = 0;
    core.invite(outgoingInvite(core), { onProgress: () => void ringing++ });
    wire.deliver(response(wire.take()[0], 180, { contact: null }));
    expect(ringing).toBe(0);
    core.dispose();
  });

  it('is heard, and the 200 brings the target that ACK and BYE go to', () => {
    const { wire, userAgent } = join();
    const events: string[] = [];
    let dialog: Session | undefined;
    userAgent.core.invite(outgoingInvite(userAgent.core), {
      onProgress: () => void events.push('ringing'),
      onAccept: (accepted) => {
        dialog = accepted.session;
        accepted.ack();
      },
    });
    const [invite] = wire.take();
    wire.deliver(response(invite, 180, { contact: null }));
    wire.deliver(response(invite, 200, { contact: '<sip:desk@192.0.2.7:5070>', body: SDP }));
    dialog?.bye();
    expect(events).toEqual(['ringing']);
    expect(wire.lines()).toEqual(['ACK sip:desk@192.0.2.7:5070 SIP/2.0', 'BYE sip:desk@192.0.2.7:5070 SIP/2.0']);
    userAgent.dispose();
  });
});

describe('the target of a dialog (RFC 3261 §12.2.1.2)', () => {
  it('stays that of the 180 in sip.js as it comes', () => {
    const { wire, core } = stock();
    core.invite(outgoingInvite(core), { onAccept: (accepted) => void accepted.ack() });
    const [invite] = wire.take();
    wire.deliver(response(invite, 180, { contact: '<sip:old@192.0.2.7>' }));
    wire.deliver(response(invite, 200, { contact: '<sip:new@192.0.2.8>', body: SDP }));
    expect(wire.lines()).toEqual(['ACK sip:old@192.0.2.7 SIP/2.0']);
    core.dispose();
  });

  it('is refreshed by the 2xx of INVITE and of re-INVITE', () => {
    const { wire, userAgent } = join();
    let dialog: Session | undefined;
    userAgent.core.invite(outgoingInvite(userAgent.core), {
      onAccept: (accepted) => {
        dialog = accepted.session;
        accepted.ack();
      },
    });
    const [invite] = wire.take();
    wire.deliver(response(invite, 180, { contact: '<sip:old@192.0.2.7>' }));
    wire.deliver(response(invite, 200, { contact: '<sip:new@192.0.2.8>', body: SDP }));
    expect(wire.lines()).toEqual(['ACK sip:new@192.0.2.8 SIP/2.0']);
    dialog?.invite(
      { onAccept: (accepted) => void accepted.ack() },
      { body: session(), extraHeaders: ['Contact: <sip:s@192.0.2.9>'] },
    );
    const [again] = wire.take();
    wire.deliver(response(again, 200, { contact: '<sip:third@192.0.2.9>', body: SDP }));
    expect(wire.lines()).toEqual(['ACK sip:third@192.0.2.9 SIP/2.0']);
    expect(header(again, 'CSeq')).toBe('2 INVITE');
    userAgent.dispose();
  });
});
