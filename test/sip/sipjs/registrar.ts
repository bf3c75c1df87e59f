import { createHash } from 'node:crypto';
import { header, response } from './support.ts';

export interface RegistrarOptions {
  readonly algorithm?: string;
  readonly qop?: string | null;
  readonly status?: 401 | 407;
  readonly password?: string;
  /** Headers beside the challenge of `algorithm`, before it. */
  readonly before?: readonly string[];
}

/** A server that checks digests by itself, from the RFC's formulas, and refuses a nonce count that it has seen. */
export class DigestServer {
  nonce = 'nonce-1';
  private readonly options: RegistrarOptions;
  private readonly seen = new Set<string>();
  /** Nonces that were good once. */
  private readonly old = new Set<string>();
  challenges = 0;

  constructor(options: RegistrarOptions = {}) {
    this.options = options;
  }

  renew(): void {
    this.old.add(this.nonce);
    this.nonce = `nonce-${this.old.size + 1}`;
  }

  private get names(): [challenge: string, answer: string] {
    return this.options.status === 407 ? ['Proxy-Authenticate', 'Proxy-Authorization'] : ['WWW-Authenticate', 'Authorization'];
  }

  /** 200, or the challenge. */
  answer(request: string | undefined): string {
    const [, name] = this.names;
    const value = header(request, name);
    const verdict =
      value === ''
        ? 'none'
        : this.verify(value, (request as string).split(' ', 1)[0] as string, (request as string).split(' ')[1] as string);
    if (verdict === 'good') return response(request, 200, { body: request?.startsWith('INVITE') ? 'v=0\r\n' : '' });
    this.challenges++;
    const { algorithm, qop = 'auth', before = [], status = 401 } = this.options;
    const parts = [`Digest realm="r"`, `nonce="${this.nonce}"`];
    if (qop !== null) parts.push(`qop="${qop}"`);
    if (algorithm !== undefined) parts.push(`algorithm=${algorithm}`);
    if (verdict === 'stale') parts.push('stale=true');
    return response(request, status, { headers: [...before, `${this.names[0]}: ${parts.join(', ')}`] });
  }

  private verify(value: string, method: string, uri: string): 'good' | 'stale' | 'bad' {
    const field = (name: string): string => new RegExp(`(?:^|[ ,])${name}="?([^",]*)`).exec(value)?.[1] ?? '';
    const algorithm = field('algorithm') || 'MD5';
    const hash = (text: string): string =>
      createHash(algorithm.startsWith('SHA-256') ? 'sha256' : 'md5')
        .update(text)
        .digest('hex');
    let ha1 = hash(`${field('username')}:r:${this.options.password ?? 'secret'}`);
    if (algorithm.endsWith('-sess')) ha1 = hash(`${ha1}:${field('nonce')}:${field('cnonce')}`);
    const ha2 = hash(`${method}:${uri}`);
    const quality = field('qop') === '' ? '' : `${field('nc')}:${field('cnonce')}:${field('qop')}:`;
    if (field('response') !== hash(`${ha1}:${field('nonce')}:${quality}${ha2}`) || field('uri') !== uri) return 'bad';
    if (this.old.has(field('nonce'))) return 'stale';
    if (field('nonce') !== this.nonce) return 'bad';
    const use = `${this.nonce} ${field('nc')}`;
    if (quality !== '' && this.seen.has(use)) return 'stale';
    this.seen.add(use);
    return 'good';
  }
}
