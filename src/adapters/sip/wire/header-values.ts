import { parseNameAddr } from './name-addr.ts';
import { type Parameters, parseParameters } from './parameters.ts';
import { isToken } from './header-names.ts';

/** `token;parameters`, the shape of most headers that are neither addresses nor numbers. */
export interface TokenValue {
  readonly token: string;
  readonly parameters: Parameters;
}

function parseTokenValue(text: string): TokenValue | undefined {
  const semicolon = text.indexOf(';');
  const token = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  if (token === '') return undefined;
  const parameters = semicolon < 0 ? {} : parseParameters(text, semicolon);
  return parameters === undefined ? undefined : { token, parameters };
}

/** Digits only, up to 2^32 - 1 as RFC 3261 §25.1 `delta-seconds` and its like allow. */
export function parseNumber(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 4_294_967_295 ? value : undefined;
}

/** RFC 3261 §20.15: type and subtype in lower case, parameters left out; undefined when it is no media type. */
export function parseMediaType(text: string): string | undefined {
  const semicolon = text.indexOf(';');
  const type = (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/\s+/g, '').toLowerCase();
  const slash = type.indexOf('/');
  return slash > 0 && isToken(type.slice(0, slash)) && isToken(type.slice(slash + 1)) ? type : undefined;
}

export interface SessionExpires {
  readonly deltaSeconds: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** RFC 4028 §4. */
function parseSessionExpires(text: string): SessionExpires | undefined {
  const value = parseTokenValue(text);
  const deltaSeconds = value && parseNumber(value.token);
  if (deltaSeconds === undefined) return undefined;
  const refresher = value?.parameters.refresher?.toLowerCase();
  return { deltaSeconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** RFC 6665 §8.4; the package name in lower case, as sip.js compares it. */
function parseEvent(text: string): { event: string; params: Parameters } | undefined {
  const value = parseTokenValue(text);
  return value && isToken(value.token) ? { event: value.token.toLowerCase(), params: value.parameters } : undefined;
}

/** RFC 6665 §8.2.3, under the names that sip.js reads. */
function parseSubscriptionState(text: string): object | undefined {
  const value = parseTokenValue(text);
  if (value === undefined) return undefined;
  const { reason, expires, 'retry-after': retryAfter } = value.parameters;
  return {
    state: value.token.toLowerCase(),
    reason: reason ?? undefined,
    expires: expires ? parseNumber(expires) : undefined,
    retry_after: retryAfter ? parseNumber(retryAfter) : undefined,
    params: value.parameters,
  };
}

/** RFC 3261 §20.11. */
function parseDisposition(text: string): { type: string; handling: string | undefined } | undefined {
  const value = parseTokenValue(text);
  return value && { type: value.token.toLowerCase(), handling: value.parameters.handling ?? undefined };
}

/** RFC 3891 §6.1. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly earlyOnly: boolean;
}

function parseReplaces(text: string): Replaces | undefined {
  const value = parseTokenValue(text);
  const toTag = value?.parameters['to-tag'];
  const fromTag = value?.parameters['from-tag'];
  if (!value || !toTag || !fromTag) return undefined;
  return { callId: value.token, toTag, fromTag, earlyOnly: value.parameters['early-only'] !== undefined };
}

const number = parseNumber;
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  Contact: parseNameAddr,
  From: parseNameAddr,
  To: parseNameAddr,
  Route: parseNameAddr,
  'Record-Route': parseNameAddr,
  'Refer-To': parseNameAddr,
  'Referred-By': parseNameAddr,
  'Reply-To': parseNameAddr,
  'P-Asserted-Identity': parseNameAddr,
  'P-Preferred-Identity': parseNameAddr,
  'Remote-Party-Id': parseNameAddr,
  Diversion: parseNameAddr,
  'History-Info': parseNameAddr,
  Event: parseEvent,
  'Subscription-State': parseSubscriptionState,
  'Content-Disposition': parseDisposition,
  'Content-Type': parseMediaType,
  'Session-Expires': parseSessionExpires,
  Replaces: parseReplaces,
  Expires: number,
  'Min-Expires': number,
  'Min-SE': number,
  'Max-Forwards': number,
  'Content-Length': number,
  RSeq: number,
};

/** What a value means, for the headers whose meaning sip.js or the lines ask for; undefined for others and for nonsense. */
export function parseStructured(canonical: string, raw: string): unknown {
  return Object.hasOwn(READERS, canonical) ? READERS[canonical]?.(raw) : undefined;
}
