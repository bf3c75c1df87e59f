import { closingQuote, parseParameters } from './parameters.ts';
import { parseHostPort, parsePort } from './uri.ts';

export interface Via {
  readonly protocol: 'SIP';
  /** Upper case: UDP, TCP, TLS, WS … */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  readonly received: string | undefined;
  /** A number once filled in, null when only asked for (RFC 3581 §3), undefined when absent. */
  readonly rport: number | null | undefined;
  readonly maddr: string | undefined;
}

const START = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9-]+)[ \t]+/i;

/** One Via value (RFC 3261 §20.42); undefined when it is not one of SIP/2.0. */
export function parseVia(text: string): Via | undefined {
  const start = START.exec(text);
  if (start === null) return undefined;
  const semicolon = text.indexOf(';', start[0].length);
  const sentBy = text.slice(start[0].length, semicolon < 0 ? text.length : semicolon);
  // White space around the colon of sent-by is allowed and seen in torture tests only.
  const place = parseHostPort(sentBy.trim()) ?? parseHostPort(sentBy.replace(/[ \t]+/g, ''));
  if (place === undefined) return undefined;
  const parameters = semicolon < 0 ? {} : parseParameters(text, semicolon);
  if (parameters === undefined) return undefined;
  const { branch, received, maddr, rport } = parameters;
  return {
    protocol: 'SIP',
    transport: (start[1] as string).toUpperCase(),
    host: place.host,
    port: place.port,
    branch: branch || undefined,
    received: received || undefined,
    rport: rport === null || rport === '' ? null : rport === undefined ? undefined : validPort(rport),
    maddr: maddr || undefined,
  };
}

function validPort(text: string): number | undefined {
  const port = parsePort(text);
  return Number.isNaN(port) ? undefined : port;
}

/** End of the first item of a Via value that may be a comma list. */
export function firstItemEnd(text: string, start: number, end: number): number {
  const comma = text.indexOf(',', start);
  if (comma < 0 || comma >= end) return end;
  const quote = text.indexOf('"', start);
  if (quote < 0 || quote > comma) return comma;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === 44) return index;
    if (code !== 34) continue;
    index = closingQuote(text, index, end);
    if (index < 0) return end;
  }
  return end;
}
