import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { MediaEffect } from '../../core/kernel/effects.ts';
import type { MediaEvent } from '../../core/kernel/events.ts';
import type { LegId } from '../../core/kernel/ids.ts';
import type { Duration } from '../../core/kernel/time.ts';
import type { StreamQuality } from '../../media/stream.ts';
import type { Log } from '../../ports/log.ts';
import type { Media, MediaAddress, RemoteStream } from '../../ports/media.ts';
import type { WorkerOrder, WorkerReport, WorkerSettings } from './protocol.ts';

export interface MediaOptions {
  /** Local address of the sockets. */
  readonly address: string;
  /** Address told to far ends, where it differs from the sockets' (NAT). Needed with sockets on 0.0.0.0 and several networks. */
  readonly advertised?: string | undefined;
  /** RTP on even ports, RTCP on the next: a leg takes two. */
  readonly ports: { readonly first: number; readonly last: number };
  /** The site's own prompts; those shipped are looked for after them. */
  readonly prompts?: string | undefined;
  /** Also hear keys in the sound, where a far end announced no telephone events (analogue gateways). Default: no. */
  readonly inbandDtmf?: boolean | undefined;
  /** Learn far ends' sources from any address, not only that of their SDP. Default: no. */
  readonly anySource?: boolean | undefined;
  /** Addresses that may send whatever the SDP says: the IPBX's. */
  readonly trustedSources?: readonly string[] | undefined;
  /** Pairs of sockets bound ahead of need. Default 128: a second at 60 calls a second, and the pool refills in milliseconds. */
  readonly ahead?: number | undefined;
  /** Rest of a port between two legs. Default 500 ms: what is under way on a network arrives well within. */
  readonly quarantineMs?: Duration | undefined;
  /** Memory for prompts. Default 64 MiB: an hour of sound. */
  readonly cacheBytes?: number | undefined;
}

export interface MediaDependencies {
  readonly log: Log;
  /** How the worker thread is started; tests keep hold of it, to end it. */
  readonly startWorker?: (settings: WorkerSettings) => Worker;
  /** Between two looks at the worker's progress. Default 1 s. */
  readonly lookMs?: Duration | undefined;
}

export interface MediaStatus {
  readonly streams: number;
  readonly portsFree: number;
  readonly bridges: number;
  /** Times the worker thread had to be started again. */
  readonly restarts: number;
  /** Over all streams that have ended. */
  readonly totals: Omit<StreamQuality, 'jitterMs'>;
}

export interface RtpMedia extends Media {
  status(): MediaStatus;
}

/** What a leg hears, as last ordered. Kept here so that a new worker can be told all of it. */
type Activity =
  | { readonly kind: 'idle' | 'quiet' }
  | { readonly kind: 'play'; readonly order: Extract<MediaEffect, { type: 'media.play' }> }
  | { readonly kind: 'bridge'; readonly peer: LegStream };

interface LegStream {
  readonly id: number;
  readonly leg: LegId;
  readonly port: number;
  remote: RemoteStream | null;
  activity: Activity;
}

const SHIPPED_PROMPTS = fileURLToPath(new URL('../../../config/prompts', import.meta.url));
const DEFAULTS = { ahead: 128, quarantineMs: 500, cacheBytes: 64 * 1024 * 1024 };
/** A worker that dies at once, again and again, must not take the whole processor. */
const RESTART_DELAYS: readonly Duration[] = [0, 100, 500, 1_000, 2_000];
/** A worker that lived this long was not in such a row. */
const STEADY_MS = 60_000;
const STOP_MS = 2_000;
const LOOK_MS = 1_000;
/** Looks in a row without progress after which a worker hangs. A process that was frozen as a whole looks once on waking. */
const HANGING_LOOKS = 4;

const startThread = (settings: WorkerSettings): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { workerData: settings, name: 'media', execArgv: [] });

/**
 * What far ends are told: 0.0.0.0 in an SDP would mean hold (RFC 3264 §8.4), so sockets on all addresses go by the first
 * that leads out of the machine, or by loopback where there is none.
 */
