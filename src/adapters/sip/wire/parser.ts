import type { NameAddrHeader } from 'sip.js/lib/core/index.js';
import { cutBody, splitMultipart } from './body.ts';
import { canonicalName, isToken } from './header-names.ts';
import { parseMediaType, parseNumber } from './header-values.ts';
import { LIMITS } from './limits.ts';
import { type HeaderEntry, SipRequest, SipResponse } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { splitList } from './parameters.ts';
import type { ParseReason, ParseResult } from './types.ts';
import { parseUri } from './uri.ts';
import { parseVia } from './via.ts';

type Message = SipRequest | SipResponse;

/** One object a reason, so that a flood of bad packets allocates nothing for them. */
const failures = new Map<ParseReason, ParseResult>();

function fail(reason: ParseReason): ParseResult {
  let failure = failures.get(reason);
  if (failure === undefined) failures.set(reason, (failure = Object.freeze({ ok: false, reason })));
  return failure;
}

const VERSION = 'SIP/2.0';

/** RFC 3261 §7.2: `SIP/2.0 180 Ringing`. The reason phrase may be empty, even its space may be missing. */
function parseStatusLine(line: string): SipResponse | ParseReason {
  const code = line.charCodeAt(11) === 32 || line.length === 11 ? parseNumber(line.slice(8, 11)) : undefined;
  if (code === undefined || code < 100 || code > 699) return 'start-line';
  const response = new SipResponse();
  response.statusCode = code;
  response.reasonPhrase = line.slice(12);
  return response;
}

/** RFC 3261 §7.1: three parts, one space between. */
function parseRequestLine(line: string): SipRequest | ParseReason {
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  if (first <= 0 || last === first) return 'start-line';
  const method = line.slice(0, first);
  if (!isToken(method)) return 'start-line';
  const version = line.slice(last + 1);
  if (version !== VERSION && version.toUpperCase() !== VERSION)
    return /^SIP\/\d+\.\d+$/i.test(version) ? 'version' : 'start-line';
  const uri = parseUri(line.slice(first + 1, last));
  if (uri === undefined) return 'request-uri';
  const request = new SipRequest();
  request.method = method;
  request.ruri = uri;
  return request;
}

/** Adds the items of a comma list under one name; `parse` says what each must be. */
function addList(
  message: Message,
  name: string,
  value: string,
  reason: ParseReason,
  parse: (item: string) => NameAddrHeader | undefined,
): ParseReason | undefined {
  const items = splitList(value);
  const entries: HeaderEntry[] = message.headers[name] ?? [];
  if (items === undefined || entries.length + items.length > LIMITS.listItems) return 'too-many-items';
  for (const raw of items) {
    // RFC 3261 §10.2.2: `Contact: *` asks for the removal of all bindings.
    if (raw === '*' && name === 'Contact') {
      entries.push({ raw });
      continue;
    }
    const parsed = parse(raw);
    if (parsed === undefined) return reason;
    entries.push({ raw, parsed });
  }
  message.headers[name] = entries;
  return undefined;
}

function addVia(message: Message, value: string): ParseReason | undefined {
  const items = splitList(value);
  if (items === undefined) return 'too-many-items';
  const entries: HeaderEntry[] = message.headers.Via ?? [];
  if (entries.length + items.length > LIMITS.listItems) return 'too-many-items';
  for (const raw of items) {
    // Only the topmost Via concerns us; the others are copied into responses as they are.
    if (entries.length > 0) {
      entries.push({ raw });
      continue;
    }
    const parsed = parseVia(raw);
    if (parsed === undefined) return 'via';
    entries.push({ raw, parsed });
    message.via = parsed as typeof message.via;
    message.viaBranch = parsed.branch as string;
  }
  message.headers.Via = entries;
  return undefined;
}

function addParty(message: Message, name: 'From' | 'To', value: string): ParseReason | undefined {
  if (message.headers[name] !== undefined) return 'duplicate';
  const parsed = parseNameAddr(value);
  if (parsed === undefined) return name === 'From' ? 'from' : 'to';
  message.headers[name] = [{ raw: value, parsed }];
  const tag = parsed.parameters.tag as string;
  if (name === 'From') {
    message.from = parsed;
    message.fromTag = tag;
  } else {
    message.to = parsed;
    message.toTag = tag;
  }
  return undefined;
}

/** RFC 3261 §20.16: a number below 2^31 and the method, which in a request repeats the start line's (§8.1.1.5). */
function addCSeq(message: Message, value: string): ParseReason | undefined {
  if (message.headers.CSeq !== undefined) return 'duplicate';
  const match = /^(\d{1,10})[ \t]+(\S+)$/.exec(value);
  const sequence = match === null ? Number.NaN : Number(match[1]);
  if (match === null || sequence >= 2_147_483_648) return 'cseq';
  const method = match[2] as string;
  if (message instanceof SipResponse) {
    if (!isToken(method)) return 'cseq';
    message.method = method;
  } else if (method !== message.method) return 'cseq-method';
  message.headers.CSeq = [{ raw: value, parsed: { value: sequence, method } }];
  message.cseq = sequence;
  return undefined;
}

