import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricsSource } from './instruments.ts';
import { instruments } from './instruments.ts';

export interface MetricsOptions {
  readonly address: string;
  readonly port: number;
  /** Called at each scrape. */
  readonly source: () => MetricsSource;
  readonly log: Log;
}

/** Prometheus scrapes every few seconds, one at a time. */
const MAX_CONNECTIONS = 16;
const REQUEST_MS = 5_000;
/** Often enough to see a stall of the loop, rare enough to cost nothing. */
const DELAY_EVERY_MS = 100;
const DELAY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** How late a timer is: what every call in progress waits at that moment. Returns how to stop. */
const measureDelay = (histogram: Histogram): (() => void) => {
  let due = performance.now() + DELAY_EVERY_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    histogram.observe(Math.max(0, now - due) / 1_000);
    due = now + DELAY_EVERY_MS;
  }, DELAY_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
};

/** Figures for Prometheus on `/metrics`. */
export class MetricsServer {
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #refresh: (source: MetricsSource) => void;
  readonly #delay: Histogram;
  #server: Server | null = null;
  #stopMeasuring: (() => void) | null = null;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#refresh = instruments(this.#registry);
    this.#delay = new Histogram({
      name: 'bascule_event_loop_delay_seconds',
      help: 'How late the event loop runs a timer',
      buckets: DELAY_BUCKETS,
      registers: [this.#registry],
    });
  }

  /** Listens; returns the port. Throws BasculeError DMN_METRICS. */
  async start(): Promise<number> {
    const { address, port } = this.#options;
    const server = createServer(
      { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 8_192 },
      (request, response) => this.#answer(request, response),
    );
    server.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) =>
        reject(new BasculeError('DMN_METRICS', { address, port, detail: cause.code ?? cause.message }, { cause })),
      );
      server.listen({ host: address, port }, resolve);
    });
    server.on('error', (error) => this.#options.log.log('error', 'The metrics server failed', { error: error.message }));
    server.unref();
    this.#server = server;
    collectDefaultMetrics({ register: this.#registry });
    this.#stopMeasuring = measureDelay(this.#delay);
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#stopMeasuring?.();
    this.#registry.clear();
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Figures are on /metrics.\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    void this.#scrape(response);
  }

  async #scrape(response: ServerResponse): Promise<void> {
    try {
      this.#refresh(this.#options.source());
      const text = await this.#registry.metrics();
      response.writeHead(200, { 'content-type': this.#registry.contentType }).end(text);
    } catch (error) {
      this.#options.log.log('error', 'The metrics could not be gathered', { error });
      response.writeHead(500, { 'content-type': 'text/plain' }).end('The figures could not be gathered; see the log.\n');
    }
  }
}
