import {
  ClientTransaction,
  Dialog,
  InviteClientTransaction,
  InviteServerTransaction,
  InviteUserAgentClient,
  InviteUserAgentServer,
  NonInviteClientTransaction,
  SessionDialog,
  Timers,
  Transaction,
  UserAgentClient,
  UserAgentCore,
  UserAgentServer,
} from 'sip.js/lib/core/index.js';
import { AllowedMethods } from 'sip.js/lib/core/user-agent-core/allowed-methods.js';
import { BasculeError } from '../../../core/kernel/errors.ts';
import { TIMER_METHODS } from './timer-guard.ts';
import { rehearse, type RehearsedObjects } from './rehearsal.ts';

/** What `package-lock.json` pins. The library calls itself 0.21.1 in its own source. */
const VERSION = '0.21.2';

type Owner = Readonly<Record<string, unknown>>;

const METHODS: readonly (readonly [name: string, owner: object, members: readonly string[]])[] = [
  ['ClientTransaction', ClientTransaction, ['makeId']],
  ['Transaction', Transaction.prototype, ['send', 'addStateChangeListener']],
  ['InviteClientTransaction', InviteClientTransaction.prototype, ['ack', 'ackResponse', 'stateTransition', 'onTransportError']],
  ['NonInviteClientTransaction', NonInviteClientTransaction.prototype, ['onTransportError']],
  ['InviteServerTransaction', InviteServerTransaction.prototype, ['stateTransition', 'receiveRequest']],
  ['UserAgentClient', UserAgentClient.prototype, ['authenticationGuard', 'init']],
  ['InviteUserAgentClient', InviteUserAgentClient.prototype, ['receiveResponse']],
  ['UserAgentServer', UserAgentServer.prototype, ['init', 'reply']],
  ['InviteUserAgentServer', InviteUserAgentServer.prototype, ['receiveCancel']],
  [
    'Dialog',
    Dialog.prototype,
    ['receiveRequest', 'sequenceGuard', 'createOutgoingRequestMessage', 'incrementLocalSequenceNumber'],
  ],
  ['SessionDialog', SessionDialog.prototype, ['signalingStateTransition', 'signalingStateRollback']],
  [
    'UserAgentCore',
    UserAgentCore.prototype,
    [
      'receiveRequest',
      'receiveRequestFromTransport',
      'receiveInsideDialogRequest',
      'receiveOutsideDialogRequest',
      'replyStateless',
      'makeOutgoingRequestMessage',
    ],
  ],
];

/** Fields that appear only on living objects, found on those of a rehearsed call. */
const FIELDS: readonly (readonly [object: keyof RehearsedObjects, members: readonly string[]])[] = [
  ['dialog', ['_signalingState', '_offer', '_answer', 'dialogState', 'initialTransaction', 'ackWait']],
  ['server', ['toTag', 'message']],
  ['serverTransaction', ['_request', '_user', 'user', 'lastFinalResponse']],
  ['client', ['core', 'confirmedDialogs', 'confirmedDialogAcks', 'earlyDialogs', 'message']],
  ['clientTransaction', ['_request', '_user', 'user', 'ackRetransmissionCache']],
];

function missing(member: string): never {
  throw new BasculeError('SIP_LIBRARY', { version: VERSION, member });
}

/**
 * Checks at start every private member of sip.js on which this folder relies: another version of the library must fail
 * here, not in the middle of a call. Throws SIP_LIBRARY.
 */
export function assertSipJs(): void {
  for (const [name, owner, members] of [...METHODS, ...TIMER_METHODS]) {
    for (const member of members) {
      if (typeof (owner as Owner)[member] !== 'function') missing(`${name}.${member}`);
    }
  }
  if (!Array.isArray(AllowedMethods)) missing('AllowedMethods');
  for (const timer of [
    'T1',
    'T2',
    'T4',
    'TIMER_B',
    'TIMER_D',
    'TIMER_F',
    'TIMER_H',
    'TIMER_I',
    'TIMER_J',
    'TIMER_K',
    'TIMER_L',
    'TIMER_M',
  ]) {
    if (typeof (Timers as unknown as Owner)[timer] !== 'number') missing(`Timers.${timer}`);
  }
  rehearse((objects) => {
    for (const [name, members] of FIELDS) {
      for (const member of members) {
        if (!(member in objects[name])) missing(`${name}.${member}`);
      }
    }
  });
}
