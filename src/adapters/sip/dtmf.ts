const KEYS = '0123456789*#ABCD';

/** A key as the peer wrote it; 10 and 11 are how some telephones number star and hash. */
function keyOf(text: string): string | null {
  const key = text.trim().toUpperCase();
  if (key === '10') return '*';
  if (key === '11') return '#';
  return key.length === 1 && KEYS.includes(key) ? key : null;
}

/**
 * The key in a SIP INFO: `Signal=5` of application/dtmf-relay, or the bare key of application/dtmf. Neither was ever
 * standardised (RFC 6086 Appendix A lists them as legacy use). null when there is none.
 */
export function keysOf(contentType: string, body: string): string | null {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/dtmf') return keyOf(body.slice(0, 16));
  if (type !== 'application/dtmf-relay') return null;
  for (const line of body.split('\n', 8)) {
    const equals = line.indexOf('=');
    if (equals > 0 && line.slice(0, equals).trim().toLowerCase() === 'signal') return keyOf(line.slice(equals + 1));
  }
  return null;
}
