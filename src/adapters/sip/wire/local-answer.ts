import { randomBytes } from 'node:crypto';
import { canonicalName } from './header-names.ts';
import { LIMITS } from './limits.ts';
import type { ParseReason } from './types.ts';

/** RFC 3261 §8.2.6.2: what every response copies from its request. */
const COPIED = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq']);
/** RFC 3261 §8.2.7: a stateless answer to a repeated request bears the same tag. */
const TAG = randomBytes(6).toString('hex');

/**
 * A response to a request of which only lines are known: our own that got no answer, or one that does not parse.
 * Undefined when the request lacks a header that a response must repeat.
 */
function answerText(request: string, status: number, phrase: string): string | undefined {
  const end = request.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  // Folded lines are joined first; everything else is copied as it stands.
  const lines = request
    .slice(request.indexOf('\r\n') + 2, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n', LIMITS.headers);
  const copied: string[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? '' : canonicalName(line.slice(0, colon));
    if (!COPIED.has(name) || (name !== 'Via' && seen.has(name))) continue;
    seen.add(name);
    const value = line.slice(colon + 1).trim();
    copied.push(name === 'To' && !/;\s*tag\s*=/i.test(value) ? `To: ${value};tag=${TAG}` : `${name}: ${value}`);
  }
  if (seen.size < COPIED.size) return undefined;
  return `SIP/2.0 ${status} ${phrase}\r\n${copied.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;
}

/** How a request that cannot be used is answered; undefined when silence is the answer (ACK, responses, no way to tell whom). */
export function malformedAnswer(text: string, reason: ParseReason): string | undefined {
  if (text.startsWith('SIP/') || text.startsWith('ACK ')) return undefined;
  switch (reason) {
    case 'version':
      return answerText(text, 505, 'Version Not Supported');
    case 'too-large':
      return answerText(text, 513, 'Message Too Large');
    case 'request-uri':
      // RFC 3261 §8.2.2.1: a scheme that we do not know is not the same as a URI that makes no sense.
      return /^\S+ (?!sips?:|tel:)[a-z][a-z0-9+.-]*:\S/i.test(text)
        ? answerText(text, 416, 'Unsupported URI Scheme')
        : answerText(text, 400, 'Bad Request-URI');
    default:
      return answerText(text, 400, 'Bad Request');
  }
}
