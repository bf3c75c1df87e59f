import type { Endpoint, TransportCounters } from './types.ts';

export interface LinkHandlers {
  /** One whole message, from an allowed source. The bytes are valid only during the call. */
  bytes(data: Buffer, source: Endpoint): void;
  /** Anything at all came from there, keep-alives included. */
  heard(source: Endpoint): void;
  /** The network says that nobody is there: ICMP, connection refused, reset or closed. */
  broken(target: Endpoint, error: Error): void;
  /** A connection to it opened. */
  opened(target: Endpoint): void;
}

export interface LinkOptions {
  readonly listen: { readonly address: string; readonly port: number };
  readonly handlers: LinkHandlers;
  readonly counters: TransportCounters;
  readonly allowSource: (address: string) => boolean;
}

/** Sockets: bytes in, bytes out, and what the network says about the far end. No SIP beyond framing. */
export interface Link {
  open(): Promise<Endpoint>;
  close(): Promise<void>;
  /** Gets ready to talk to these, so that their failure is noticed early. */
  prepare(targets: readonly Endpoint[]): void;
  transmit(text: string, target: Endpoint): Promise<void>;
  /** Whether something sent now needs no new connection. */
  reaches(target: Endpoint): boolean;
  /** RFC 5626 §4.4.1. */
  ping(target: Endpoint): void;
  /** Tries whether a dead target can be reached again, where that takes no SIP message; false when it does. */
  probe(target: Endpoint): boolean;
}

export const DONE: Promise<void> = Promise.resolve();
