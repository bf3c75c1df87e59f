import { ClientTransaction, type OutgoingRequestMessage } from 'sip.js/lib/core/index.js';
import { randomToken } from './random.ts';

/** RFC 3261 §8.1.1.7: unique across space and time. 72 bits: none meets another in a million years of this traffic. */
export const newBranch = (): string => `z9hG4bK${randomToken(9)}`;

/** RFC 3261 §19.3: at least 32 bits of cryptographic randomness. */
export const newTag = (): string => randomToken(9);

export const newCallId = (): string => randomToken(15);

/**
 * sip.js draws branches from ten million numbers of Math.random: at 600 requests a second two that live at the same time
 * meet every few seconds, and the response of one call then answers another.
 */
export function installBranchIds(): void {
  const makeId = (request: OutgoingRequestMessage): string =>
    // RFC 3261 §9.1: CANCEL bears the branch of what it cancels.
    request.method === 'CANCEL' && request.branch !== undefined ? request.branch : newBranch();
  Object.assign(ClientTransaction, { makeId });
}
