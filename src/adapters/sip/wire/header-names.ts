/** RFC 3261 §7.3.3 and §20, and the compact forms that later documents registered with IANA. */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Names that sip.js does not write with one capital a word. */
const IRREGULAR: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'min-se': 'Min-SE',
  rack: 'RAck',
  rseq: 'RSeq',
  'www-authenticate': 'WWW-Authenticate',
};

/** Names arrive in a handful of spellings; the bound only matters to somebody who invents them. */
const CACHE_LIMIT = 1_000;
const cache = new Map<string, string>();

function compute(written: string): string {
  const lower = written.trim().toLowerCase();
  const full = Object.hasOwn(COMPACT, lower) ? (COMPACT[lower] as string) : lower;
  if (Object.hasOwn(IRREGULAR, full)) return IRREGULAR[full] as string;
  return full
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('-');
}

/** The one spelling under which sip.js files a header field: compact forms are expanded, case is regular. */
export function canonicalName(written: string): string {
  const known = cache.get(written);
  if (known !== undefined) return known;
  const name = compute(written);
  if (cache.size < CACHE_LIMIT && written.length <= 40) cache.set(written, name);
  return name;
}

/** RFC 3261 §25.1 `token`. */
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

export const isToken = (text: string): boolean => TOKEN.test(text);
