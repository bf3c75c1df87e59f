import type {
  IncomingRequestMessage,
  OutgoingRequestMessage,
  SessionDelegate,
  URI,
  UserAgentCore,
  UserAgentCoreDelegate,
  UserAgentServer,
} from 'sip.js/lib/core/index.js';
import type { Endpoint, ParseReason, TransactionTimers, Wire } from '../wire/types.ts';

/** A SIP account. The password is read only to compute digests. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** UPDATE (RFC 3311), which sip.js does not know. Answer with `accept({ statusCode: 200, … })` or `reject`. */
export interface UpdateDelegate extends SessionDelegate {
  onUpdate?(request: UserAgentServer): void;
}

/** Asked about a request outside any dialog before anything is created for it; a returned status is sent statelessly (RFC 3261 §8.2.7). */
export type Admission = (
  request: IncomingRequestMessage,
  source: Endpoint,
) => { readonly statusCode: number; readonly reasonPhrase?: string; readonly extraHeaders?: string[] } | null;

export interface UserAgentCoreOptions {
  /** User part of our Contact and address of record: `sip:<user>@<host of the wire>`. */
  readonly user: string;
  /** Host of the address of record (the IPBX's domain). */
  readonly domain: string;
  readonly displayName?: string;
  /** Address and port that others reach us by, in Via and Contact; the wire's own when absent. */
  readonly advertised?: { readonly host: string; readonly port: number };
  /** User part of the Contact when it is not `user` (it may carry the epoch). */
  readonly contactUser?: string;
  readonly transport: Wire;
  /** Pre-loaded Route set of requests outside a dialog, for example `['<sip:10.0.0.5;lr>']`. */
  readonly routeSet?: readonly string[];
  /** Chooses the account that answers a challenge, by the request (From, Request-URI) and the realm. */
  readonly credentials: (request: OutgoingRequestMessage, realm: string) => Credentials | null;
  readonly delegate: UserAgentCoreDelegate;
  readonly admission?: Admission;
  /** Called when an unusable message was dropped or answered 400. */
  readonly onMalformed?: (reason: ParseReason, source: Endpoint) => void;
  /** What sip.js or a delegate threw while handling a message or a timer. */
  readonly onError?: (error: unknown) => void;
  readonly userAgentHeader?: string;
  /** Option tags we understand in Require and list in Supported. Default 100rel, replaces, timer. */
  readonly supported?: readonly string[];
  /** The same as the transport's; sip.js has one set for the whole process. */
  readonly timers?: Partial<TransactionTimers>;
}

/** sip.js's core joined to a wire. One per wire: it serves every line that uses that socket and that IPBX. */
export interface UserAgent {
  readonly core: UserAgentCore;
  readonly aor: URI;
  readonly contact: URI;
  /** Hands a text to the parser and the core, as the wire does. */
  receive(text: string, source: Endpoint): void;
  /** Where a request came from, for as long as somebody keeps it. */
  sourceOf(message: IncomingRequestMessage): Endpoint | undefined;
  readonly counters: Readonly<UserAgentCounters>;
  /** Detaches from the wire and disposes of every dialog and transaction. */
  dispose(): void;
}

export interface UserAgentCounters {
  malformed: Partial<Record<ParseReason, number>>;
  merged: number;
  unmatchedResponses: number;
  refused: number;
  errors: number;
}

/** A dialog written down, enough to go on with it on the other node. Plain JSON. */
export interface SavedDialog {
  readonly id: string;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localSequence: number;
  readonly remoteSequence: number;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  readonly offer: string;
  readonly answer: string;
}
