import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { splitOutside } from './message.ts';

/** Digest with MD5 and qop=auth (RFC 3261 §22, RFC 2617): what every IPBX of the field still speaks. */

const NONCE_LIFE_MS = 300_000;

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

function equal(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}

/** Fields of a `Digest name=value, name="value"` header; `null` for another scheme. */
function digestFields(header: string | null): ReadonlyMap<string, string> | null {
  const found = /^Digest\s+(.*)$/i.exec(header ?? '');
  if (found === null) return null;
  const fields = new Map<string, string>();
  for (const part of splitOutside(found[1] ?? '', ',')) {
    const equals = part.indexOf('=');
    if (equals > 0)
      fields.set(
        part.slice(0, equals).trim().toLowerCase(),
        part
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      );
  }
  return fields;
}

interface Secret {
  readonly user: string;
  readonly realm: string;
  readonly password: string;
}

function digestOf(secret: Secret, method: string, fields: ReadonlyMap<string, string>): string {
  const first = md5(`${secret.user}:${secret.realm}:${secret.password}`);
  const second = md5(`${method}:${fields.get('uri') ?? ''}`);
  const nonce = fields.get('nonce') ?? '';
  if (fields.get('qop') === undefined) return md5(`${first}:${nonce}:${second}`);
  return md5(`${first}:${nonce}:${fields.get('nc') ?? ''}:${fields.get('cnonce') ?? ''}:${fields.get('qop') ?? ''}:${second}`);
}

/** Nonces carry their own time, signed, so that none has to be remembered. */
export class Challenger {
  readonly #realm: string;
  readonly #key = randomBytes(32);

  constructor(realm: string) {
    this.#realm = realm;
  }

  /** Value for WWW-Authenticate or Proxy-Authenticate. `stale`: the digest was right, only its nonce too old. */
  challenge(now: number, stale = false): string {
    const time = Math.floor(now).toString(36);
    const nonce = `${time}.${this.#sign(time)}`;
    return `Digest realm="${this.#realm}", nonce="${nonce}", algorithm=MD5, qop="auth"${stale ? ', stale=true' : ''}`;
  }

  /** Whether `header` proves knowledge of the password for this method. `absent`: nothing to judge, challenge. */
  verify(header: string | null, method: string, passwordOf: (user: string) => string | null, now: number): Verdict {
    const fields = digestFields(header);
    if (fields === null || fields.get('realm') !== this.#realm) return { outcome: 'absent', user: '' };
    const user = fields.get('username') ?? '';
    const password = passwordOf(user);
    if (password === null) return { outcome: 'wrong', user };
    const expected = digestOf({ user, realm: this.#realm, password }, method, fields);
    if (!equal(expected, fields.get('response') ?? '')) return { outcome: 'wrong', user };
    const [time = '', signature = ''] = (fields.get('nonce') ?? '').split('.');
    if (!equal(this.#sign(time), signature)) return { outcome: 'stale', user };
    return { outcome: now - Number.parseInt(time, 36) > NONCE_LIFE_MS ? 'stale' : 'right', user };
  }

  #sign(time: string): string {
    return createHmac('sha256', this.#key).update(time).digest('hex').slice(0, 24);
  }
}

export interface Verdict {
  readonly outcome: 'absent' | 'wrong' | 'stale' | 'right';
  readonly user: string;
}

/** Value for Authorization or Proxy-Authorization that answers `challenge`; `null` when it is not one we can answer. */
export function answerChallenge(
  challenge: string | null,
  account: { readonly user: string; readonly password: string },
  method: string,
  uri: string,
): string | null {
  const asked = digestFields(challenge);
  const realm = asked?.get('realm');
  const nonce = asked?.get('nonce');
  if (asked === null || realm === undefined || nonce === undefined) return null;
  const fields = new Map([
    ['uri', uri],
    ['nonce', nonce],
  ]);
  // A challenge is answered once, so that the count of its nonce is always 1.
  if (asked.has('qop')) fields.set('qop', 'auth').set('nc', '00000001').set('cnonce', randomBytes(8).toString('hex'));
  const response = digestOf({ ...account, realm }, method, fields);
  const counted = asked.has('qop') ? `, qop=auth, nc=${fields.get('nc')}, cnonce="${fields.get('cnonce')}"` : '';
  return `Digest username="${account.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5${counted}`;
}
