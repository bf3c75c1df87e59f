import { LIMITS } from './limits.ts';

export type Parameters = Record<string, string | null>;

const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

/** Index of the quotation mark that closes the string opened at `open`, or -1. RFC 3261 §25.1 `quoted-string`. */
export function closingQuote(text: string, open: number, end: number = text.length): number {
  for (let index = open + 1; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) index++;
    else if (code === QUOTE) return index;
  }
  return -1;
}

/**
 * `;name=value;flag;name="quoted; value"`. Names in lower case, a flag is null, quotation marks are kept as sip.js keeps them.
 * Undefined when a quoted string does not end or there are more than LIMITS.parameters.
 */
export function parseParameters(text: string, from = 0, end: number = text.length): Parameters | undefined {
  const found: Parameters = {};
  let count = 0;
  let start = from;
  while (start < end) {
    let equals = -1;
    let index = start;
    for (; index < end; index++) {
      const code = text.charCodeAt(index);
      if (code === SEMICOLON) break;
      if (code === EQUALS) {
        if (equals < 0) equals = index;
      } else if (code === QUOTE) {
        index = closingQuote(text, index, end);
        if (index < 0) return undefined;
      }
    }
    const name = text
      .slice(start, equals < 0 ? index : equals)
      .trim()
      .toLowerCase();
    if (name !== '') {
      if (++count > LIMITS.parameters) return undefined;
      found[name] = equals < 0 ? null : text.slice(equals + 1, index).trim();
    }
    start = index + 1;
  }
  return found;
}

/** The same text without the parameters of these names (lower case); quoted strings are not looked into. One pass. */
export function withoutParameters(text: string, names: ReadonlySet<string>): string {
  let kept = '';
  let start = 0;
  for (let index = 0; index <= text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      const close = closingQuote(text, index);
      index = close < 0 ? text.length - 1 : close;
      continue;
    }
    if (index < text.length && code !== SEMICOLON) continue;
    const piece = text.slice(start, index);
    const equals = piece.indexOf('=');
    const name = (equals < 0 ? piece.slice(1) : piece.slice(1, equals)).trim().toLowerCase();
    if (start === 0 || !names.has(name)) kept += piece;
    start = index;
  }
  return kept;
}

/** The text that a quoted string stands for; other text is returned as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== QUOTE || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}

/**
 * Splits a comma list, leaving commas inside quotation marks and angle brackets alone (RFC 3261 §7.3.1).
 * Empty items disappear. Undefined when there are more than LIMITS.listItems: found before anything is parsed.
 */
export function splitList(text: string): string[] | undefined {
  if (text.indexOf(',') < 0) return text === '' ? [] : [text];
  const items: string[] = [];
  let start = 0;
  let bracketed = false;
  const take = (end: number): boolean => {
    const item = text.slice(start, end).trim();
    if (item !== '') items.push(item);
    start = end + 1;
    return items.length <= LIMITS.listItems;
  };
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE && !bracketed) {
      index = closingQuote(text, index);
      if (index < 0) break;
    } else if (code === 60) bracketed = true;
    else if (code === 62) bracketed = false;
    else if (code === 44 && !bracketed && !take(index)) return undefined;
  }
  return take(text.length) ? items : undefined;
}
