import { chmodSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { ControlHandlers } from '../../wire/control.ts';
import { Connection } from './connection.ts';
import { clearPlace } from './place.ts';

export interface ControlOptions {
  readonly socket: string;
  /** Let the group of the daemon's account in (0660 instead of 0600). */
  readonly group: boolean;
  readonly handlers: ControlHandlers;
  readonly log: Log;
}

const MAX_CONNECTIONS = 64;
const WATCH_EVERY_MS = 1_000;
/** People do not read faster than this; a burst of calls is one event. */
const CHANGE_AFTER_MS = 250;

/** The daemon's side of the local socket: validates what comes, gives it to the handlers, answers. */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #connections = new Set<Connection>();
  #server: Server | null = null;
  #periodic: NodeJS.Timeout | null = null;
  #soon: NodeJS.Timeout | null = null;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Listens. Throws BasculeError DMN_RUNNING when another daemon answers on the socket, DMN_SOCKET when it cannot be made. */
  async start(): Promise<void> {
    const { socket, group } = this.#options;
    await clearPlace(socket);
    const server = createServer((connection) => this.#accept(connection));
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) =>
        reject(new BasculeError('DMN_SOCKET', { socket, detail: cause.code ?? cause.message }, { cause })),
      );
      server.once('listening', resolve);
      // The file is made while listen runs; it must not be open to others even for the moment before chmod.
      const usual = process.umask(0o177);
      try {
        server.listen(socket);
      } finally {
        process.umask(usual);
      }
    });
    if (group) chmodSync(socket, 0o660);
    server.on('error', (error) => this.#options.log.log('error', 'The control socket failed', { error: error.message }));
    this.#periodic = setInterval(() => this.#show(), WATCH_EVERY_MS);
    this.#periodic.unref();
  }

  /** Something that people watch has changed; they see it within a quarter of a second. Cheap when nobody watches. */
  changed(): void {
    if (this.#soon !== null || !this.#watched()) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.#show();
    }, CHANGE_AFTER_MS);
    this.#soon.unref();
  }

  /** Ends every connection after what was written to it, and removes the socket. */
  async stop(): Promise<void> {
    if (this.#periodic !== null) clearInterval(this.#periodic);
    if (this.#soon !== null) clearTimeout(this.#soon);
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#connections) connection.end();
    await closed;
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, this.#options, () => this.#connections.delete(connection));
    this.#connections.add(connection);
  }

  #watched(): boolean {
    for (const connection of this.#connections) if (connection.watching) return true;
    return false;
  }

  #show(): void {
    if (!this.#watched()) return;
    void (async () => {
      try {
        const status = JSON.stringify(await this.#options.handlers.status({}, 'watch'));
        for (const connection of this.#connections) connection.show(status);
      } catch (error) {
        this.#options.log.log('warn', 'The status could not be shown', { error: String(error) });
      }
    })();
  }
}