/** Two lengths that differ would let a sender hide a second message from one of two readers. */
function addContentLength(message: Message, value: string): ParseReason | undefined {
  const parsed = parseNumber(value);
  if (parsed === undefined) return 'content-length';
  const known = message.headers['Content-Length']?.[0];
  if (known !== undefined && known.parsed !== parsed) return 'content-length';
  message.headers['Content-Length'] = [{ raw: value, parsed }];
  return undefined;
}

function addHeader(message: Message, name: string, value: string): ParseReason | undefined {
  switch (name) {
    case 'Via':
      return addVia(message, value);
    case 'From':
    case 'To':
      return addParty(message, name, value);
    case 'Contact':
      return addList(message, name, value, 'contact', parseNameAddr);
    case 'Route':
    case 'Record-Route':
      return addList(message, name, value, 'route', parseNameAddr);
    case 'CSeq':
      return addCSeq(message, value);
    case 'Content-Length':
      return addContentLength(message, value);
    case 'Call-ID':
      if (message.headers['Call-ID'] !== undefined) return 'duplicate';
      if (value === '' || /\s/.test(value)) return 'call-id';
      message.headers['Call-ID'] = [{ raw: value, parsed: value }];
      message.callId = value;
      return undefined;
    case 'Content-Type':
      message.headers['Content-Type'] = [{ raw: value, parsed: parseMediaType(value) }];
      return undefined;
    case 'Refer-To': {
      const parsed = parseNameAddr(value);
      if (parsed === undefined) return 'refer-to';
      message.headers['Refer-To'] = [{ raw: value, parsed }];
      // sip.js declares a string and stores what its grammar yields, which is this.
      message.referTo = parsed as unknown as string;
      return undefined;
    }
    default: {
      const entries = message.headers[name];
      if (entries === undefined) message.headers[name] = [{ raw: value }];
      else entries.push({ raw: value });
      return undefined;
    }
  }
}

/** Reads header lines from `start`; the index of the body, or a reason. */
function parseHeaders(message: Message, text: string, start: number): number | ParseReason {
  let index = start;
  for (let count = 0; ; count++) {
    let end = text.indexOf('\r\n', index);
    if (end < 0) return 'headers-unfinished';
    if (end === index) return index + 2;
    if (count === LIMITS.headers) return 'too-many-headers';
    let folded = false;
    // RFC 3261 §7.3.1: a line that begins with white space continues the one before.
    for (let next = text.charCodeAt(end + 2); next === 32 || next === 9; next = text.charCodeAt(end + 2)) {
      folded = true;
      end = text.indexOf('\r\n', end + 2);
      if (end < 0) return 'headers-unfinished';
    }
    const colon = text.indexOf(':', index);
    if (colon <= index || colon > end) return 'header-syntax';
    const name = canonicalName(text.slice(index, colon));
    let value = text.slice(colon + 1, end).trim();
    if (folded) value = value.replace(/\r\n[ \t]+/g, ' ');
    const reason = isToken(name) ? addHeader(message, name, value) : 'header-syntax';
    if (reason !== undefined) return reason;
    index = end + 2;
  }
}

/** RFC 3261 §8.1.1: From, To, CSeq, Call-ID, Via (Max-Forwards is forgiven, as RFC 2543 had none). */
function isComplete(message: Message): boolean {
  const { headers } = message;
  return (
    headers.Via !== undefined &&
    headers.From !== undefined &&
    headers.To !== undefined &&
    headers['Call-ID'] !== undefined &&
    headers.CSeq !== undefined
  );
}

/**
 * sip.js knows only whole bodies: of a multipart one it gets the session description, the rest stays in `parts`.
 * A body without Content-Type is none (RFC 3261 §20.15 demands it), otherwise sip.js throws and leaves a dialog behind.
 */
function setBody(message: Message, body: string): void {
  const written = message.headers['Content-Type']?.[0];
  const type = written?.parsed as string | undefined;
  message.body = type === undefined ? '' : body;
  if (written === undefined || body === '' || type?.startsWith('multipart/') !== true) return;
  message.parts = splitMultipart(written.raw, body);
  const session = message.parts.find((part) => part.type === 'application/sdp');
  if (session === undefined) return;
  message.body = session.content;
  message.headers['Content-Type'] = [{ raw: session.type, parsed: session.type }];
  if (session.disposition === undefined) delete message.headers['Content-Disposition'];
  else message.setHeader('Content-Disposition', session.disposition);
}

/**
 * Reads one whole SIP message. Total: never throws, linear in the length, bounded by LIMITS.
 * The result is sip.js's own kind of message, so that its core takes it without its 1.2 ms PEG parser.
 */
export function parseMessage(text: string): ParseResult {
  if (text.length > LIMITS.messageBytes) return fail('too-large');
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd <= 0) return fail('start-line');
  const line = text.slice(0, lineEnd);
  const message = line.startsWith('SIP/2.0 ') ? parseStatusLine(line) : parseRequestLine(line);
  if (typeof message === 'string') return fail(message);
  message.data = text;
  const bodyStart = parseHeaders(message, text, lineEnd + 2);
  if (typeof bodyStart === 'string') return fail(bodyStart);
  if (!isComplete(message)) return fail('missing');
  const body = cutBody(text.slice(bodyStart), message.headers['Content-Length']?.[0]?.parsed as number | undefined);
  if (body === undefined) return fail('body-short');
  setBody(message, body);
  return { ok: true, message };
}
