import { randomBytes } from 'node:crypto';
import { first, parameter, prepend, responseTo, sequenceOf } from './message.ts';
import type { Message, Request, Response } from './message.ts';
import type { Timers } from './timers.ts';

/** RFC 3261 §17, over UDP, for one socket. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

const T1_MS = 500;
const T2_MS = 4_000;
/** 64 × T1: how long a transaction waits for its end, and stays to absorb what comes twice (timers B, D, F, H, J, L, M). */
const LIFE_MS = 64 * T1_MS;
/** Far above what a demonstration makes (a call is about 12 transactions of half a minute); beyond it, new requests are dropped. */
const MAX_TRANSACTIONS = 5_000;
const COOKIE = 'z9hG4bK';

export const randomToken = (): string => randomBytes(8).toString('hex');
const newBranch = (): string => `${COOKIE}${randomToken()}`;

export interface TransactionUser {
  /** A new request, never one seen before. ACK to a 2xx comes here too, with a `server` that sends nothing. */
  request(request: Request, source: Address, server: ServerTransaction): void;
  /** A response without a transaction; a proxy may pass it on, a telephone forgets it. */
  stray(response: Response): void;
}

export class ServerTransaction {
  readonly request: Request;
  readonly source: Address;
  readonly #send: (message: Message, to: Address) => void;
  readonly #timers: Timers;
  readonly #onEnd: () => void;
  /** `refused`: an INVITE's final answer other than 2xx, sent until its ACK comes. */
  #state: 'open' | 'accepted' | 'refused' | 'done' = 'open';
  #last: Response | null = null;
  #stopRetransmitting: () => void = () => {};

  constructor(
    request: Request,
    source: Address,
    send: (message: Message, to: Address) => void,
    timers: Timers,
    onEnd: () => void,
  ) {
    this.request = request;
    this.source = source;
    this.#send = send;
    this.#timers = timers;
    this.#onEnd = onEnd;
  }

  /** Sends an answer. After the final one only further 2xx of an INVITE pass (RFC 6026 §7.1). */
  respond(response: Response): void {
    if (this.request.method === 'ACK' || this.#state === 'refused' || this.#state === 'done') return;
    if (this.#state === 'accepted' && !(response.status >= 200 && response.status < 300)) return;
    this.#last = response;
    this.#send(response, this.source);
    if (response.status < 200 || this.#state === 'accepted') return;
    this.#timers.after(LIFE_MS, this.#onEnd);
    if (this.request.method !== 'INVITE') this.#state = 'done';
    else if (response.status < 300) this.#state = 'accepted';
    else {
      this.#state = 'refused';
      this.#retransmit(T1_MS);
    }
  }

  /** Answers without more than a status. */
  reply(status: number, extra: Response['headers'] = []): void {
    this.respond(responseTo(this.request, status, randomToken(), extra));
  }

  get answered(): boolean {
    return this.#state !== 'open';
  }

  /** The request again, or the ACK of a refusal. */
  again(request: Request): void {
    if (request.method === 'ACK') {
      this.#stopRetransmitting();
      if (this.#state === 'refused') this.#state = 'done';
    } else if (this.#last !== null && this.#state !== 'accepted') this.#send(this.#last, this.source);
  }

  /** Timer G (§17.2.1). */
  #retransmit(intervalMs: number): void {
    this.#stopRetransmitting = this.#timers.after(intervalMs, () => {
      if (this.#state !== 'refused' || this.#last === null) return;
      this.#send(this.#last, this.source);
      this.#retransmit(Math.min(2 * intervalMs, T2_MS));
    });
  }
}

export interface ClientHandlers {
  response(response: Response): void;
  /** No final answer within 64 × T1 (before any 1xx, for an INVITE). */
  timeout(): void;
}

class ClientTransaction {
  readonly request: Request;
  readonly destination: Address;
  readonly handlers: ClientHandlers;
  readonly #send: (message: Message, to: Address) => void;
  readonly #timers: Timers;
  readonly #onEnd: () => void;
  #state: 'calling' | 'proceeding' | 'accepted' | 'completed' | 'ended' = 'calling';
  #acknowledgement: Request | null = null;
  #giveUp: () => void;

  constructor(
    request: Request,
    destination: Address,
    handlers: ClientHandlers,
    send: (message: Message, to: Address) => void,
    timers: Timers,
    onEnd: () => void,
  ) {
    this.request = request;
    this.destination = destination;
    this.handlers = handlers;
    this.#send = send;
    this.#timers = timers;
    this.#onEnd = onEnd;
    this.#giveUp = this.#expireLater();
    send(request, destination);
    this.#retransmit(T1_MS);
  }

  receive(response: Response): void {
    if (this.#state === 'completed' || this.#state === 'ended') {
      // §17.1.1.2: a refusal that comes again has lost its ACK.
      if (this.#acknowledgement !== null) this.#send(this.#acknowledgement, this.destination);
      return;
    }
    const invite = this.request.method === 'INVITE';
    if (response.status < 200) {
      if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
      this.#state = 'proceeding';
      // §17.1.1.2: once an INVITE is being worked on, how long it may take is for the user to say.
      if (invite) this.#giveUp();
    } else if (this.#state !== 'accepted') {
      this.#giveUp();
      this.#timers.after(LIFE_MS, this.#onEnd);
      this.#state = invite && response.status < 300 ? 'accepted' : 'completed';
      if (invite && response.status >= 300) this.#acknowledge(response);
    } else if (response.status >= 300) return;
    this.handlers.response(response);
  }

  /** A cancelled INVITE that stays without its 487 is over after 64 × T1 (§9.1). */
  limit(): void {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    this.#giveUp();
    this.#giveUp = this.#expireLater();
  }

  #expireLater(): () => void {
    return this.#timers.after(LIFE_MS, () => {
      if (this.#state === 'completed' || this.#state === 'accepted') return;
      this.#state = 'ended';
      this.#onEnd();
      this.handlers.timeout();
    });
  }

  /** ACK of a refusal: same branch, same Route, To of the answer (§17.1.1.3). */
  #acknowledge(response: Response): void {
    const { uri, headers } = this.request;
    const kept = headers.filter(({ name }) => ['Route', 'From', 'Call-ID', 'Max-Forwards'].includes(name));
    const ack: Request = { kind: 'request', method: 'ACK', uri, body: '', headers: kept };
    prepend(ack, 'Via', first(this.request, 'Via') ?? '');
    ack.headers = [
      ...ack.headers,
      { name: 'To', value: first(response, 'To') ?? '' },
      { name: 'CSeq', value: `${sequenceOf(this.request).number} ACK` },
    ];
    this.#acknowledgement = ack;
    this.#send(ack, this.destination);
  }

  /** Timers A and E: an INVITE stops at its first 1xx, another request slows down to T2. */
  #retransmit(intervalMs: number): void {
    this.#timers.after(intervalMs, () => {
      const invite = this.request.method === 'INVITE';
      if (this.#state !== 'calling' && (invite || this.#state !== 'proceeding')) return;
      this.#send(this.request, this.destination);
      this.#retransmit(invite ? 2 * intervalMs : Math.min(2 * intervalMs, T2_MS));
    });
  }
}

