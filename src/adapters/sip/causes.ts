import type { Refusal } from '../../core/kernel/effects.ts';
import type { FailureCause } from '../../core/kernel/events.ts';

/** Final responses to an INVITE in the core's words. What is not listed falls to its class, see `failureCause`. */
const CAUSES: Readonly<Record<number, FailureCause>> = {
  401: 'error', // RFC 3261 §21.4.2: our credentials were not taken
  403: 'rejected', // §21.4.4
  404: 'unknown-number', // §21.4.5
  405: 'error', // §21.4.6
  407: 'error', // §21.4.8
  408: 'unreachable', // §21.4.9; after ringing it is a no-answer
  410: 'unknown-number', // §21.4.11
  413: 'error', // §21.4.12
  480: 'unreachable', // §21.4.18; after ringing it is a no-answer
  484: 'unknown-number', // §21.4.22
  485: 'unknown-number', // §21.4.23
  486: 'busy', // §21.4.24
  487: 'cancelled', // §21.4.25
  488: 'error', // §21.4.26
  500: 'error', // §21.5.1
  502: 'unreachable', // §21.5.3
  503: 'line-unavailable', // §21.5.4
  504: 'unreachable', // §21.5.5
  600: 'busy', // §21.6.1
  603: 'rejected', // §21.6.2
  604: 'unknown-number', // §21.6.3
  606: 'error', // §21.6.4
  607: 'rejected', // RFC 8197: unwanted
  608: 'rejected', // RFC 8688
};

/** @param rang Whether the far end had begun to ring: then a time-out upstream means that nobody picked up. */
export function failureCause(status: number, rang: boolean): FailureCause {
  if (rang && (status === 408 || status === 480)) return 'no-answer';
  const known = CAUSES[status];
  if (known !== undefined) return known;
  // RFC 3261 §8.1.3.4: we follow no redirection; a telephone that forwards itself is not where we look for it.
  if (status >= 300 && status < 400) return 'unreachable';
  return status >= 600 ? 'rejected' : 'error';
}

export const REFUSAL_STATUS: Readonly<Record<Refusal, number>> = {
  busy: 486,
  'unknown-number': 404,
  closed: 480,
  overload: 503,
  deterred: 480,
};

/**
 * What a final response to an OPTIONS says about an extension. RFC 3261 §11.2: a telephone answers as it would an INVITE,
 * so a busy one says 486 and lives; the statuses below come from an IPBX that cannot reach it.
 */
const ABSENT: ReadonlySet<number> = new Set([403, 404, 408, 410, 480, 484, 502, 503, 504, 604]);
export const showsReachable = (status: number): boolean => !ABSENT.has(status);
