import type { IncomingRequestMessage, NameAddrHeader, URI } from 'sip.js/lib/core/index.js';
import type { IncomingLeg } from '../../core/kernel/events.ts';
import { displayText, parseNameAddr } from './wire/name-addr.ts';
import { splitList } from './wire/parameters.ts';

export interface CallerIdentity {
  readonly caller: string | null;
  readonly callerName: string | null;
}

/** A P-Asserted-Identity has at most two values (RFC 3325 §9.1); longer lists of the other headers are cut. */
const MAX_ENTRIES = 20;

/** Header fields may be repeated, or hold several values each (RFC 3261 §7.3.1). */
function entries(message: IncomingRequestMessage, name: string): NameAddrHeader[] {
  const found: NameAddrHeader[] = [];
  for (const value of message.getHeaders(name)) {
    for (const item of value.includes(',') ? (splitList(value) ?? []) : [value]) {
      const entry = found.length < MAX_ENTRIES ? parseNameAddr(item) : undefined;
      if (entry !== undefined) found.push(entry);
    }
  }
  return found;
}

/** RFC 3966 visual separators in a tel: number say nothing. */
function userOf(uri: URI): string | null {
  const user = uri.user;
  if (!user) return null;
  return uri.scheme === 'tel' ? user.replace(/[-.()]/g, '') : user;
}

/** RFC 3323 §4.1.1.3: the From of one who does not want to be known. */
const isAnonymous = (uri: URI): boolean => uri.host === 'anonymous.invalid' || uri.user?.toLowerCase() === 'anonymous';

/**
 * The asserted identity (RFC 3325) wins over From: the IPBX vouches for it. With `Privacy: id` it is known to us but must
 * not be shown (RFC 3325 §9.3), so the caller counts as withheld.
 */
export function callerOf(message: IncomingRequestMessage): CallerIdentity {
  if (/\b(?:id|user|header)\b/i.test(message.getHeader('privacy') ?? '')) return { caller: null, callerName: null };
  const asserted = entries(message, 'p-asserted-identity');
  const shown = asserted.find((entry) => userOf(entry.uri) !== null) ?? message.from;
  if (isAnonymous(shown.uri)) return { caller: null, callerName: null };
  const name = asserted.map(displayText).find((text) => text !== '') ?? displayText(message.from);
  return { caller: userOf(shown.uri), callerName: name === '' ? null : name };
}

/**
 * The number that the caller dialled, by what says it best: a Request-URI that is not the line's own user (a trunk); the
 * called party that the IPBX names (P-Called-Party-ID, RFC 7315 §4.2); the last target of the history that is not the
 * line itself (RFC 7044); To; in the end the line's user.
 */
export function dialledOf(message: IncomingRequestMessage, requestUri: URI, isOwn: (user: string) => boolean): string {
  const foreign = (uri: URI): string | null => {
    const user = userOf(uri);
    return user === null || isOwn(user) ? null : user;
  };
  const candidates = [requestUri, ...entries(message, 'p-called-party-id').map((entry) => entry.uri)];
  for (const entry of entries(message, 'history-info').reverse()) candidates.push(entry.uri);
  candidates.push(message.to.uri);
  for (const uri of candidates) {
    const user = foreign(uri);
    if (user !== null) return user;
  }
  return userOf(message.to.uri) ?? userOf(requestUri) ?? '';
}

/** Status in the Reason of a History-Info entry (RFC 7044 §10.2) in the words of Diversion (RFC 5806 §5). */
const REASONS: Readonly<Record<string, string>> = {
  '302': 'unconditional',
  '404': 'unknown',
  '408': 'no-answer',
  '480': 'away',
  '486': 'user-busy',
  '487': 'deflection',
  '503': 'unavailable',
};

/** Why the call left an entry: its Reason, or the `cause` of where it went next (RFC 8119 §3); null when it just went on. */
function departure(entry: NameAddrHeader, next: NameAddrHeader | undefined): string | null {
  const { headers } = entry.uri;
  const reason = decodeURIComponentLeniently(headers.Reason?.[0] ?? headers.reason?.[0] ?? '');
  const cause = /cause=(\d{3})/.exec(reason)?.[1] ?? next?.uri.getParam('cause');
  if (cause) return REASONS[cause] ?? 'unknown';
  // RFC 7044 §5.3: the next entry is the mapping of this one to another user.
  return next?.hasParam('mp') ? 'unknown' : null;
}

function decodeURIComponentLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Who diverted the call to us last. Diversion's first value is the latest (RFC 5806 §4); in History-Info it is the last
 * entry but ours from which the call was moved on.
 */
export function diversionOf(message: IncomingRequestMessage, isOwn: (user: string) => boolean): IncomingLeg['diverted'] {
  const [diversion] = entries(message, 'diversion');
  const from = diversion && userOf(diversion.uri);
  if (diversion && from) return { from, reason: (diversion.getParam('reason') ?? 'unknown').replaceAll('"', '') };
  const history = entries(message, 'history-info');
  for (let index = history.length - 2; index >= 0; index--) {
    const entry = history[index];
    const user = entry && userOf(entry.uri);
    if (!entry || !user || isOwn(user)) continue;
    const reason = departure(entry, history[index + 1]);
    if (reason !== null) return { from: user, reason };
  }
  return null;
}
