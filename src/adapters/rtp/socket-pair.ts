import type { RemoteInfo, Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { StreamPort } from '../../media/stream.ts';

type PacketHandler = (pair: SocketPair, packet: Uint8Array, address: string, port: number) => void;

export interface PairHandlers {
  readonly rtp: PacketHandler;
  readonly rtcp: PacketHandler;
}

/**
 * Addresses here are never names: the resolver's answer at once spares a turn of the event loop a packet.
 */
const literal = (address: string, _options: unknown, callback: (error: null, address: string, family: number) => void): void =>
  callback(null, address, address.includes(':') ? 6 : 4);

const newSocket = (address: string): Socket => createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', lookup: literal });

/** On a socket of both families an IPv4 address has another form (RFC 4291 §2.5.5.2): told and heard as what it is. */
const MAPPED = '::ffff:';

const bound = (socket: Socket, address: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('listening', () => {
      socket.off('error', reject);
      resolve();
    });
    socket.bind({ address, port, exclusive: true });
  });

/**
 * The kernel doubles it and counts 768 octets a packet of G.711: 21 packets, 420 ms. When the machine is overloaded, what
 * has waited longer is better lost: the kernel's own default would hold five seconds, and a conversation would be that late.
 */
const RECEIVE_BUFFER = 8_192;

/** RTP on an even port and RTCP on the next (RFC 3550 §11). Bound once, used by one stream after another. */
export class SocketPair implements StreamPort {
  readonly port: number;
  /** ICMP's refusals and the like; the far end being gone is for signalling to tell. */
  errors = 0;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  #connected = false;
  #closed = false;

  readonly #bothFamilies: boolean;

  private constructor(port: number, rtp: Socket, rtcp: Socket, handlers: PairHandlers) {
    this.port = port;
    this.#bothFamilies = rtp.address().family === 'IPv6';
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    const count = (): void => {
      this.errors++;
    };
    rtp.on('error', count);
    rtcp.on('error', count);
    const unmapped = ({ address }: RemoteInfo): string => (address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address);
    rtp.on('message', (packet, from) => handlers.rtp(this, packet, unmapped(from), from.port));
    rtcp.on('message', (packet, from) => handlers.rtcp(this, packet, unmapped(from), from.port));
  }

  /** Rejects with the socket's error when one of the two ports is taken; nothing stays open then. */
  static async bind(address: string, port: number, handlers: PairHandlers): Promise<SocketPair> {
    const rtp = newSocket(address);
    const rtcp = newSocket(address);
    try {
      await bound(rtp, address, port);
      await bound(rtcp, address, port + 1);
      rtp.setRecvBufferSize(RECEIVE_BUFFER);
    } catch (error) {
      rtp.close();
      rtcp.close();
      throw error;
    }
    return new SocketPair(port, rtp, rtcp, handlers);
  }

  send(packet: Uint8Array, address: string, port: number): void {
    if (this.#closed) return;
    if (this.#connected) this.#rtp.send(packet);
    else this.#rtp.send(packet, port, this.#form(address));
  }

  sendControl(packet: Uint8Array, address: string, port: number): void {
    if (!this.#closed) this.#rtcp.send(packet, port, this.#form(address));
  }

  /**
   * Connected, a socket sends for a tenth less, and the kernel itself turns away what others send: a flood at one call's
   * port costs that call nothing.
   */
  lock(address: string, port: number): void {
    if (this.#closed || this.#connected) return;
    try {
      this.#rtp.connect(port, this.#form(address));
      this.#rtp.remoteAddress();
      this.#connected = true;
    } catch {
      // Not connected: the stream's own lock looks at every packet's source all the same.
      this.errors++;
    }
  }

  unlock(): void {
    if (!this.#connected) return;
    this.#connected = false;
    if (!this.#closed) this.#rtp.disconnect();
  }

  #form(address: string): string {
    return this.#bothFamilies && !address.includes(':') ? MAPPED + address : address;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rtp.close();
    this.#rtcp.close();
  }
}
