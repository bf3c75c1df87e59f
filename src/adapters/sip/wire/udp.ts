import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import { BasculeError } from '../../../core/kernel/errors.ts';
import { LIMITS } from './limits.ts';
import { DONE, type Link, type LinkOptions } from './link.ts';
import { bareAddress, endpointKey } from './scan.ts';
import type { Endpoint } from './types.ts';

export interface UdpOptions extends LinkOptions {
  /** The kernel may give less (net.core.rmem_max). A second of 300 calls/s is about 4 MB. */
  readonly receiveBufferBytes: number;
}

const CRLF = Buffer.from('\r\n');
const PING = Buffer.from('\r\n\r\n');

/** Only literal addresses get here: no name is looked up and no tick of the event loop lost. */
const literalLookup = (
  address: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void => done(null, address, address.includes(':') ? 6 : 4);

/**
 * One socket for everybody, and one connected socket for each of the IPBX's addresses on the same local port: only a
 * connected socket is told of ICMP errors (udp(7)), and sending on it is cheaper.
 */
export class UdpLink implements Link {
  private readonly options: UdpOptions;
  private main: dgram.Socket | undefined;
  private readonly connected = new Map<string, dgram.Socket>();
  private local: Endpoint | undefined;
  /** Sources already known to have the form that `allowSource` compares. */
  private lastAddress = '';
  private lastBare = '';

  constructor(options: UdpOptions) {
    this.options = options;
  }

  async open(): Promise<Endpoint> {
    const { address } = this.options.listen;
    let { port } = this.options.listen;
    try {
      // The connected sockets need SO_REUSEADDR, which would let a second daemon share the port unnoticed: look first.
      const probe = await this.bind(port, false);
      port = probe.address().port;
      await closed(probe);
      this.main = await this.bind(port, true);
    } catch (error) {
      throw new BasculeError('SIP_BIND', { address, port, detail: (error as Error).message }, { cause: error });
    }
    this.attach(this.main, undefined);
    this.local = { address, port, protocol: 'UDP' };
    return this.local;
  }

  async close(): Promise<void> {
    const sockets = [...this.connected.values()];
    if (this.main !== undefined) sockets.push(this.main);
    this.connected.clear();
    this.main = undefined;
    await Promise.all(sockets.map(closed));
  }

  prepare(targets: readonly Endpoint[]): void {
    for (const target of targets.slice(0, 16)) {
      if (this.local === undefined || this.connected.has(endpointKey(target))) continue;
      this.connect(target, this.local.port);
    }
  }

  transmit(text: string, target: Endpoint): Promise<void> {
    return this.write(Buffer.from(text), target);
  }

  /** UDP has no pong to wait for: the ping keeps a NAT's binding open (RFC 5626 §3.5.1 would use STUN, which few IPBXs speak). */
  ping(target: Endpoint): void {
    void this.write(PING, target);
  }

  reaches(): boolean {
    return true;
  }

  probe(): boolean {
    return false;
  }

  private write(data: Buffer, target: Endpoint): Promise<void> {
    const peer = this.connected.get(endpointKey(target));
    if (peer !== undefined) {
      peer.send(data, (error) => {
        if (error) this.failed(error, target);
      });
      return DONE;
    }
    const { main } = this;
    if (main === undefined) return Promise.reject(new Error('The UDP socket is closed.'));
    main.send(data, target.port, this.spelled(target.address), (error) => {
      if (error) this.options.counters.socketErrors++;
    });
    return DONE;
  }

  /** A socket of IPv6 that serves both knows IPv4 addresses under their mapped form (RFC 4291 §2.5.5.2). */
  private spelled(address: string): string {
    return this.options.listen.address.includes(':') && !address.includes(':') ? `::ffff:${address}` : address;
  }

  private create(reuseAddr: boolean): dgram.Socket {
    const bytes = this.options.receiveBufferBytes;
    const type = isIPv6(this.options.listen.address) ? 'udp6' : 'udp4';
    return dgram.createSocket({ type, reuseAddr, recvBufferSize: bytes, sendBufferSize: bytes, lookup: literalLookup });
  }

  private bind(port: number, reuseAddr: boolean): Promise<dgram.Socket> {
    return new Promise((resolve, reject) => {
      const socket = this.create(reuseAddr);
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ port, address: this.options.listen.address, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve(socket);
      });
    });
  }

  private connect(target: Endpoint, port: number): void {
    const socket = this.create(true);
    const key = endpointKey(target);
    // Until it is connected, and if it cannot be, the main socket does the work; only then its errors speak of the target.
    socket.on('error', (error) => {
      if (this.connected.get(key) === socket) this.failed(error, target);
      else this.options.counters.socketErrors++;
    });
    socket.bind({ port, address: this.options.listen.address, exclusive: true }, () => {
      socket.connect(target.port, this.spelled(target.address), (error?: Error) => {
        if (error || this.main === undefined || this.connected.has(key)) {
          socket.close();
          return;
        }
        this.connected.set(key, socket);
      });
    });
    this.attach(socket, target);
  }

  private attach(socket: dgram.Socket, target: Endpoint | undefined): void {
    if (target === undefined) socket.on('error', () => this.options.counters.socketErrors++);
    socket.on('message', (data, remote) => this.receive(data, remote.address, remote.port));
  }

  private receive(data: Buffer, address: string, port: number): void {
    if (address !== this.lastAddress) {
      this.lastAddress = address;
      this.lastBare = bareAddress(address);
    }
    const { allowSource, counters, handlers } = this.options;
    const source: Endpoint = { address: this.lastBare, port, protocol: 'UDP' };
    if (!allowSource(source.address)) {
      counters.dropped.source++;
      return;
    }
    handlers.heard(source);
    if (data.length <= 4) {
      // A NAT keep-alive. A double CRLF wants one back (RFC 5626 §4.4.1), here as on streams.
      counters.keepAlives++;
      if (data.equals(PING)) void this.write(CRLF, source);
      return;
    }
    if (data.length > LIMITS.messageBytes) counters.dropped['too-large']++;
    else handlers.bytes(data, source);
  }

  private failed(error: Error, target: Endpoint): void {
    this.options.counters.socketErrors++;
    this.options.handlers.broken(target, error);
  }
}

function closed(socket: dgram.Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
  });
}
