import { IncomingRequestMessage, IncomingResponseMessage } from 'sip.js/lib/core/index.js';
import type { BodyPart } from './body.ts';
import { parseStructured } from './header-values.ts';
import type { Endpoint } from './types.ts';
import { canonicalName } from './header-names.ts';

export interface HeaderEntry {
  parsed?: unknown;
  raw: string;
}

type Headers = Record<string, HeaderEntry[]>;

/**
 * The four look-ups of sip.js's messages, with header names cached and values read by our own parsers: sip.js runs its
 * PEG grammar (1 ms and more) on the first look-up of each value, and normalises the name at every one.
 */
function lookUp(headers: Headers, name: string): HeaderEntry[] | undefined {
  return headers[canonicalName(name)];
}

function parsedValue(headers: Headers, name: string, index: number): unknown {
  const canonical = canonicalName(name);
  const entry = headers[canonical]?.[index];
  if (entry === undefined) return undefined;
  if (entry.parsed === undefined) entry.parsed = parseStructured(canonical, entry.raw);
  return entry.parsed;
}

function append(headers: Headers, name: string, raw: string): void {
  const canonical = canonicalName(name);
  const entries = headers[canonical];
  if (entries === undefined) headers[canonical] = [{ raw }];
  else entries.push({ raw });
}

/** A request that is sip.js's own to `instanceof`, filled by our parser. */
export class SipRequest extends IncomingRequestMessage {
  /** Present when the body came as multipart/…: every part, the session description included. */
  parts: readonly BodyPart[] | undefined = undefined;
  /** Where it came from, noted by who received it. */
  source: Endpoint | undefined = undefined;

  constructor() {
    super();
    // Without a prototype no header name can collide with `constructor` or `__proto__`.
    this.headers = Object.create(null) as Headers;
  }

  override addHeader(name: string, value: string): void {
    append(this.headers, name, value);
  }
  override getHeader(name: string): string | undefined {
    return lookUp(this.headers, name)?.[0]?.raw;
  }
  override getHeaders(name: string): string[] {
    return lookUp(this.headers, name)?.map((entry) => entry.raw) ?? [];
  }
  override hasHeader(name: string): boolean {
    return lookUp(this.headers, name) !== undefined;
  }
  override parseHeader(name: string, index = 0): unknown {
    return parsedValue(this.headers, name, index);
  }
  override setHeader(name: string, value: string): void {
    this.headers[canonicalName(name)] = [{ raw: value }];
  }
}

/** A response that is sip.js's own to `instanceof`, filled by our parser. */
export class SipResponse extends IncomingResponseMessage {
  parts: readonly BodyPart[] | undefined = undefined;

  constructor() {
    super();
    this.headers = Object.create(null) as Headers;
  }

  override addHeader(name: string, value: string): void {
    append(this.headers, name, value);
  }
  override getHeader(name: string): string | undefined {
    return lookUp(this.headers, name)?.[0]?.raw;
  }
  override getHeaders(name: string): string[] {
    return lookUp(this.headers, name)?.map((entry) => entry.raw) ?? [];
  }
  override hasHeader(name: string): boolean {
    return lookUp(this.headers, name) !== undefined;
  }
  override parseHeader(name: string, index = 0): unknown {
    return parsedValue(this.headers, name, index);
  }
  override setHeader(name: string, value: string): void {
    this.headers[canonicalName(name)] = [{ raw: value }];
  }
}
