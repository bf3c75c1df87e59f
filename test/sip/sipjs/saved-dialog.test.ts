import type { IncomingInviteRequest, Session } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { restoreDialog, saveDialog } from '../../../src/adapters/sip/sipjs/saved-dialog.ts';
import type { SavedDialog } from '../../../src/adapters/sip/sipjs/types.ts';
import { header, headers, join, request, response, SDP, session, tagOf } from './support.ts';

/** A call that the first node answered, written down as JSON. */
function savedCall(): { saved: SavedDialog; tag: string } {
  let dialog: Session | undefined;
  const first = join({
    onInvite(call: IncomingInviteRequest) {
      dialog = call.accept({ statusCode: 200, body: session('v=0\r\n') }).session;
    },
  });
  first.wire.deliver(
    request('INVITE', { headers: ['Record-Route: <sip:192.0.2.5;lr>', 'Record-Route: <sip:192.0.2.6;lr>'], body: SDP }),
  );
  const tag = tagOf(first.wire.take()[0], 'To');
  first.wire.deliver(request('ACK', { branch: 'z9hG4bKack', toTag: tag }));
  const saved = JSON.parse(JSON.stringify(saveDialog(dialog as Session))) as SavedDialog;
  first.userAgent.dispose();
  return { saved, tag };
}

describe('a dialog on the other node', () => {
  it('re-INVITEs with the routes, tags and a CSeq beyond anything sent before, and ends by BYE', () => {
    const { saved, tag } = savedCall();
    const { wire, userAgent } = join();
    const dialog = restoreDialog(userAgent.core, saved);
    dialog.invite(
      { onAccept: (accepted) => void accepted.ack() },
      { body: session(), extraHeaders: ['Contact: <sip:service@192.0.2.10>'] },
    );
    const [invite] = wire.take();
    expect(headers(invite, 'Route')).toEqual(['<sip:192.0.2.5;lr>', '<sip:192.0.2.6;lr>']);
    expect([tagOf(invite, 'From'), tagOf(invite, 'To'), header(invite, 'Call-ID')]).toEqual([tag, 'theirs', 'call-1@ipbx']);
    expect(header(invite, 'CSeq')).toBe('1001 INVITE');
    wire.deliver(response(invite, 200, { contact: '<sip:100@192.0.2.5:5060>', body: SDP }));
    dialog.bye();
    expect(wire.lines()).toEqual(['ACK sip:100@192.0.2.5:5060 SIP/2.0', 'BYE sip:100@192.0.2.5:5060 SIP/2.0']);
    userAgent.dispose();
  });

  it('takes what comes inside it', () => {
    const { saved, tag } = savedCall();
    const { wire, userAgent } = join();
    const events: string[] = [];
    restoreDialog(userAgent.core, saved).delegate = {
      onBye: (bye) => {
        events.push('bye');
        bye.accept();
      },
    };
    wire.deliver(request('INFO', { branch: 'z9hG4bKi', sequence: 7, toTag: tag }));
    wire.deliver(request('BYE', { branch: 'z9hG4bKb', sequence: 8, toTag: tag }));
    expect(wire.lines()).toEqual(['SIP/2.0 469 Bad Info Package', 'SIP/2.0 200 OK']);
    expect([events, userAgent.core.dialogs.size]).toEqual([['bye'], 0]);
    userAgent.dispose();
  });

  it('refuses a record that cannot be read', () => {
    const { saved } = savedCall();
    const { userAgent } = join();
    expect(() => restoreDialog(userAgent.core, { ...saved, remoteTarget: 'nonsense' })).toThrow(/saved dialog/);
    userAgent.dispose();
  });
});