const addressTold = ({ address, advertised }: MediaOptions): string => {
  if (advertised !== undefined) return advertised;
  if (address !== '0.0.0.0' && address !== '::') return address;
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
};

/** The data plane: a worker thread, and here what the other end of the thread's port needs to know. */
export function createMedia(options: MediaOptions, dependencies: MediaDependencies): RtpMedia {
  return new MediaProxy(options, dependencies);
}

class MediaProxy implements RtpMedia {
  readonly #options: MediaOptions;
  readonly #address: string;
  readonly #log: Log;
  readonly #startWorker: (settings: WorkerSettings) => Worker;
  readonly #lookMs: Duration;
  readonly #streams = new Map<LegId, LegStream>();
  readonly #byId = new Map<number, LegStream>();
  /** Bound and free, the longest free first: the rest of a port is as long as the range allows. */
  #free: number[] = [];
  /** In use, free or resting: what a new worker must bind. */
  readonly #bound = new Set<number>();
  #emit: (event: MediaEvent) => void = () => undefined;
  #worker: Worker | null = null;
  #ready = false;
  #stopped = false;
  #queue: WorkerOrder[] = [];
  #flushing = false;
  #lastId = 0;
  #silenceLimit: Duration = 0;
  #startedAt = 0;
  #deathsInARow = 0;
  #restarts = 0;
  #lastRefusal: string | null = null;
  readonly #totals = { received: 0, sent: 0, lost: 0, foreign: 0, malformed: 0 };
  #started: { resolve: () => void; reject: (error: unknown) => void } | null = null;

  constructor(options: MediaOptions, dependencies: MediaDependencies) {
    this.#options = options;
    this.#address = addressTold(options);
    this.#log = dependencies.log;
    this.#startWorker = dependencies.startWorker ?? startThread;
    this.#lookMs = dependencies.lookMs ?? LOOK_MS;
  }

