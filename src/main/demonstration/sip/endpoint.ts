import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { formatMessage, parseMessage } from './message.ts';
import type { Message } from './message.ts';
import { Timers } from './timers.ts';
import { Transactions } from './transactions.ts';
import type { Address, TransactionUser } from './transactions.ts';

const LOOPBACK = '127.0.0.1';

/** A UDP port on loopback that speaks SIP: one of the IPBX, one of each telephone. */
export class SipEndpoint {
  readonly timers = new Timers();
  readonly transactions: Transactions;
  readonly #socket: Socket;
  #open = false;
  #local: Address = { host: LOOPBACK, port: 0 };

  constructor(user: TransactionUser) {
    this.#socket = createSocket('udp4');
    this.transactions = new Transactions((message, to) => this.send(message, to), this.timers, user);
    this.#socket.on('message', (datagram, from) => {
      const message = parseMessage(datagram);
      if (message !== null) this.transactions.receive(message, { host: from.address, port: from.port });
    });
  }

  get local(): Address {
    return this.#local;
  }

  /** Takes `port`, or any free one for 0. */
  async bind(port = 0): Promise<void> {
    this.#socket.bind(port, LOOPBACK);
    await once(this.#socket, 'listening');
    // A peer that has gone is noticed by its silence; the socket itself has nothing to add.
    this.#socket.on('error', () => {});
    this.#local = { host: LOOPBACK, port: this.#socket.address().port };
    this.#open = true;
  }

  send(message: Message, to: Address): void {
    if (this.#open) this.#socket.send(formatMessage(message), to.port, to.host);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.timers.close();
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
