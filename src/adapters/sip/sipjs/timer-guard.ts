import {
  InviteClientTransaction,
  InviteServerTransaction,
  NonInviteClientTransaction,
  NonInviteServerTransaction,
  type Transaction,
} from 'sip.js/lib/core/index.js';
import { transactionInternals } from './internals.ts';
import { SilentLoggerFactory } from './silence.ts';

type Timed = Record<string, (this: Transaction) => void>;

export const TIMER_METHODS: readonly (readonly [name: string, owner: object, members: readonly string[]])[] = [
  ['InviteClientTransaction', InviteClientTransaction.prototype, ['timerB', 'timerD', 'timerM']],
  ['NonInviteClientTransaction', NonInviteClientTransaction.prototype, ['timerF', 'timerK']],
  ['InviteServerTransaction', InviteServerTransaction.prototype, ['timerH', 'timerI', 'timerL']],
  ['NonInviteServerTransaction', NonInviteServerTransaction.prototype, ['timerJ']],
];

/**
 * sip.js calls delegates from its timers (408 when nobody answered, the end of waiting for an ACK): what they throw there
 * nobody would catch, and the process would end with every call in it. It is reported like any other error.
 */
export function installTimerGuard(): void {
  for (const [, owner, members] of TIMER_METHODS) {
    const methods = owner as Timed;
    for (const member of members) {
      const original = methods[member] as Timed[string];
      methods[member] = function (this: Transaction): void {
        try {
          original.call(this);
        } catch (error) {
          const { loggerFactory } = transactionInternals(this)._user;
          if (loggerFactory instanceof SilentLoggerFactory) loggerFactory.report(error);
        }
      };
    }
  }
}
