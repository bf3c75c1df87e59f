/**
 * SIP messages of the demonstration's IPBX and telephones, kept as header lines in their order: a proxy passes on what it does not
 * understand. The daemon's own parser is not used here on purpose: a mistake shared by both ends of a call would cancel itself out.
 */

export interface Header {
  readonly name: string;
  readonly value: string;
}

interface Parts {
  headers: readonly Header[];
  readonly body: string;
}

export interface Request extends Parts {
  readonly kind: 'request';
  readonly method: string;
  uri: string;
}

export interface Response extends Parts {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
}

export type Message = Request | Response;

/** Far above what a telephone sends, far below what would cost time to read. */
const MAX_MESSAGE_BYTES = 16_384;
const MAX_HEADERS = 100;

const FULL_NAMES: Readonly<Record<string, string>> = {
  v: 'Via',
  via: 'Via',
  f: 'From',
  from: 'From',
  t: 'To',
  to: 'To',
  i: 'Call-ID',
  'call-id': 'Call-ID',
  m: 'Contact',
  contact: 'Contact',
  l: 'Content-Length',
  'content-length': 'Content-Length',
  c: 'Content-Type',
  r: 'Refer-To',
  cseq: 'CSeq',
  route: 'Route',
  'record-route': 'Record-Route',
};

/** Headers whose comma-separated values are entries of a list (RFC 3261 §7.3.1) and are handled one by one. */
const LISTS = new Set(['Via', 'Contact', 'Route', 'Record-Route']);

const same = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

/** Cuts at `separator`, but not inside quotes or angle brackets. */
export function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '\\' && quoted) index += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '<') depth += 1;
    else if (character === '>') depth -= 1;
    else if (character === separator && depth <= 0) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

/** Reads one datagram. `null`: not a SIP message; the sender is told nothing (RFC 3261 §18.3 lets us drop it). */
export function parseMessage(datagram: Buffer): Message | null {
  if (datagram.length > MAX_MESSAGE_BYTES) return null;
  const text = datagram.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [startLine = '', ...lines] = text
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  if (lines.length > MAX_HEADERS) return null;
  const headers: Header[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return null;
    const given = line.slice(0, colon).trim();
    const name = FULL_NAMES[given.toLowerCase()] ?? given;
    const value = line.slice(colon + 1).trim();
    if (LISTS.has(name)) for (const entry of splitOutside(value, ',')) headers.push({ name, value: entry });
    else if (name !== 'Content-Length') headers.push({ name, value });
  }
  const body = text.slice(end + 4);
  const message = startOf(startLine, headers, body);
  if (message === null) return null;
  const complete = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].every((name) => first(message, name) !== null);
  return complete ? message : null;
}

function startOf(line: string, headers: readonly Header[], body: string): Message | null {
  const status = /^SIP\/2\.0 ([1-6]\d\d) ?(.*)$/.exec(line);
  if (status !== null) return { kind: 'response', status: Number(status[1]), reason: status[2] ?? '', headers, body };
  const request = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(line);
  if (request === null) return null;
  return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '', headers, body };
}

export function formatMessage(message: Message): Buffer {
  const start =
    message.kind === 'request' ? `${message.method} ${message.uri} SIP/2.0` : `SIP/2.0 ${message.status} ${message.reason}`;
  const lines = message.headers.map(({ name, value }) => `${name}: ${value}`);
  lines.push(`Content-Length: ${Buffer.byteLength(message.body)}`);
  return Buffer.from(`${start}\r\n${lines.join('\r\n')}\r\n\r\n${message.body}`);
}

/** The first value of a header, `null` without one. */
export const first = (message: Message, name: string): string | null =>
  message.headers.find((header) => same(header.name, name))?.value ?? null;

export const all = (message: Message, name: string): string[] =>
  message.headers.filter((header) => same(header.name, name)).map((header) => header.value);

/** Takes every `name` away. */
export function remove(message: Message, name: string): void {
  message.headers = message.headers.filter((header) => !same(header.name, name));
}

/** Takes the topmost `name` away. */
export function removeFirst(message: Message, name: string): void {
  const index = message.headers.findIndex((header) => same(header.name, name));
  if (index >= 0) message.headers = message.headers.toSpliced(index, 1);
}

/** Puts a header above all others: Via and Record-Route read from the top. */
export function prepend(message: Message, name: string, value: string): void {
  message.headers = [{ name, value }, ...message.headers];
}

/** Replaces every `name` by one. */
export function set(message: Message, name: string, value: string): void {
  remove(message, name);
  message.headers = [...message.headers, { name, value }];
}

/** Value of `;name=value` after an address or a Via; '' for a parameter without one, `null` when absent. */
export function parameter(value: string, name: string): string | null {
  for (const part of splitOutside(value, ';').slice(1)) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (same(key.trim(), name)) return equals < 0 ? '' : part.slice(equals + 1).trim();
  }
  return null;
}

/** The URI of a From, To, Contact, Route … value: in angle brackets, or the value without its parameters. */
export function uriOf(value: string): string {
  const bracketed = /<([^>]*)>/.exec(value);
  return (bracketed?.[1] ?? splitOutside(value, ';')[0] ?? '').trim();
}

export interface SipUri {
  /** '' when the URI has none. Escapes are undone: `%2A` is `*`. */
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** Parts of a `sip:` URI; `null` for anything else (tel:, sips:, nonsense). */
export function parseUri(uri: string): SipUri | null {
  const found = /^sip:(?:([^@;?]*)@)?([A-Za-z0-9.-]+)(?::(\d{1,5}))?(?:[;?].*)?$/i.exec(uri);
  if (found === null) return null;
  let user = found[1] ?? '';
  try {
    user = decodeURIComponent(user);
  } catch {
    return null;
  }
  return { user, host: found[2] ?? '', port: found[3] === undefined ? 5060 : Number(found[3]) };
}

/** User part of an address header, '' when there is none. */
export const userOf = (value: string | null): string => (value === null ? '' : (parseUri(uriOf(value))?.user ?? ''));

export interface Sequence {
  readonly number: number;
  readonly method: string;
}

export function sequenceOf(message: Message): Sequence {
  const [number = '0', method = ''] = (first(message, 'CSeq') ?? '').split(/\s+/);
  return { number: Number(number), method };
}

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  423: 'Interval Too Brief',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  483: 'Too Many Hops',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  603: 'Decline',
};

/** An answer with what RFC 3261 §8.2.6.2 copies from the request; `tag` is added to To where it has none. */
export function responseTo(request: Request, status: number, tag: string, extra: readonly Header[] = [], body = ''): Response {
  const headers: Header[] = all(request, 'Via').map((value) => ({ name: 'Via', value }));
  // §12.1.1: the answer that makes a dialog carries the Record-Route of its request.
  if (status > 100) for (const value of all(request, 'Record-Route')) headers.push({ name: 'Record-Route', value });
  const to = first(request, 'To') ?? '';
  headers.push(
    { name: 'From', value: first(request, 'From') ?? '' },
    { name: 'To', value: status === 100 || parameter(to, 'tag') !== null ? to : `${to};tag=${tag}` },
    { name: 'Call-ID', value: first(request, 'Call-ID') ?? '' },
    { name: 'CSeq', value: first(request, 'CSeq') ?? '' },
    ...extra,
  );
  return { kind: 'response', status, reason: REASONS[status] ?? 'Unknown', headers, body };
}

/** A copy whose headers may be changed without touching the original. */
export const copyOf = (request: Request): Request => ({ ...request });
