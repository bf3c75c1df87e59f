import net from 'node:net';
import tls from 'node:tls';
import { BasculeError } from '../../../core/kernel/errors.ts';
import { Connection, type ConnectionHandlers } from './connection.ts';
import { LIMITS } from './limits.ts';
import type { Link, LinkOptions } from './link.ts';
import { bareAddress, endpointKey } from './scan.ts';
import type { Endpoint, TlsOptions } from './types.ts';

export interface StreamOptions extends LinkOptions {
  readonly protocol: 'TCP' | 'TLS';
  readonly tls: TlsOptions;
  /** Name to find in the certificate of a target. */
  readonly serverName: (target: Endpoint) => string;
  /** First pause before a lost connection is opened again; doubled up to `backOffMaxMs`. */
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
  readonly pongTimeoutMs: number;
}

interface Retry {
  attempts: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * TCP and TLS: connections that we open and connections that the IPBX opens, one table for both, since RFC 5923 and
 * RFC 3261 §18 let either be used for what comes next. A connection to a prepared target is opened again for ever.
 */
export class StreamLink implements Link {
  private readonly options: StreamOptions;
  private readonly handlers: ConnectionHandlers;
  private readonly connections = new Map<string, Connection>();
  private readonly retries = new Map<string, Retry>();
  private server: net.Server | undefined;
  private running = false;

  constructor(options: StreamOptions) {
    this.options = options;
    const { handlers, counters } = options;
    this.handlers = {
      message: (data, source) => handlers.bytes(data, source),
      heard: (source) => handlers.heard(source),
      opened: (connection) => this.opened(connection),
      closed: (connection, error) => this.closed(connection, error),
      counters,
    };
  }

  private get accepts(): boolean {
    return this.options.protocol === 'TCP' || (this.options.tls.cert !== undefined && this.options.tls.key !== undefined);
  }

  async open(): Promise<Endpoint> {
    const { listen, protocol } = this.options;
    this.running = true;
    let { port } = listen;
    if (this.accepts) {
      try {
        port = await this.listen();
      } catch (error) {
        throw new BasculeError('SIP_BIND', { ...listen, detail: (error as Error).message }, { cause: error });
      }
    }
    return { address: listen.address, port, protocol };
  }

  private listen(): Promise<number> {
    const { protocol, listen, tls: secure } = this.options;
    const accept = (socket: net.Socket): void => this.accepted(socket);
    const server =
      protocol === 'TCP' ? net.createServer(accept) : tls.createServer({ cert: secure.cert, key: secure.key }, accept);
    server.maxConnections = LIMITS.connections;
    // A failed handshake of a stranger is nobody's concern.
    server.on('tlsClientError', () => this.options.counters.socketErrors++);
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: listen.port, host: listen.address, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', () => this.options.counters.socketErrors++);
        resolve((server.address() as net.AddressInfo).port);
      });
    });
  }

  private accepted(socket: net.Socket): void {
    const address = bareAddress(socket.remoteAddress ?? '');
    if (!this.options.allowSource(address)) {
      this.options.counters.dropped.source++;
      socket.destroy();
      return;
    }
    const remote: Endpoint = { address, port: socket.remotePort ?? 0, protocol: this.options.protocol };
    socket.setNoDelay(true);
    // A far end that vanished is noticed within minutes, so that it does not hold one of the few places.
    socket.setKeepAlive(true, 60_000);
    this.options.counters.connections++;
    this.connections.set(endpointKey(remote), new Connection(socket, remote, this.handlers, true));
  }

  async close(): Promise<void> {
    this.running = false;
    for (const retry of this.retries.values()) clearTimeout(retry.timer);
    this.retries.clear();
    for (const connection of this.connections.values()) connection.destroy();
    this.connections.clear();
    const { server } = this;
    this.server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  prepare(targets: readonly Endpoint[]): void {
    for (const target of targets) {
      const key = endpointKey(target);
      if (this.retries.has(key)) continue;
      this.retries.set(key, { attempts: 0, timer: undefined });
      this.connect(target);
    }
  }

  async transmit(text: string, target: Endpoint): Promise<void> {
    const connection = this.connections.get(endpointKey(target)) ?? this.connect(target);
    if (connection.write(text)) return;
    this.options.counters.dropped.overflow++;
    throw new Error('The connection takes no more: too much is waiting.');
  }

  ping(target: Endpoint): void {
    this.connections.get(endpointKey(target))?.ping(this.options.pongTimeoutMs);
  }

  reaches(target: Endpoint): boolean {
    return this.connections.has(endpointKey(target));
  }

  /** Reconnecting is the probe, and it goes on by itself. */
  probe(): boolean {
    return true;
  }

  private connect(target: Endpoint): Connection {
    const place = { host: target.address, port: target.port };
    const socket =
      this.options.protocol === 'TCP'
        ? net.connect({ ...place, noDelay: true })
        : tls.connect({ ...place, ...this.tlsOptions(target) });
    const connection = new Connection(socket, target, this.handlers, false);
    this.connections.set(endpointKey(target), connection);
    return connection;
  }

  private tlsOptions(target: Endpoint): tls.ConnectionOptions {
    const { ca, cert, key, verify, serverName } = this.options.tls;
    const name = serverName ?? this.options.serverName(target);
    const options: tls.ConnectionOptions = { rejectUnauthorized: verify !== false };
    if (ca !== undefined) options.ca = [ca].flat();
    if (cert !== undefined) options.cert = cert;
    if (key !== undefined) options.key = key;
    // RFC 6066 §3: SNI carries names only; an address is compared with the certificate without it.
    if (net.isIP(name) === 0) options.servername = name;
    else options.checkServerIdentity = (_host, certificate) => tls.checkServerIdentity(name, certificate);
    return options;
  }

  private opened(connection: Connection): void {
    this.options.counters.connections++;
    const retry = this.retries.get(endpointKey(connection.remote));
    if (retry !== undefined) retry.attempts = 0;
    this.options.handlers.opened(connection.remote);
  }

  private closed(connection: Connection, error: Error): void {
    const key = endpointKey(connection.remote);
    if (this.connections.get(key) === connection) this.connections.delete(key);
    if (!this.running) return;
    if (!connection.accepted) this.options.handlers.broken(connection.remote, error);
    const retry = this.retries.get(key);
    if (retry === undefined || retry.timer !== undefined) return;
    const { backOffMs, backOffMaxMs } = this.options;
    const pause = Math.min(backOffMs * 2 ** Math.min(retry.attempts++, 20), backOffMaxMs);
    // A little chance keeps two nodes from knocking at a reviving IPBX in step.
    retry.timer = setTimeout(
      () => {
        retry.timer = undefined;
        if (this.running && !this.connections.has(key)) this.connect(connection.remote);
      },
      pause * (0.75 + Math.random() / 2),
    );
  }
}
