import {
  type Body,
  IncomingRequestMessage,
  type InviteServerTransaction,
  type Session,
  SessionDialog,
  SignalingState,
  type UserAgentCore,
} from 'sip.js/lib/core/index.js';
import { parseUri, type SipUri } from '../wire/uri.ts';
import { dialogInternals } from './internals.ts';
import type { SavedDialog } from './types.ts';

/** Requests that the other node may have sent after the dialog was written down. RFC 3261 §12.2.1.1 only wants more, not the next. */
const SEQUENCE_GAP = 1_000;

const described = (content: string): Body => ({ contentDisposition: 'session', contentType: 'application/sdp', content });

/** Writes a confirmed dialog down; about 600 bytes as JSON. */
export function saveDialog(session: Session): SavedDialog {
  const dialog = session as SessionDialog;
  return {
    id: dialog.id,
    callId: dialog.callId,
    localTag: dialog.localTag,
    remoteTag: dialog.remoteTag,
    localSequence: dialog.localSequenceNumber ?? 0,
    remoteSequence: dialog.remoteSequenceNumber ?? 0,
    localUri: dialog.localURI.toString(),
    remoteUri: dialog.remoteURI.toString(),
    remoteTarget: dialog.remoteTarget.toString(),
    routeSet: [...dialog.routeSet],
    offer: dialog.offer?.content ?? '',
    answer: dialog.answer?.content ?? '',
  };
}

function uri(text: string): SipUri {
  const parsed = parseUri(text);
  if (parsed === undefined) throw new Error('A saved dialog holds a URI that cannot be read.');
  return parsed;
}

/**
 * Makes the dialog live on in this core: it takes requests inside it, and can re-INVITE and BYE. The caller sets its
 * delegate and sends a re-INVITE with its own Contact, so that the far end follows (RFC 3261 §12.2.1.1).
 */
export function restoreDialog(core: UserAgentCore, saved: SavedDialog): Session {
  // Of the transaction that made the dialog only the request is ever looked at.
  const origin = { request: new IncomingRequestMessage() } as unknown as InviteServerTransaction;
  const dialog = new SessionDialog(origin, core, {
    id: saved.id,
    early: false,
    callId: saved.callId,
    localTag: saved.localTag,
    remoteTag: saved.remoteTag,
    localSequenceNumber: saved.localSequence + SEQUENCE_GAP,
    remoteSequenceNumber: saved.remoteSequence === 0 ? undefined : saved.remoteSequence,
    localURI: uri(saved.localUri),
    remoteURI: uri(saved.remoteUri),
    remoteTarget: uri(saved.remoteTarget),
    routeSet: [...saved.routeSet],
    secure: false,
  });
  const internals = dialogInternals(dialog);
  internals._signalingState = SignalingState.Stable;
  internals._offer = described(saved.offer);
  internals._answer = described(saved.answer);
  return dialog;
}
