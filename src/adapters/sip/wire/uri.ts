import { URI } from 'sip.js/lib/core/index.js';
import { type Parameters, parseParameters } from './parameters.ts';

/** Stands where a tel: URI has no host, because sip.js cannot hold a URI without one. Never written on the wire. */
const NO_HOST = 'tel.invalid';

/** Characters that may stand unescaped in a user part, passwords and dialled `#` and `*` included (RFC 3261 §25.1, leniently). */
const USER_SAFE = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/:#]*$/;
const HOST = /^(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])$/;
/** Nothing that could end the URI or the line it is written into. */
const UNSAFE = /[\s<>"\u0000-\u001f\u007f]/;

const escapeUser = (user: string): string =>
  USER_SAFE.test(user)
    ? user
    : user.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/:#]/gu, (character) => {
        // A lone surrogate, which only a damaged message holds, has no escaped form.
        if (!character.isWellFormed()) return '%EF%BF%BD';
        return encodeURIComponent(character);
      });

/**
 * sip.js's URI with three repairs: a URI that was received is written back letter for letter (a proxy may compare the
 * Request-URI with the Contact it was given), tel: URIs are written as such (RFC 3966), and a user part with a broken
 * escape does not throw.
 */
export class SipUri extends URI {
  private received: string | undefined;

  constructor(scheme: string, user: string | undefined, host: string, port?: number, parameters?: Parameters, received?: string) {
    super(scheme, user as string, host, port);
    if (parameters !== undefined) this.parameters = parameters;
    this.received = received;
  }

  override clone(): SipUri {
    const copy = new SipUri(this.scheme, this.user, this.host, this.port, { ...this.parameters }, this.received);
    copy.headers = { ...this.headers };
    return copy;
  }

  override get user(): string | undefined {
    return super.user;
  }
  override set user(value: string | undefined) {
    this.received = undefined;
    super.user = value;
  }
  override get host(): string {
    return super.host;
  }
  override set host(value: string) {
    this.received = undefined;
    super.host = value;
  }
  override get port(): number | undefined {
    return super.port;
  }
  override set port(value: number | undefined) {
    this.received = undefined;
    super.port = value;
  }
  override setParam(key: string, value: string | number | null | undefined): void {
    this.received = undefined;
    super.setParam(key, value);
  }
  override deleteParam(key: string): string | null | undefined {
    this.received = undefined;
    return super.deleteParam(key);
  }
  override clearParams(): void {
    this.received = undefined;
    super.clearParams();
  }
  override setHeader(name: string, value: string[] | string): void {
    this.received = undefined;
    super.setHeader(name, value);
  }
  override deleteHeader(name: string): string[] | undefined {
    this.received = undefined;
    return super.deleteHeader(name);
  }
  override clearHeaders(): void {
    this.received = undefined;
    super.clearHeaders();
  }

  override toRaw(): string {
    return this.toString();
  }

  override toString(): string {
    if (this.received !== undefined) return this.received;
    const { user, port } = this;
    let text = `${this.scheme}:`;
    if (user) text += escapeUser(user);
    if (this.scheme !== 'tel') {
      if (user) text += '@';
      text += port === undefined ? this.host : `${this.host}:${port}`;
    }
    for (const [name, value] of Object.entries(this.parameters)) text += value === null ? `;${name}` : `;${name}=${value}`;
    let separator = '?';
    for (const [name, values] of Object.entries(this.headers)) {
      for (const value of values) {
        text += `${separator}${name}=${value}`;
        separator = '&';
      }
    }
    return text;
  }
}

/** A SIP URI of ours. `host` may be an IPv6 address, bare or in brackets. */
export function makeUri(user: string | undefined, host: string, port?: number, parameters?: Parameters): SipUri {
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return new SipUri('sip', user, bracketed, port, parameters);
}

/** 1 to 5 digits, at most 65535; NaN for anything else. */
export function parsePort(text: string): number {
  if (text.length === 0 || text.length > 5) return Number.NaN;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value <= 65_535 ? value : Number.NaN;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port` → parts; undefined when it is none of them. Brackets are kept. */
export function parseHostPort(text: string): { host: string; port: number | undefined } | undefined {
  const closing = text.charCodeAt(0) === 91 ? text.indexOf(']') : -1;
  const colon = text.indexOf(':', closing < 0 ? 0 : closing);
  const host = colon < 0 ? text : text.slice(0, colon);
  if (!HOST.test(host)) return undefined;
  if (colon < 0) return { host, port: undefined };
  const port = parsePort(text.slice(colon + 1));
  return Number.isNaN(port) ? undefined : { host, port };
}

function decodeUser(user: string): string {
  if (user.indexOf('%') < 0) return user;
  try {
    return decodeURIComponent(user);
  } catch {
    // Escapes that are not UTF-8 (`%zz`, Latin-1): keep what was written, it is only compared and shown.
    return user;
  }
}

/** RFC 3966: the number is the user, parameters stay beside it. */
function parseTel(text: string): SipUri | undefined {
  const semicolon = text.indexOf(';');
  const number = semicolon < 0 ? text.slice(4) : text.slice(4, semicolon);
  if (number === '') return undefined;
  const parameters = semicolon < 0 ? {} : parseParameters(text, semicolon);
  if (parameters === undefined) return undefined;
  return new SipUri('tel', decodeUser(number), NO_HOST, undefined, parameters, text);
}

function parseHeaders(uri: SipUri, text: string): void {
  const headers: Record<string, string[]> = {};
  for (const pair of text.split('&', 32)) {
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    const name = pair.slice(0, equals);
    const values = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (values === undefined) headers[name] = [pair.slice(equals + 1)];
    else values.push(pair.slice(equals + 1));
  }
  uri.headers = headers;
}

/** A sip:, sips: or tel: URI; undefined for anything else. Linear in the length. RFC 3261 §19.1, RFC 3966. */
export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  if (colon < 3 || colon > 4 || UNSAFE.test(text)) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme === 'tel') return parseTel(text);
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  // `;` and `?` may stand in the user part (RFC 3261 §25.1 user-unreserved), so the @ is looked for first.
  const at = text.indexOf('@', colon + 1);
  const hostStart = at < 0 ? colon + 1 : at + 1;
  const question = text.indexOf('?', hostStart);
  const end = question < 0 ? text.length : question;
  let semicolon = text.indexOf(';', hostStart);
  if (semicolon < 0 || semicolon > end) semicolon = end;
  const place = parseHostPort(text.slice(hostStart, semicolon));
  if (place === undefined) return undefined;
  const parameters = semicolon === end ? {} : parseParameters(text, semicolon, end);
  if (parameters === undefined) return undefined;
  // sip.js compares transports in lower case.
  if (typeof parameters.transport === 'string') parameters.transport = parameters.transport.toLowerCase();
  const user = at < 0 ? undefined : decodeUser(text.slice(colon + 1, at));
  if (user === '') return undefined;
  const uri = new SipUri(scheme, user, place.host, place.port, parameters, text);
  if (question >= 0) parseHeaders(uri, text.slice(question + 1));
  return uri;
}
