import {
  IncomingRequestMessage,
  type IncomingResponseMessage,
  type InviteClientTransaction,
  InviteServerTransaction,
  InviteUserAgentClient,
  type Session,
  type SessionDialog,
  type Transaction,
  TransactionState,
  type UserAgentCore,
} from 'sip.js/lib/core/index.js';
import { dialogInternals, type InviteClientAgentInternals, transactionInternals } from './internals.ts';
import type { MergedRequests } from './merged.ts';

/**
 * Transactions live 32 s after their call (RFC 6026 timers L and M). At 300 calls a second that is some 20,000 of them,
 * each holding in sip.js the request with all its headers, its dialog, and through closures the call itself. What follows
 * lets go of everything that no later message can need.
 */

/** Stands for a request of which only the dialog still wants to know the CSeq. */
function stub(request: { method: string; cseq: number }): IncomingRequestMessage {
  const remains = new IncomingRequestMessage();
  remains.method = request.method;
  remains.cseq = request.cseq;
  return remains;
}

/** The dialog keeps its first transaction for as long as it lives, so that is emptied, not dropped. */
function empty(transaction: Transaction): void {
  const internals = transactionInternals(transaction);
  internals._request = stub(internals._request);
  const user = { loggerFactory: internals._user.loggerFactory };
  internals._user = user;
  internals.user = user;
}

/**
 * An INVITE of theirs was answered 2xx and the ACK is here. Its transaction only had to absorb repeated INVITEs, which the
 * wire does (RFC 6026 §7.1), and to repeat the 2xx, which is over.
 */
export function releaseAnswered(dialog: SessionDialog, transaction: Transaction, merged: MergedRequests): void {
  if (!(transaction instanceof InviteServerTransaction) || transaction.state !== TransactionState.Accepted) return;
  const { request } = transaction;
  if (request.toTag === undefined) merged.answered(request);
  transactionInternals(transaction).stateTransition(TransactionState.Terminated);
  if (dialogInternals(dialog).initialTransaction === transaction) empty(transaction);
}

/** RFC 3261 §13.2.2.4: a 2xx of another fork that comes later makes a session that nobody wants: ACK, then BYE. */
const endOtherForks = {
  onAccept({ session, ack }: { session: Session; ack: () => void }): void {
    ack();
    session.bye();
  },
};

/**
 * An INVITE of ours was answered 2xx and we have sent the ACK. Its transaction stays to repeat the ACK, and to end other
 * forks: for both a text and three identifiers are enough.
 */
export function releaseAccepted(core: UserAgentCore, response: IncomingResponseMessage): void {
  const client = core.userAgentClients.get(response.viaBranch + response.method);
  if (!(client instanceof InviteUserAgentClient)) return;
  const internals = client as unknown as InviteClientAgentInternals;
  // Not acknowledged yet: the answer to an offer of theirs is still to be found.
  if (internals.confirmedDialogAcks.size === 0) return;
  internals.confirmedDialogs.clear();
  internals.confirmedDialogAcks.clear();
  internals.delegate = endOtherForks;
  const { request } = client.transaction as InviteClientTransaction;
  Object.assign(request, { body: undefined, extraHeaders: [], headers: {} });
}
