import {
  Dialog,
  type IncomingRequestMessage,
  NonInviteServerTransaction,
  type OutgoingResponse,
  type ResponseOptions,
  type SessionDialog,
  SignalingState,
  UserAgentServer,
} from 'sip.js/lib/core/index.js';
import type { NameAddrHeader } from 'sip.js/lib/core/index.js';
import { dialogInternals } from './internals.ts';
import type { UpdateDelegate } from './types.ts';

/** UPDATE (RFC 3311), of which sip.js knows nothing: it answers 405. */
class UpdateUserAgentServer extends UserAgentServer {
  private readonly dialog: SessionDialog;

  constructor(dialog: SessionDialog, message: IncomingRequestMessage) {
    super(NonInviteServerTransaction, dialog.userAgentCore, message);
    this.dialog = dialog;
    dialog.signalingStateTransition(message);
  }

  override accept(options: ResponseOptions = { statusCode: 200 }): OutgoingResponse {
    const response = super.accept(options);
    if (options.body !== undefined) this.dialog.signalingStateTransition(options.body);
    return response;
  }

  override reject(options: ResponseOptions = { statusCode: 488 }): OutgoingResponse {
    // RFC 3311 §5.2: a refused offer leaves the session as it was.
    if (this.message.body !== '') this.dialog.signalingStateRollback();
    return super.reject(options);
  }
}

/** RFC 3311 §5.2: which offers must be refused before anybody looks at them. */
function conflict(
  dialog: SessionDialog,
  message: IncomingRequestMessage,
): { statusCode: number; extraHeaders?: string[] } | undefined {
  if (message.body === '') return undefined;
  if (dialog.reinviteUserAgentClient !== undefined || dialog.signalingState === SignalingState.HaveLocalOffer)
    return { statusCode: 491 };
  if (dialog.reinviteUserAgentServer !== undefined || dialog.signalingState === SignalingState.HaveRemoteOffer) {
    return { statusCode: 500, extraHeaders: ['Retry-After: 2'] };
  }
  return undefined;
}

/** Takes an UPDATE inside a dialog to its delegate. Without one: refreshes are accepted (RFC 4028 §9), offers are not. */
export function receiveUpdate(dialog: SessionDialog, message: IncomingRequestMessage): void {
  const internals = dialogInternals(dialog);
  // RFC 3261 §12.2.2: out of order gets 500, which the guard sends.
  if (!internals.sequenceGuard(message)) return;
  Dialog.prototype.receiveRequest.call(dialog, message);
  const refused = conflict(dialog, message);
  if (refused !== undefined) {
    dialog.userAgentCore.replyStateless(message, refused);
    return;
  }
  // RFC 3311 §5.2: a target refresh request like re-INVITE.
  const contact = message.parseHeader('contact') as NameAddrHeader | undefined;
  if (contact !== undefined) internals.dialogState.remoteTarget = contact.uri;
  const request = new UpdateUserAgentServer(dialog, message);
  const delegate = dialog.delegate as UpdateDelegate | undefined;
  if (delegate?.onUpdate !== undefined) {
    delegate.onUpdate(request);
    return;
  }
  if (message.body !== '') {
    request.reject();
    return;
  }
  const expires = message.getHeader('session-expires');
  const contactLine = `Contact: ${dialog.userAgentCore.configuration.contact.toString()}`;
  request.accept({
    statusCode: 200,
    extraHeaders: expires === undefined ? [contactLine] : [contactLine, `Session-Expires: ${expires}`],
  });
}
