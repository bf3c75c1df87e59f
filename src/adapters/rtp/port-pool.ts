import { SourceLock } from '../../media/source-lock.ts';
import type { SourcePolicy } from '../../media/source-lock.ts';
import type { Stream } from '../../media/stream.ts';
import { Timer } from '../../media/wheel.ts';
import type { TimerWheel } from '../../media/wheel.ts';
import type { PairHandlers } from './socket-pair.ts';
import { SocketPair } from './socket-pair.ts';

/** A bound pair and whose it is. The lock stays with the pair: it remembers who sent here before. */
export interface Berth {
  readonly pair: SocketPair;
  readonly lock: SourceLock;
  stream: Stream | null;
}

export interface PoolOptions {
  readonly address: string;
  readonly first: number;
  readonly last: number;
  readonly ahead: number;
  readonly quarantineMs: number;
  readonly policy: SourcePolicy;
  readonly handlers: PairHandlers;
  readonly announce: (port: number) => void;
  readonly refused: (port: number, detail: string) => void;
}

/** Binds under way at a time. */
const PARALLEL = 16;
/** A port that something else holds is tried again after this. */
const RETRY_MS = 10_000;

/**
 * Pairs of sockets bound before they are needed, and used again: opening and closing two sockets a leg would cost more
 * than the call's signalling. A closed leg's pair rests first, so that what is still under way to it is read and dropped.
 */
export class PortPool {
  readonly berths = new Map<number, Berth>();
  readonly #options: PoolOptions;
  readonly #wheel: TimerWheel;
  readonly #wake: () => void;
  readonly #unbound: number[] = [];
  /** Told once each. */
  readonly #refused = new Set<number>();
  #binding = 0;
  #free = 0;
  #closed = false;

  constructor(options: PoolOptions, wheel: TimerWheel, wake: () => void) {
    this.#options = options;
    this.#wheel = wheel;
    this.#wake = wake;
    for (let port = options.first + (options.first % 2); port + 1 <= options.last; port += 2) this.#unbound.push(port);
  }

  /** Binds the given pairs, announced earlier; a few tries each, because they may be freed only just now. */
  async restore(ports: readonly number[]): Promise<void> {
    const wanted = new Set(ports);
    const others = this.#unbound.filter((port) => !wanted.has(port));
    this.#unbound.splice(0, this.#unbound.length, ...others);
    this.#free += ports.length;
    for (let from = 0; from < ports.length; from += PARALLEL) {
      await Promise.all(ports.slice(from, from + PARALLEL).map((port) => this.#bindAgain(port)));
    }
  }

  /** Fills up to `ahead` free pairs; resolves when that is done or no port is left. */
  async refill(): Promise<void> {
    const workers: Promise<void>[] = [];
    while (this.#wanted() && this.#binding < PARALLEL) workers.push(this.#bindMany());
    await Promise.all(workers);
  }

  take(port: number): Berth | null {
    const berth = this.berths.get(port);
    if (berth === undefined || berth.stream !== null) return null;
    this.#free--;
    if (this.#wanted()) void this.refill();
    return berth;
  }

  /** The stream has ended; the pair is announced again after its quarantine. */
  release(berth: Berth, now: number): void {
    berth.stream = null;
    const rest = new Timer(() => this.#release(berth.pair.port));
    this.#wheel.schedule(rest, now + this.#options.quarantineMs);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    for (const berth of this.berths.values()) berth.pair.close();
    this.berths.clear();
  }

  #release(port: number): void {
    if (this.#closed) return;
    this.#free++;
    this.#options.announce(port);
  }

  #wanted(): boolean {
    return !this.#closed && this.#unbound.length > 0 && this.#free + this.#binding < this.#options.ahead;
  }

  async #bindMany(): Promise<void> {
    while (this.#wanted()) {
      const port = this.#unbound.shift() as number;
      this.#binding++;
      const error = await this.#bind(port);
      this.#binding--;
      if (error === null) this.#release(port);
      else this.#retryLater(port, error);
    }
  }

  #retryLater(port: number, error: NodeJS.ErrnoException): void {
    if (!this.#refused.has(port)) this.#options.refused(port, error.message);
    this.#refused.add(port);
    // No port of an address that is not this machine's will do.
    if (error.code === 'EADDRNOTAVAIL') {
      this.#unbound.length = 0;
      return;
    }
    setTimeout(() => {
      this.#unbound.push(port);
      void this.refill();
    }, RETRY_MS).unref();
  }

  async #bindAgain(port: number): Promise<void> {
    let error = await this.#bind(port);
    for (let attempt = 0; attempt < 20 && error !== null; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      error = await this.#bind(port);
    }
    if (error !== null) this.#options.refused(port, error.message);
  }

  async #bind(port: number): Promise<NodeJS.ErrnoException | null> {
    const { address, handlers, policy } = this.#options;
    try {
      const pair = await SocketPair.bind(address, port, handlers);
      if (this.#closed) pair.close();
      else this.berths.set(port, { pair, lock: new SourceLock(policy), stream: null });
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
