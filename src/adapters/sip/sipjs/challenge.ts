import { splitList, unquote } from '../wire/parameters.ts';

/** Digest algorithms in order of preference (RFC 8760 §2.4: the strongest we have). */
const PREFERENCE = ['sha-512-256', 'sha-512-256-sess', 'sha-256', 'sha-256-sess', 'md5', 'md5-sess'] as const;

export type DigestAlgorithm = (typeof PREFERENCE)[number];

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  /** Written back as received. */
  readonly opaque: string | undefined;
  /** As written in the challenge, for the answer; undefined when it named none (MD5, RFC 7616 §3.3). */
  readonly algorithmWritten: string | undefined;
  readonly algorithm: DigestAlgorithm;
  readonly qop: 'auth' | 'auth-int' | undefined;
  readonly stale: boolean;
}

/** `Digest a=b, c="d"` and even several challenges in one header field, each beginning with its scheme. */
function split(values: readonly string[]): { scheme: string; parameters: Map<string, string> }[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const value of values) {
    for (const item of splitList(value) ?? []) {
      const start = /^([A-Za-z][A-Za-z0-9-]*)[ \t]+(?=[^=\s])/.exec(item);
      if (start !== null) challenges.push({ scheme: (start[1] as string).toLowerCase(), parameters: new Map() });
      const pair = start === null ? item : item.slice(start[0].length);
      const equals = pair.indexOf('=');
      if (equals > 0)
        challenges.at(-1)?.parameters.set(pair.slice(0, equals).trim().toLowerCase(), pair.slice(equals + 1).trim());
    }
  }
  return challenges;
}

function qopOf(written: string | undefined): Challenge['qop'] | null {
  if (written === undefined) return undefined;
  const offered = unquote(written)
    .split(',')
    .map((option) => option.trim().toLowerCase());
  if (offered.includes('auth')) return 'auth';
  // A quality that we do not know cannot be answered (RFC 7616 §3.3); an empty one is the same as none.
  return offered.includes('auth-int') ? 'auth-int' : offered.join('') === '' ? undefined : null;
}

function toChallenge(parameters: Map<string, string>): Challenge | undefined {
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const written = parameters.get('algorithm');
  const algorithm = unquote(written ?? 'md5').toLowerCase() as DigestAlgorithm;
  const qop = qopOf(parameters.get('qop'));
  if (realm === undefined || !nonce || qop === null || !PREFERENCE.includes(algorithm)) return undefined;
  return {
    realm: unquote(realm),
    nonce: unquote(nonce),
    opaque: parameters.get('opaque'),
    algorithmWritten: written === undefined ? undefined : unquote(written),
    algorithm,
    qop,
    stale: unquote(parameters.get('stale') ?? '').toLowerCase() === 'true',
  };
}

/**
 * The challenges to answer among all that a 401 or 407 holds: for each realm the strongest whose algorithm and quality we
 * know (RFC 8760 §2.4; several realms are several proxies, each to be answered: RFC 3261 §22.3).
 */
export function chooseChallenges(values: readonly string[]): Challenge[] {
  const byRealm = new Map<string, Challenge>();
  for (const { scheme, parameters } of split(values)) {
    const challenge = scheme === 'digest' ? toChallenge(parameters) : undefined;
    if (challenge === undefined) continue;
    const best = byRealm.get(challenge.realm);
    if (best === undefined || PREFERENCE.indexOf(challenge.algorithm) < PREFERENCE.indexOf(best.algorithm)) {
      byRealm.set(challenge.realm, challenge);
    }
  }
  return [...byRealm.values()];
}
