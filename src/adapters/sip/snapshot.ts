import type { SessionDialog } from 'sip.js/lib/core/index.js';
import type { LegId, LineId } from '../../core/kernel/ids.ts';
import type { Host } from './host.ts';
import { Leg } from './leg.ts';
import type { Line } from './line.ts';
import type { SavedTimer } from './session-timer.ts';
import { restoreDialog, saveDialog } from './sipjs/saved-dialog.ts';
import type { SavedDialog } from './sipjs/types.ts';
import type { SavedSound } from './sound.ts';

/** An established leg written down: what another node needs to go on with its dialog. Plain JSON, about 1.2 kB. */
export interface SavedLeg {
  readonly leg: LegId;
  readonly line: LineId;
  readonly outgoing: boolean;
  readonly dialog: SavedDialog;
  readonly sound: SavedSound;
  readonly timer: SavedTimer;
}

/** null while the leg is not established: there is no dialog yet that could be gone on with. */
export function saveLeg(leg: Leg): SavedLeg | null {
  if (leg.phase !== 'established' || leg.session === null) return null;
  return {
    leg: leg.id,
    line: leg.line.id,
    outgoing: leg.outgoing,
    dialog: saveDialog(leg.session),
    sound: leg.sound.save(),
    timer: leg.conversation.timer.state,
  };
}

/**
 * Makes the leg live here and brings its sound to our own address by re-INVITE; the far end follows our Contact (RFC 3261
 * §12.2.1.1). A dialog that it no longer knows ends as `leg.ended` with `lost`. Throws MED_PORTS, and on a damaged record.
 */
export function restoreLeg(host: Host, line: Line, saved: SavedLeg): Leg {
  const leg = new Leg(saved.leg, line, host, saved.dialog.callId, saved.outgoing);
  leg.sound.restore(saved.sound);
  const session = restoreDialog(host.userAgent.core, saved.dialog) as SessionDialog;
  session.delegate = leg.conversation;
  host.add(leg);
  leg.conversation.resume(session);
  leg.conversation.timer.resume(saved.timer);
  leg.conversation.relay();
  return leg;
}
