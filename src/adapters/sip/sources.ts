import { isIP } from 'node:net';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { systemResolver } from './wire/dns.ts';
import type { Settings } from './settings.ts';
import type { TargetStatus } from './wire/types.ts';

const RESOLVE_AGAIN_MS = 60_000;
const plain = (address: string): string => (address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address);

/**
 * The addresses that get an answer: the configured IPBX, and nobody else (scanners and toll fraud look for any answer at
 * all). Names are looked up here and again each minute; what SRV found is known to the wire as targets.
 */
export class Sources {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #log: Log;
  #addresses = new Set<string>();
  #targets: () => readonly TargetStatus[] = () => [];
  #cancel: (() => void) | null = null;

  constructor(settings: Settings, clock: Clock, log: Log) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    for (const { host } of settings.ipbx) if (isIP(bare(host)) !== 0) this.#addresses.add(bare(host));
  }

  allows(address: string): boolean {
    const source = plain(address);
    return this.#addresses.has(source) || this.#targets().some((target) => bare(target.endpoint.address) === source);
  }

  async start(targets: () => readonly TargetStatus[]): Promise<void> {
    this.#targets = targets;
    const names = this.#settings.ipbx.map(({ host }) => host).filter((host) => isIP(bare(host)) === 0);
    if (names.length === 0) return;
    const resolver = this.#settings.resolver ?? systemResolver;
    for (const name of names) {
      try {
        for (const address of await resolver.addresses(name)) this.#addresses.add(plain(address));
      } catch (error) {
        this.#log.log('warn', 'The name of the IPBX could not be looked up', { name, error: String(error) });
      }
    }
    // A site has two switches: more addresses than this have been handed out by a name server gone wrong.
    if (this.#addresses.size > 64) this.#addresses = new Set([...this.#addresses].slice(-64));
    this.#cancel = this.#clock.after(RESOLVE_AGAIN_MS, () => void this.start(targets));
  }

  stop(): void {
    this.#cancel?.();
  }
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');
