import { hash } from 'node:crypto';
import type { Challenge, DigestAlgorithm } from './challenge.ts';
import { randomToken } from './random.ts';
import type { Credentials } from './types.ts';

const HASHES: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256', 'sha-512-256': 'sha512-256' };

const nameOf = (algorithm: DigestAlgorithm): string => HASHES[algorithm.replace(/-sess$/, '')] as string;

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** What the digest is computed over. */
export interface DigestRequest {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
}

/**
 * The use of one nonce (RFC 7616 §3.4, RFC 8760): the same for all requests to the realm, so that the nonce count grows
 * and a server can tell a replay. The password is used for HA1 and not kept.
 */
export class DigestSession {
  readonly challenge: Challenge;
  readonly username: string;
  private readonly hashName: string;
  private readonly ha1: string;
  /** One for the whole session: the -sess algorithms bind HA1 to the first (RFC 7616 §3.4.2). */
  private readonly clientNonce = randomToken(12);
  private count: number;

  constructor(challenge: Challenge, { username, password }: Credentials, used = 0) {
    this.challenge = challenge;
    this.username = username;
    this.count = used;
    this.hashName = nameOf(challenge.algorithm);
    const plain = this.digest(`${username}:${challenge.realm}:${password}`);
    const bound = challenge.algorithm.endsWith('-sess');
    this.ha1 = bound ? this.digest(`${plain}:${challenge.nonce}:${this.clientNonce}`) : plain;
  }

  /** How often the nonce has been used. */
  get used(): number {
    return this.count;
  }

  private digest(text: string): string {
    return hash(this.hashName, text, 'hex');
  }

  /** The value of Authorization or Proxy-Authorization for one request. */
  authorize(request: DigestRequest): string {
    const { realm, nonce, qop, opaque, algorithmWritten } = this.challenge;
    const tail = qop === 'auth-int' ? `:${this.digest(request.body)}` : '';
    const ha2 = this.digest(`${request.method}:${request.uri}${tail}`);
    const fields = [
      `Digest username=${quote(this.username)}`,
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `uri=${quote(request.uri)}`,
    ];
    if (qop === undefined) {
      // RFC 2069, which RFC 3261 §22.4 keeps for old servers.
      fields.push(`response="${this.digest(`${this.ha1}:${nonce}:${ha2}`)}"`);
    } else {
      const count = (++this.count).toString(16).padStart(8, '0');
      const response = this.digest(`${this.ha1}:${nonce}:${count}:${this.clientNonce}:${qop}:${ha2}`);
      fields.push(`response="${response}"`, `qop=${qop}`, `cnonce="${this.clientNonce}"`, `nc=${count}`);
    }
    if (algorithmWritten !== undefined) fields.push(`algorithm=${algorithmWritten}`);
    if (opaque !== undefined) fields.push(`opaque=${opaque}`);
    return fields.join(', ');
  }
}
