import { parseNameAddr } from './name-addr.ts';
import { bareAddress, defaultPort, findHeader } from './scan.ts';
import type { HostPort, Protocol } from './types.ts';
import { parseUri, type SipUri } from './uri.ts';
import { firstItemEnd, type Via } from './via.ts';

/** RFC 3261 §18.2.2, in its order, over UDP: maddr, received with rport (RFC 3581 §4), sent-by. */
export function datagramAnswer(via: Via, protocol: Protocol): HostPort {
  const port = via.port ?? defaultPort(protocol);
  if (via.maddr !== undefined) return { host: via.maddr, port };
  if (via.received !== undefined) return { host: via.received, port: typeof via.rport === 'number' ? via.rport : port };
  return { host: via.host, port: via.port };
}

/** RFC 3261 §18.2.2 on a stream: the connection the request came on, which received and rport name while it is open … */
export function connectionAnswer(via: Via): { address: string; port: number } | undefined {
  if (via.received === undefined || typeof via.rport !== 'number') return undefined;
  return { address: bareAddress(via.received), port: via.rport };
}

/** … and once it is closed, a new one to the sender's own port. */
export function reconnectAnswer(via: Via, protocol: Protocol): HostPort {
  return { host: via.received ?? via.host, port: via.port ?? defaultPort(protocol) };
}

function placeOf(uri: SipUri | undefined): HostPort | undefined {
  if (uri === undefined || uri.scheme === 'tel') return undefined;
  const maddr = uri.getParam('maddr');
  // RFC 3261 §19.1.1: maddr overrides the host.
  return { host: maddr ? maddr : uri.host, port: uri.port };
}

/** The next hop of a request: topmost Route, else Request-URI (RFC 3261 §8.1.2, §12.2.1.1). Undefined for tel: and nonsense. */
export function nextHop(text: string): { readonly place: HostPort | undefined; readonly routed: boolean } {
  const route = findHeader(text, 'route');
  if (route !== undefined) {
    const end = firstItemEndOutsideBrackets(text, route.start, route.end);
    return { place: placeOf(parseNameAddr(text.slice(route.start, end))?.uri as SipUri | undefined), routed: true };
  }
  const first = text.indexOf(' ') + 1;
  return { place: placeOf(parseUri(text.slice(first, text.indexOf(' ', first)))), routed: false };
}

/** A comma may stand inside a URI's brackets. */
function firstItemEndOutsideBrackets(text: string, start: number, end: number): number {
  const close = text.indexOf('>', start);
  return firstItemEnd(text, close < 0 || close > end ? start : close, end);
}

/** RFC 3261 §12.2: a request inside a dialog has a To tag. */
export function isInDialog(text: string): boolean {
  const to = findHeader(text, 'to', 't');
  return to !== undefined && /;\s*tag\s*=/i.test(text.slice(Math.max(to.start, text.lastIndexOf('>', to.end)), to.end));
}