/** Matches messages to transactions (§17.1.3, §17.2.3). */
export class Transactions {
  readonly #send: (message: Message, to: Address) => void;
  readonly #timers: Timers;
  readonly #user: TransactionUser;
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();

  constructor(send: (message: Message, to: Address) => void, timers: Timers, user: TransactionUser) {
    this.#send = send;
    this.#timers = timers;
    this.#user = user;
  }

  /** Sends `request`, whose top Via (with a branch of its own) is already there. */
  start(request: Request, destination: Address, handlers: ClientHandlers): void {
    const branch = branchOf(request);
    const key = `${branch} ${request.method}`;
    const client = new ClientTransaction(request, destination, handlers, this.#send, this.#timers, () =>
      this.#clients.delete(key),
    );
    this.#clients.set(key, client);
  }

  /** Cancels an INVITE that has had a 1xx: same branch, its own transaction (§9.1). */
  cancel(invite: Request, destination: Address): void {
    this.#clients.get(`${branchOf(invite)} INVITE`)?.limit();
    const kept = invite.headers.filter(({ name }) => ['Route', 'From', 'To', 'Call-ID', 'Max-Forwards'].includes(name));
    const request: Request = { kind: 'request', method: 'CANCEL', uri: invite.uri, body: '', headers: kept };
    prepend(request, 'Via', first(invite, 'Via') ?? '');
    request.headers = [...request.headers, { name: 'CSeq', value: `${sequenceOf(invite).number} CANCEL` }];
    this.start(request, destination, { response: () => {}, timeout: () => {} });
  }

  /** The INVITE that a CANCEL means. */
  inviteOf(cancel: Request): ServerTransaction | null {
    return this.#servers.get(serverKey(cancel, 'INVITE')) ?? null;
  }

  receive(message: Message, source: Address): void {
    if (message.kind === 'response') {
      const client = this.#clients.get(`${branchOf(message)} ${sequenceOf(message).method}`);
      if (client === undefined) this.#user.stray(message);
      else client.receive(message);
      return;
    }
    const { method } = message;
    const key = serverKey(message, method === 'ACK' ? 'INVITE' : method);
    const known = this.#servers.get(key);
    if (known !== undefined) {
      known.again(message);
      return;
    }
    if (this.#servers.size + this.#clients.size >= MAX_TRANSACTIONS) return;
    markSource(message, source);
    const server = new ServerTransaction(message, source, this.#send, this.#timers, () => this.#servers.delete(key));
    if (method !== 'ACK') this.#servers.set(key, server);
    this.#user.request(message, source, server);
  }
}

const branchOf = (message: Message): string => parameter(first(message, 'Via') ?? '', 'branch') ?? '';

function serverKey(request: Request, method: string): string {
  const via = first(request, 'Via') ?? '';
  const sentBy = via.split(/[\s;]+/)[1] ?? '';
  return `${branchOf(request)} ${sentBy} ${method}`;
}

/** §18.2.1 and RFC 3581: the answer goes back to where the request really came from. */
function markSource(request: Request, source: Address): void {
  const via = (first(request, 'Via') ?? '').replace(/;rport(?=;|$)/i, `;rport=${source.port}`);
  const marked = `${via};received=${source.host}`;
  const index = request.headers.findIndex(({ name }) => name === 'Via');
  request.headers = request.headers.with(index, { name: 'Via', value: marked });
}

/** A response loses the Via of who receives it and passes it on (§16.7 step 3). */
export function withoutTopVia(response: Response): Response {
  const index = response.headers.findIndex(({ name }) => name === 'Via');
  return { ...response, headers: index < 0 ? response.headers : response.headers.toSpliced(index, 1) };
}

/** The Via that we put on what we send. */
export function addVia(request: Request, local: Address): void {
  prepend(request, 'Via', `SIP/2.0/UDP ${local.host}:${local.port};branch=${newBranch()};rport`);
}
