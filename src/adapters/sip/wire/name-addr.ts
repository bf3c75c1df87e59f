import { NameAddrHeader } from 'sip.js/lib/core/index.js';
import { closingQuote, parseParameters, unquote } from './parameters.ts';
import { parseUri } from './uri.ts';

const NO_PARAMETERS = {};

/**
 * `"Display" <uri>;parameters`, `token words <uri>` or a bare URI, whose parameters then belong to the header
 * (RFC 3261 §20.10). The display name keeps its escapes, as sip.js keeps them; `displayText` undoes them.
 */
export function parseNameAddr(written: string): NameAddrHeader | undefined {
  const text = written.trim();
  let display = '';
  let open: number;
  if (text.charCodeAt(0) === 34) {
    const close = closingQuote(text, 0);
    if (close < 0) return undefined;
    display = text.slice(1, close);
    open = text.indexOf('<', close);
    // Between the name and the bracket there is only white space.
    if (open < 0 || text.slice(close + 1, open).trim() !== '') return undefined;
  } else {
    open = text.indexOf('<');
    if (open > 0) display = text.slice(0, open).trim();
  }
  let uriText: string;
  let rest: number;
  if (open >= 0) {
    const close = text.indexOf('>', open);
    if (close < 0) return undefined;
    uriText = text.slice(open + 1, close);
    rest = close + 1;
  } else {
    const semicolon = text.indexOf(';');
    rest = semicolon < 0 ? text.length : semicolon;
    uriText = text.slice(0, rest);
  }
  const uri = parseUri(uriText.trim());
  if (uri === undefined) return undefined;
  const parameters = rest >= text.length ? {} : parseTail(text, rest);
  if (parameters === undefined) return undefined;
  const header = new NameAddrHeader(uri, display, NO_PARAMETERS);
  header.parameters = parameters;
  return header;
}

/** What follows the closing bracket: nothing, or parameters after a semicolon. */
function parseTail(text: string, from: number): Record<string, string | null> | undefined {
  const semicolon = text.indexOf(';', from);
  const end = semicolon < 0 ? text.length : semicolon;
  if (text.slice(from, end).trim() !== '') return undefined;
  return semicolon < 0 ? {} : parseParameters(text, semicolon);
}

/** The display name as it is to be read by a person; empty when there is none. */
export function displayText(header: NameAddrHeader): string {
  const name = header.displayName;
  return name.includes('\\') ? unquote(`"${name}"`) : name;
}
