import type {
  Body,
  IncomingRequestMessage,
  IncomingResponseMessage,
  InviteClientTransaction,
  InviteServerTransaction,
  OutgoingRequestMessage,
  SessionDialog,
  SignalingState,
  Transaction,
  TransactionUser,
  URI,
  UserAgentClient,
  UserAgentCore,
} from 'sip.js/lib/core/index.js';

/**
 * The members of sip.js 0.21.2 that are private to TypeScript and on which this folder relies. `assertSipJs` checks every
 * one of them at start. Nothing outside this folder knows them.
 */

export interface CoreInternals {
  receiveRequest(message: IncomingRequestMessage): void;
  receiveInsideDialogRequest(message: IncomingRequestMessage): void;
  receiveOutsideDialogRequest(message: IncomingRequestMessage): void;
}

export interface DialogStateInternals {
  remoteTarget: URI;
  localSequenceNumber: number | undefined;
}

export interface DialogInternals {
  dialogState: DialogStateInternals;
  initialTransaction: InviteClientTransaction | InviteServerTransaction;
  ackWait: boolean;
  _signalingState: SignalingState;
  _offer: Body | undefined;
  _answer: Body | undefined;
  sequenceGuard(message: IncomingRequestMessage): boolean;
}

export interface TransactionInternals {
  _request: { cseq: number; method: string };
  _user: TransactionUser;
  user: TransactionUser;
  stateTransition(state: string, dueToTransportError?: boolean): void;
  onTransportError(error: Error): void;
  send(message: string): Promise<void>;
  logTransportError(error: Error, message: string): void;
}

export interface InviteClientInternals extends TransactionInternals {
  ackRetransmissionCache: Map<string, { toString(): string } | undefined>;
}

export interface ClientInternals {
  core: UserAgentCore;
  /** The attempts at authentication of this request; sip.js keeps its own helper here. */
  credentials: unknown;
  init(): void;
}

export interface InviteClientAgentInternals extends ClientInternals {
  confirmedDialogs: Map<string, SessionDialog>;
  confirmedDialogAcks: Map<string, unknown>;
  delegate: unknown;
}

export interface ServerAgentInternals {
  toTag: string;
}

export const coreInternals = (core: UserAgentCore): CoreInternals => core as unknown as CoreInternals;
export const dialogInternals = (dialog: SessionDialog): DialogInternals => dialog as unknown as DialogInternals;
export const transactionInternals = (transaction: Transaction): TransactionInternals =>
  transaction as unknown as TransactionInternals;
export const inviteClientInternals = (transaction: InviteClientTransaction): InviteClientInternals =>
  transaction as unknown as InviteClientInternals;
export const clientInternals = (client: UserAgentClient): ClientInternals => client as unknown as ClientInternals;

/** Dialogs are filed under Call-ID, local tag and remote tag, one after the other. */
export const dialogOfRequest = (core: UserAgentCore, message: IncomingRequestMessage): SessionDialog | undefined =>
  core.dialogs.get(message.callId + message.toTag + message.fromTag) as SessionDialog | undefined;
export const dialogOfResponse = (core: UserAgentCore, message: IncomingResponseMessage): SessionDialog | undefined =>
  core.dialogs.get(message.callId + message.fromTag + message.toTag) as SessionDialog | undefined;
export const dialogOfOutgoing = (core: UserAgentCore, message: OutgoingRequestMessage): SessionDialog | undefined =>
  message.toTag === undefined
    ? undefined
    : (core.dialogs.get(message.callId + message.fromTag + message.toTag) as SessionDialog | undefined);
