import { canonicalName } from './header-names.ts';
import { parseMediaType } from './header-values.ts';
import { LIMITS } from './limits.ts';
import { parseParameters, unquote } from './parameters.ts';

export interface BodyPart {
  /** Lower case, without parameters; text/plain when the part does not say (RFC 2046 §5.1). */
  readonly type: string;
  readonly disposition: string | undefined;
  readonly content: string;
}

const BEYOND_LATIN_1 = /[^\u0000-\u00ff]/;

/**
 * Cuts a body to Content-Length, which counts bytes (RFC 3261 §20.14); undefined when the body is shorter.
 * A text in Latin-1, which the transport decodes one byte a character, is as long as its characters say.
 */
export function cutBody(body: string, length: number | undefined): string | undefined {
  if (length === undefined) return body;
  const bytes = Buffer.byteLength(body);
  if (bytes < length) return undefined;
  if (bytes === length) return body;
  if (bytes === body.length) return body.slice(0, length);
  if (length === body.length && !BEYOND_LATIN_1.test(body)) return body;
  return Buffer.from(body).toString('utf8', 0, length);
}

function partOf(text: string): BodyPart | undefined {
  const blank = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
  if (blank < 0) return undefined;
  let type = 'text/plain';
  let disposition: string | undefined;
  for (const line of text.slice(0, blank).split('\r\n', LIMITS.headers)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = canonicalName(line.slice(0, colon));
    const value = line.slice(colon + 1).trim();
    if (name === 'Content-Type') type = parseMediaType(value) ?? type;
    else if (name === 'Content-Disposition') disposition = value.split(';', 1)[0]?.trim().toLowerCase();
  }
  return { type, disposition, content: text.slice(blank + (blank === 0 ? 2 : 4)) };
}

/** The parts of a multipart body (RFC 2046 §5.1.1, RFC 5621 §3.1); empty when the boundary is missing or never appears. */
export function splitMultipart(contentType: string, body: string): BodyPart[] {
  const semicolon = contentType.indexOf(';');
  const boundary = semicolon < 0 ? undefined : parseParameters(contentType, semicolon)?.boundary;
  if (!boundary) return [];
  const delimiter = `--${unquote(boundary)}`;
  const parts: BodyPart[] = [];
  let at = body.startsWith(delimiter) ? 0 : body.indexOf(`\r\n${delimiter}`);
  if (at > 0) at += 2;
  while (at >= 0 && parts.length < LIMITS.bodyParts) {
    const lineEnd = body.indexOf('\r\n', at);
    // `--boundary--` closes the body; what follows is an epilogue to be ignored.
    if (lineEnd < 0 || body.startsWith('--', at + delimiter.length)) break;
    const next = body.indexOf(`\r\n${delimiter}`, lineEnd);
    const part = partOf(body.slice(lineEnd + 2, next < 0 ? body.length : next));
    if (part !== undefined) parts.push(part);
    at = next < 0 ? -1 : next + 2;
  }
  return parts;
}
