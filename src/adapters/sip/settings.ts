import { DEFAULTS, type SipLinesOptions } from './options.ts';
import type { TransactionTimers } from './wire/types.ts';

type Defaulted =
  | 'codecs'
  | 'sessionTimer'
  | 'newCallsPerSecond'
  | 'retryAfterSeconds'
  | 'callerShown'
  | 'auditIntervalMs'
  | 'retryMs'
  | 'stopWithinMs'
  | 'userAgent';

/** The options with every default filled in. */
export type Settings = Omit<SipLinesOptions, Defaulted | 'timers'> & {
  readonly [Key in Defaulted]-?: NonNullable<SipLinesOptions[Key]>;
} & { readonly timers: TransactionTimers };

export function settingsOf(options: SipLinesOptions): Settings {
  return {
    ...options,
    codecs: options.codecs ?? DEFAULTS.codecs,
    sessionTimer: options.sessionTimer ?? DEFAULTS.sessionTimer,
    newCallsPerSecond: options.newCallsPerSecond ?? DEFAULTS.newCallsPerSecond,
    retryAfterSeconds: options.retryAfterSeconds ?? DEFAULTS.retryAfterSeconds,
    callerShown: options.callerShown ?? DEFAULTS.callerShown,
    auditIntervalMs: options.auditIntervalMs ?? DEFAULTS.auditIntervalMs,
    retryMs: options.retryMs ?? DEFAULTS.retryMs,
    stopWithinMs: options.stopWithinMs ?? DEFAULTS.stopWithinMs,
    userAgent: options.userAgent ?? DEFAULTS.userAgent,
    timers: { ...DEFAULTS.timers, ...options.timers },
  };
}
