import type { IncomingRequestMessage, IncomingResponseMessage } from 'sip.js/lib/core/index.js';

/** As written in Via (RFC 3261 §20.42). */
export type Protocol = 'UDP' | 'TCP' | 'TLS';

/** Where a message came from or goes to: always a literal address. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** One of the IPBX's addresses as the site wrote it. Without a port a name is looked up by SRV first (RFC 3263 §4.2). */
export interface HostPort {
  readonly host: string;
  readonly port?: number | undefined;
}

/** Why a text is not a SIP message that we can use. Stable: counted and tested by name. */
export type ParseReason =
  | 'too-large'
  | 'start-line'
  | 'version'
  | 'request-uri'
  | 'headers-unfinished'
  | 'too-many-headers'
  | 'header-syntax'
  | 'via'
  | 'from'
  | 'to'
  | 'call-id'
  | 'cseq'
  | 'cseq-method'
  | 'contact'
  | 'route'
  | 'refer-to'
  | 'duplicate'
  | 'missing'
  | 'content-length'
  | 'body-short'
  | 'too-many-items';

export type ParseResult =
  | { readonly ok: true; readonly message: IncomingRequestMessage | IncomingResponseMessage }
  | { readonly ok: false; readonly reason: ParseReason };

export interface TlsOptions {
  /** PEM certificates that sign the IPBX's; the system's when absent. */
  readonly ca?: string | readonly string[] | undefined;
  /** Ours, needed to accept connections, and shown when the IPBX asks for it. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Refuse a certificate that does not verify. Default true. */
  readonly verify?: boolean | undefined;
  /** Name expected in the IPBX's certificate; the configured host when absent. */
  readonly serverName?: string | undefined;
}

/** RFC 3261 §17.1.1.1: T1 estimates the round trip, T2 caps the intervals, T4 is how long a message may live in the network. */
export interface TransactionTimers {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t4Ms: number;
}

export interface FailoverTiming {
  /** A request without any answer for this long marks its target dead. Default 6 × T1. */
  readonly deadAfterMs: number;
  /** How often a dead target is asked (OPTIONS, or a connection) whether it is back. Default 10 s. */
  readonly probeIntervalMs: number;
}

export interface TransportOptions {
  readonly protocol: Protocol;
  /** Port 0 takes any free one. TCP and TLS listen too, so that the IPBX may open connections; TLS only with `tls.cert` and `tls.key`. */
  readonly listen: { readonly address: string; readonly port: number };
  /** The IPBX's addresses, the preferred first. Requests outside a dialog go to the first that lives. */
  readonly outbound?: readonly HostPort[];
  readonly tls?: TlsOptions;
  readonly timers?: Partial<TransactionTimers>;
  readonly failover?: Partial<FailoverTiming>;
  /** Timers A, E, G and absorption of retransmitted requests (UDP only). A stateless proxy turns it off. Default true. */
  readonly retransmission?: boolean;
  /** RFC 5626 §3.5.1 pings to the current target; 0 sends none. Default 0. */
  readonly keepAliveMs?: number;
  /** On a stream: how long an answer to a ping may take. Default 10 s (RFC 5626 §4.4.1). */
  readonly pongTimeoutMs?: number;
  /** Packets from elsewhere are dropped before parsing, without an answer. Default: everything is allowed. */
  readonly allowSource?: (address: string) => boolean;
  readonly receiveBufferBytes?: number;
  readonly resolver?: Resolver;
}

/** The two questions that RFC 3263 asks of DNS. */
export interface Resolver {
  srv(
    name: string,
  ): Promise<readonly { readonly name: string; readonly port: number; readonly priority: number; readonly weight: number }[]>;
  addresses(host: string): Promise<readonly string[]>;
}

export type DropReason = 'source' | 'too-large' | 'not-sip' | 'via' | 'unroutable' | 'framing' | 'overflow' | 'handler';

export interface TransportCounters {
  received: number;
  sent: number;
  retransmitted: number;
  /** Retransmitted requests answered from the table of last responses, never shown to the user agent. */
  absorbed: number;
  /** Pings and pongs received. */
  keepAlives: number;
  connections: number;
  failovers: number;
  socketErrors: number;
  dropped: Record<DropReason, number>;
}

export interface TargetStatus {
  readonly endpoint: Endpoint;
  readonly alive: boolean;
  readonly current: boolean;
}

export type MessageHandler = (text: string, source: Endpoint) => void;

/** What both sip.js and a proxy see of the transport. Implemented by `SipTransport` in `transport.ts`. */
export interface Wire {
  readonly protocol: Protocol;
  /** The bound address and port, known once started. */
  readonly local: Endpoint;
  readonly counters: Readonly<TransportCounters>;
  /** Opens the sockets. Rejects with SIP_BIND. Resolves before the IPBX is reached: that is retried for ever. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whole SIP messages of allowed sources, Via already completed with received and rport. */
  onMessage: MessageHandler;
  /** What `onMessage` threw, already counted; the daemon goes on. */
  onError: (error: unknown) => void;
  /** The current target changed, `null` when none lives. */
  onTargetChange: (current: Endpoint | null) => void;
  /**
   * A request of ours got no answer, the network says that nobody is there, and there is no other target to try
   * (RFC 3261 §18.4). A user agent fails the transaction, a proxy answers 503.
   */
  onUnreachable: (text: string, target: Endpoint) => void;
  /** Routes by Via (responses), Route, Request-URI or the outbound targets. Rejects when no way is known. */
  send(text: string): Promise<void>;
  /** Sends to that address whatever the message says. `retransmit` overrides the transport's setting for this message. */
  sendTo(text: string, target: Endpoint, options?: { readonly retransmit?: boolean }): Promise<void>;
  targets(): readonly TargetStatus[];
}