  start(emit: (event: MediaEvent) => void): Promise<void> {
    this.#emit = emit;
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#launch();
    });
  }

  open(leg: LegId): MediaAddress {
    const address = this.#address;
    const known = this.#streams.get(leg);
    if (known !== undefined) return { address, port: known.port };
    const port = this.#free.shift();
    if (port === undefined) throw new BasculeError('MED_PORTS', { ...this.#options.ports });
    const stream: LegStream = { id: ++this.#lastId, leg, port, remote: null, activity: { kind: 'idle' } };
    this.#streams.set(leg, stream);
    this.#byId.set(stream.id, stream);
    this.#order({ t: 'open', id: stream.id, port });
    return { address, port };
  }

  connect(leg: LegId, remote: RemoteStream): void {
    const stream = this.#streams.get(leg);
    if (stream === undefined) return;
    stream.remote = remote;
    this.#order({ t: 'connect', id: stream.id, remote });
  }

  close(leg: LegId): void {
    const stream = this.#streams.get(leg);
    if (stream === undefined) return;
    this.#leaveBridge(stream);
    this.#streams.delete(leg);
    this.#byId.delete(stream.id);
    // A worker that is being replaced never knew the stream, and will announce nothing: its port is free here.
    if (this.#ready) this.#order({ t: 'close', id: stream.id });
    else this.#free.push(stream.port);
  }

  perform(effect: MediaEffect): void {
    if (effect.type === 'media.bridge') return this.#bridge(effect.first, effect.second);
    const stream = this.#streams.get(effect.leg);
    if (stream === undefined) return;
    this.#leaveBridge(stream);
    stream.activity = effect.type === 'media.play' ? { kind: 'play', order: effect } : { kind: 'quiet' };
    this.#order(activityOrder(stream));
  }

  setSilenceLimit(limit: Duration): void {
    this.#silenceLimit = limit;
    this.#order({ t: 'silence', limitMs: limit });
  }

  status(): MediaStatus {
    let bridged = 0;
    for (const stream of this.#streams.values()) if (stream.activity.kind === 'bridge') bridged++;
    const { first, last } = this.#options.ports;
    const pairs = Math.floor((last + 1 - (first + (first % 2))) / 2);
    const resting = this.#bound.size - this.#free.length - this.#streams.size;
    return {
      streams: this.#streams.size,
      portsFree: Math.max(0, pairs - this.#streams.size - resting),
      bridges: bridged / 2,
      restarts: this.#restarts,
      totals: { ...this.#totals },
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(() => void worker.terminate(), STOP_MS);
      worker.once('exit', () => {
        clearTimeout(deadline);
        resolve();
      });
      worker.postMessage([...this.#queue, { t: 'stop' }] satisfies WorkerOrder[]);
      this.#queue = [];
    });
  }

  #bridge(first: LegId, second: LegId): void {
    const a = this.#streams.get(first);
    const b = this.#streams.get(second);
    if (a === undefined || b === undefined || a === b) return;
    if (a.activity.kind === 'bridge' && a.activity.peer === b) return;
    this.#leaveBridge(a);
    this.#leaveBridge(b);
    a.activity = { kind: 'bridge', peer: b };
    b.activity = { kind: 'bridge', peer: a };
    this.#order({ t: 'bridge', first: a.id, second: b.id });
  }

  /** The worker does the same by itself; here it is only written down. */
  #leaveBridge(stream: LegStream): void {
    if (stream.activity.kind !== 'bridge') return;
    stream.activity.peer.activity = { kind: 'quiet' };
    stream.activity = { kind: 'idle' };
  }

  /** Orders of one turn of the event loop go together. While no worker is ready they are not kept: it will be told all. */
  #order(order: WorkerOrder): void {
    if (!this.#ready) return;
    this.#queue.push(order);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      if (this.#queue.length === 0 || this.#worker === null) return;
      this.#worker.postMessage(this.#queue);
      this.#queue = [];
    });
  }

  #settings(): WorkerSettings {
    const { address, ports, prompts, inbandDtmf, anySource, trustedSources, ahead, quarantineMs, cacheBytes } = this.#options;
    return {
      address,
      ...ports,
      ahead: ahead ?? DEFAULTS.ahead,
      quarantineMs: quarantineMs ?? DEFAULTS.quarantineMs,
      inbandDtmf: inbandDtmf ?? false,
      anySource: anySource ?? false,
      trustedSources: trustedSources ?? [],
      promptFolders: prompts === undefined ? [SHIPPED_PROMPTS] : [prompts, SHIPPED_PROMPTS],
      cacheBytes: cacheBytes ?? DEFAULTS.cacheBytes,
      restore: [...this.#bound],
      progress: new SharedArrayBuffer(4),
    };
  }

  /** Ends a worker that makes no progress: its death then has another one started. */
  #watch(worker: Worker, progress: Int32Array): void {
    let seen = 0;
    let still = 0;
    const look = setInterval(() => {
      const now = Atomics.load(progress, 0);
      // Until its first progress it is still being loaded, and ends by itself if it cannot be.
      still = now === seen && now > 0 ? still + 1 : 0;
      seen = now;
      if (still < HANGING_LOOKS) return;
      clearInterval(look);
      this.#log.log('error', 'Media worker hangs; ending it', { streams: this.#streams.size });
      void worker.terminate();
    }, this.#lookMs);
    look.unref();
    worker.once('exit', () => clearInterval(look));
  }

  #launch(): void {
    this.#startedAt = performance.now();
    const settings = this.#settings();
    const worker = this.#startWorker(settings);
    this.#worker = worker;
    this.#watch(worker, new Int32Array(settings.progress));
    let cause: unknown = null;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('message', (reports: readonly WorkerReport[]) => {
      for (const report of reports) this.#hear(report);
    });
    worker.on('exit', (code) => this.#died(worker, code, cause));
  }

  #died(worker: Worker, exitCode: number, cause: unknown): void {
    if (this.#stopped || worker !== this.#worker) return;
    this.#worker = null;
    this.#ready = false;
    this.#queue = [];
    const error = cause instanceof Error ? (cause.stack ?? cause.message) : cause;
    if (this.#started !== null) {
      this.#started.reject(new Error('The media worker ended while starting', { cause }));
      this.#started = null;
      return;
    }
    this.#restarts++;
    this.#deathsInARow = performance.now() - this.#startedAt > STEADY_MS ? 1 : this.#deathsInARow + 1;
    const delay = RESTART_DELAYS[Math.min(this.#deathsInARow, RESTART_DELAYS.length) - 1] as Duration;
    this.#log.log('error', 'Media worker died; starting another', { exitCode, error, streams: this.#streams.size, delay });
    // Ports at rest have had their rest by the time the new worker has bound them.
    const used = new Set(Array.from(this.#streams.values(), (stream) => stream.port));
    this.#free = [...this.#bound].filter((port) => !used.has(port));
    setTimeout(() => {
      if (!this.#stopped) this.#launch();
    }, delay);
  }

  #hear(report: WorkerReport): void {
    switch (report.t) {
      case 'ready':
        return this.#begin();
      case 'free':
        this.#free.push(report.port);
        this.#bound.add(report.port);
        return;
      case 'closed':
        return this.#count(report.quality);
      case 'sound':
        return this.#reportSound(report.code, report.fields);
      case 'sockets':
        return this.#losePort(report.port, report.detail);
      case 'event':
        return this.#translate(report.event);
    }
  }

  #losePort(port: number, detail: string): void {
    this.#bound.delete(port);
    this.#free = this.#free.filter((other) => other !== port);
    this.#lastRefusal = detail;
    this.#log.log('warn', 'RTP port cannot be used', { port, detail });
  }

  #reportSound(code: 'MED_PROMPT' | 'MED_WAV', fields: Readonly<Record<string, string>>): void {
    const error = new BasculeError(code, fields);
    this.#log.log('error', 'Sound cannot be played', { code, detail: error.message, remedy: error.remedy });
  }

  /** A worker is ready: tell it all that the streams do. */
  #begin(): void {
    this.#ready = true;
    this.#order({ t: 'silence', limitMs: this.#silenceLimit });
    const bridged = new Set<LegStream>();
    for (const stream of this.#streams.values()) {
      this.#order({ t: 'open', id: stream.id, port: stream.port });
      if (stream.remote !== null) this.#order({ t: 'connect', id: stream.id, remote: stream.remote });
    }
    for (const stream of this.#streams.values()) {
      if (stream.activity.kind === 'idle' || bridged.has(stream)) continue;
      if (stream.activity.kind === 'bridge') bridged.add(stream.activity.peer);
      this.#order(activityOrder(stream));
    }
    if (this.#started === null) return this.#log.log('warn', 'Media worker restored', { streams: this.#streams.size });
    const { resolve, reject } = this.#started;
    this.#started = null;
    if (this.#bound.size > 0) return resolve();
    const error = new BasculeError('MED_BIND', {
      address: this.#options.address,
      ...this.#options.ports,
      detail: this.#lastRefusal ?? 'none could be bound',
    });
    this.stop().then(() => reject(error), reject);
  }

  #count(quality: StreamQuality): void {
    const totals = this.#totals;
    totals.received += quality.received;
    totals.sent += quality.sent;
    totals.lost += quality.lost;
    totals.foreign += quality.foreign;
    totals.malformed += quality.malformed;
    this.#log.log('debug', 'Stream ended', { ...quality });
  }

  #translate(event: Extract<WorkerReport, { t: 'event' }>['event']): void {
    // Closed or told something else since: the event is late.
    const stream = this.#byId.get(event.stream);
    if (stream === undefined) return;
    if (event.type === 'digit') return this.#emit({ type: 'media.digit', leg: stream.leg, digit: event.digit });
    if (event.type === 'silent') return this.#emit({ type: 'media.silent', leg: stream.leg, forMs: event.forMs });
    if (stream.activity.kind !== 'play' || stream.activity.order.play !== event.play) return;
    stream.activity = { kind: 'quiet' };
    this.#emit({ type: 'media.finished', leg: stream.leg, play: event.play });
  }
}

const activityOrder = (stream: LegStream): WorkerOrder => {
  const { id, activity } = stream;
  if (activity.kind === 'bridge') return { t: 'bridge', first: id, second: activity.peer.id };
  if (activity.kind !== 'play') return { t: 'quiet', id };
  const { play, language, items, loop } = activity.order;
  return { t: 'play', id, play, language, items, loop };
};
