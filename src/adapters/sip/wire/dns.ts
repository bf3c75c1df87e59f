import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { LIMITS } from './limits.ts';
import { bareAddress, defaultPort } from './scan.ts';
import type { Endpoint, HostPort, Protocol, Resolver } from './types.ts';

/** Node gives no time to live with SRV records; a minute is what telephones' DNS usually says. */
const KEEP_MS = 60_000;

export const systemResolver: Resolver = {
  srv: (name) => dns.resolveSrv(name),
  async addresses(host) {
    const found = await dns.lookup(host, { all: true });
    return found.map((entry) => entry.address);
  },
};

/** RFC 3263 §4.2; the transport is configured, so NAPTR (§4.1) has nothing to decide. */
const serviceName = (protocol: Protocol, host: string): string =>
  protocol === 'TLS' ? `_sips._tcp.${host}` : `_sip._${protocol.toLowerCase()}.${host}`;

interface Kept {
  readonly endpoints: readonly Endpoint[];
  readonly until: number;
}

/** Turns host names into the addresses to try, in order. */
export class Locator {
  private readonly protocol: Protocol;
  private readonly resolver: Resolver;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly kept = new Map<string, Kept>();

  constructor(protocol: Protocol, resolver: Resolver, now: () => number, random: () => number = Math.random) {
    this.protocol = protocol;
    this.resolver = resolver;
    this.now = now;
    this.random = random;
  }

  /** A literal address needs no question; undefined for a name. */
  literal({ host, port }: HostPort): Endpoint | undefined {
    const address = bareAddress(host);
    if (isIP(address) === 0) return undefined;
    return { address, port: port ?? defaultPort(this.protocol), protocol: this.protocol };
  }

  /** An answer from before, however old it is allowed to be; undefined when it has to be asked. */
  known(place: HostPort): readonly Endpoint[] | undefined {
    const kept = this.kept.get(`${place.host}:${place.port ?? ''}`);
    return kept !== undefined && kept.until > this.now() ? kept.endpoints : undefined;
  }

  /** Rejects when the name cannot be resolved and never could be. */
  async find(place: HostPort): Promise<readonly Endpoint[]> {
    const literal = this.literal(place);
    if (literal !== undefined) return [literal];
    const known = this.known(place);
    if (known !== undefined) return known;
    const key = `${place.host}:${place.port ?? ''}`;
    try {
      const endpoints = await this.ask(place);
      if (this.kept.size >= LIMITS.resolvedNames) this.kept.clear();
      this.kept.set(key, { endpoints, until: this.now() + KEEP_MS });
      return endpoints;
    } catch (error) {
      // A DNS server that is down must not take the lines down: the last answer is better than none.
      const stale = this.kept.get(key);
      if (stale !== undefined) return stale.endpoints;
      throw error;
    }
  }

  private async ask({ host, port }: HostPort): Promise<readonly Endpoint[]> {
    // RFC 3263 §4.2: SRV only when there is no port.
    const records = port === undefined ? await this.resolver.srv(serviceName(this.protocol, host)).catch(() => []) : [];
    if (records.length === 0) return this.addresses(host, port ?? defaultPort(this.protocol));
    const found: Endpoint[] = [];
    for (const record of this.order(records).slice(0, 8)) {
      found.push(...(await this.addresses(record.name, record.port).catch(() => [])));
    }
    return found.length > 0 ? found : this.addresses(host, defaultPort(this.protocol));
  }

  private async addresses(host: string, port: number): Promise<readonly Endpoint[]> {
    const addresses = await this.resolver.addresses(host);
    return addresses.slice(0, 8).map((address) => ({ address: bareAddress(address), port, protocol: this.protocol }));
  }

  /** RFC 2782: by priority; among equals, drawn in proportion to their weight. */
  private order<Record extends { readonly priority: number; readonly weight: number }>(records: readonly Record[]): Record[] {
    const drawn = records.map((record) => ({ record, draw: this.random() ** (1 / Math.max(record.weight, 0.01)) }));
    drawn.sort((a, b) => a.record.priority - b.record.priority || b.draw - a.draw);
    return drawn.map(({ record }) => record);
  }
}
