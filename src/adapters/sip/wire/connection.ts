import type net from 'node:net';
import tls from 'node:tls';
import { Framer } from './framing.ts';
import { LIMITS } from './limits.ts';
import type { Endpoint, TransportCounters } from './types.ts';

export interface ConnectionHandlers {
  message(data: Buffer, source: Endpoint): void;
  heard(source: Endpoint): void;
  opened(connection: Connection): void;
  closed(connection: Connection, error: Error): void;
  readonly counters: TransportCounters;
}

/** One TCP or TLS connection, from either side. What is written before it opens waits in the socket, within bounds. */
export class Connection {
  readonly remote: Endpoint;
  readonly accepted: boolean;
  private readonly socket: net.Socket;
  private readonly handlers: ConnectionHandlers;
  private waiting = 0;
  private ready: boolean;
  private failure = new Error('The connection was closed.');
  /** Only a far end that has ever answered a ping is expected to answer the next: many IPBXs never do. */
  private answersPings = false;
  private pongTimer: NodeJS.Timeout | undefined;

  constructor(socket: net.Socket, remote: Endpoint, handlers: ConnectionHandlers, accepted: boolean) {
    this.socket = socket;
    this.remote = remote;
    this.handlers = handlers;
    this.accepted = accepted;
    this.ready = accepted;
    if (!accepted) {
      socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', () => {
        this.ready = true;
        handlers.opened(this);
      });
    }
    const framer = new Framer({
      message: (data) => handlers.message(data, remote),
      ping: () => {
        handlers.counters.keepAlives++;
        socket.write('\r\n');
      },
      pong: () => this.pong(),
    });
    socket.on('data', (chunk: Buffer) => {
      handlers.heard(remote);
      if (framer.push(chunk)) return;
      handlers.counters.dropped.framing++;
      this.destroy(new Error('The stream does not hold SIP messages.'));
    });
    socket.on('error', (error) => {
      handlers.counters.socketErrors++;
      this.failure = error;
    });
    socket.on('close', () => {
      clearTimeout(this.pongTimer);
      handlers.closed(this, this.failure);
    });
  }

  /** False when the far end has not taken what it was sent before. */
  write(text: string): boolean {
    if (!this.ready && ++this.waiting > LIMITS.queuedMessages) return false;
    if (this.socket.destroyed || this.socket.writableLength > LIMITS.queuedBytes) return false;
    this.socket.write(text);
    return true;
  }

  /** RFC 5626 §4.4.1: a flow whose ping is not answered in 10 s has failed. */
  ping(timeoutMs: number): void {
    if (!this.ready || this.pongTimer !== undefined) return;
    this.socket.write('\r\n\r\n');
    if (!this.answersPings) return;
    this.pongTimer = setTimeout(() => this.destroy(new Error('The far end does not answer keep-alives.')), timeoutMs);
  }

  private pong(): void {
    this.handlers.counters.keepAlives++;
    this.answersPings = true;
    clearTimeout(this.pongTimer);
    this.pongTimer = undefined;
  }

  destroy(reason?: Error): void {
    if (reason !== undefined) this.failure = reason;
    this.socket.destroy();
  }
}
