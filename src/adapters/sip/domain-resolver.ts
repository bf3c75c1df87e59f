import { isIP } from 'node:net';
import { systemResolver } from './wire/dns.ts';
import type { SipLinesOptions } from './options.ts';
import type { Resolver } from './wire/types.ts';

/**
 * The names that DNS knows, and the IPBX's domain, which it rarely does: many a switch writes its domain into Contact, and
 * the Request-URIs of our own requests hold it. Whoever is at the domain is reached by the configured addresses, which
 * stand for the SRV records that RFC 3263 §4.2 asks for, in the order given.
 */
export function resolverOf({ resolver = systemResolver, domain, ipbx, protocol }: SipLinesOptions): Resolver {
  const name = domain.toLowerCase();
  // An address, or a name that is configured with its own addresses, needs no help.
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || ipbx.some(({ host }) => host.toLowerCase() === name)) return resolver;
  const service = protocol === 'TLS' ? `_sips._tcp.${name}` : `_sip._${protocol.toLowerCase()}.${name}`;
  const port = protocol === 'TLS' ? 5061 : 5060;
  const records = ipbx.map((place, priority) => ({
    name: place.host.replace(/^\[|\]$/g, ''),
    port: place.port ?? port,
    priority,
    weight: 0,
  }));
  return {
    srv: (asked) => (asked.toLowerCase() === service ? Promise.resolve(records) : resolver.srv(asked)),
    addresses: (host) => resolver.addresses(host),
  };
}
