import { withoutParameters } from './parameters.ts';
import type { Endpoint, Protocol } from './types.ts';
import { firstItemEnd, parseVia, type Via } from './via.ts';

/** The transport reads only what routing needs; whether the rest makes sense is the parser's affair. */

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** No header name that we look for is longer; a line without a colon costs no more than this. */
const NAME_ROOM = 24;

/** The value of the first header field of that name, folds included (RFC 3261 §7.3.1). `name` in lower case. */
export function findHeader(text: string, name: string, compact = ''): Span | undefined {
  const initial = name.charCodeAt(0);
  const compactInitial = compact === '' ? initial : compact.charCodeAt(0);
  let index = text.indexOf('\r\n') + 2;
  while (index >= 2) {
    let end = text.indexOf('\r\n', index);
    if (end <= index) return undefined;
    const first = text.charCodeAt(index) | 32;
    if (first === initial || first === compactInitial) {
      const head = text.slice(index, Math.min(end, index + NAME_ROOM));
      const colon = head.indexOf(':');
      const written = colon < 0 ? '' : head.slice(0, colon).trimEnd().toLowerCase();
      if (written === name || (compact !== '' && written === compact)) {
        for (let next = text.charCodeAt(end + 2); next === 32 || next === 9; next = text.charCodeAt(end + 2)) {
          const after = text.indexOf('\r\n', end + 2);
          if (after < 0) return undefined;
          end = after;
        }
        return { start: index + colon + 1, end };
      }
    }
    index = end + 2;
  }
  return undefined;
}

export const isResponse = (text: string): boolean => text.startsWith('SIP/2.0 ');

/** Status of a response, 0 when the line is not one. */
export function statusOf(text: string): number {
  const status = Number(text.slice(8, 11));
  return status >= 100 && status <= 699 ? status : 0;
}

/** First word of a request. */
export const methodOf = (text: string): string => text.slice(0, text.indexOf(' '));

export interface TopVia extends Span {
  readonly via: Via;
}

/** The topmost Via, first item of its line. Undefined when there is none or it makes no sense. */
export function topVia(text: string): TopVia | undefined {
  const span = findHeader(text, 'via', 'v');
  if (span === undefined) return undefined;
  let { start } = span;
  while (start < span.end && text.charCodeAt(start) <= 32) start++;
  const end = firstItemEnd(text, start, span.end);
  const value = text.slice(start, end);
  const via = parseVia(value.includes('\r\n') ? value.replace(/\r\n[ \t]+/g, ' ') : value);
  return via && { start, end, via };
}

/** Method named by CSeq: what a response answers. */
export function cseqMethod(text: string): string | undefined {
  const span = findHeader(text, 'cseq');
  // A number, a method and some white space; what is longer is nonsense and not worth a look.
  if (span === undefined || span.end - span.start > 128) return undefined;
  return /^\s*\d+\s+(\S+)\s*$/.exec(text.slice(span.start, span.end))?.[1];
}

/** Brackets off, IPv4 out of its IPv6 clothes: addresses in the one form that can be compared. */
export function bareAddress(host: string): string {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  return bare.startsWith('::ffff:') && bare.includes('.') ? bare.slice(7) : bare.toLowerCase();
}

const CLAIMS: ReadonlySet<string> = new Set(['received', 'rport']);

/**
 * Completes the topmost Via of a request with where it came from.
 * RFC 3261 §18.2.1: `received` when sent-by names another host. RFC 3581 §4: `rport` filled in when asked for, `received` with it.
 * On a stream both are always given: they name the connection on which §18.2.2 sends the response.
 */
export function stampVia(text: string, top: TopVia, source: Endpoint): string {
  const { via } = top;
  const stream = source.protocol !== 'UDP';
  const wantsPort = via.rport !== undefined || stream;
  if (!wantsPort && via.received === undefined && bareAddress(via.host) === source.address) return text;
  // What the sender claims about itself in these two is worth nothing.
  let value = withoutParameters(text.slice(top.start, top.end), CLAIMS).trimEnd();
  if (wantsPort) value += `;rport=${source.port}`;
  if (wantsPort || bareAddress(via.host) !== source.address) value += `;received=${source.address}`;
  return text.slice(0, top.start) + value + text.slice(top.end);
}

/**
 * Identifies a server transaction (RFC 3261 §17.2.3): branch, sent-by and method, where ACK belongs to its INVITE.
 * Undefined for a branch without the magic cookie: matching RFC 2543 clients is left to the user agent.
 */
export function transactionKey(via: Via, method: string): string | undefined {
  if (via.branch === undefined || !via.branch.startsWith('z9hG4bK')) return undefined;
  return `${via.branch}|${via.host}:${via.port ?? ''}|${method === 'ACK' ? 'INVITE' : method}`;
}

export const defaultPort = (protocol: Protocol): number => (protocol === 'TLS' ? 5061 : 5060);

export const endpointKey = (endpoint: { readonly address: string; readonly port: number }): string =>
  `${endpoint.address}|${endpoint.port}`;
