import { Challenger } from '../sip/digest.ts';
import { SipEndpoint } from '../sip/endpoint.ts';
import { copyOf, first, parameter, parseUri, prepend, remove, removeFirst, set, uriOf, userOf } from '../sip/message.ts';
import type { Request } from '../sip/message.ts';
import { addVia } from '../sip/transactions.ts';
import type { Address, ServerTransaction } from '../sip/transactions.ts';
import { Forwarding } from './forwarding.ts';
import type { Target } from './forwarding.ts';
import { Registrar } from './registrar.ts';

export interface IpbxUser {
  readonly password: string;
  /** May present another number than its own: the call centre shows its agents who calls. */
  readonly service: boolean;
}

export interface IpbxOptions {
  /** Domain of its users, and realm of their passwords. */
  readonly domain: string;
  readonly users: ReadonlyMap<string, IpbxUser>;
  readonly hunt: {
    /** Numbers from outside that lead to the centre. */
    readonly numbers: readonly string[];
    /** Users tried one after the other; the same one may come twice: a refusal is sent back. */
    readonly users: readonly string[];
    /** An attempt is given up after this long of ringing … */
    readonly noAnswerMs: number;
    /** … or of silence. */
    readonly silenceMs: number;
  };
  /** 0, the default, takes any free port. */
  readonly port?: number;
}

/** An extension rings this long at most: above any ring timeout of a call centre, below anybody's patience. */
const EXTENSION_RINGING_MS = 120_000;
const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost']);

/**
 * The establishment's IPBX, small: registrar with digest and stateful, record-routing proxy on loopback. Telephones
 * register as users; outside callers (the trunk: any From of another domain) reach the hunt numbers only; codes that begin
 * with a star are the centre's. Nothing it is asked makes it send beyond loopback.
 */
export class Ipbx {
  readonly #options: IpbxOptions;
  readonly #endpoint: SipEndpoint;
  readonly #registrar = new Registrar();
  readonly #challenger: Challenger;
  readonly #forwardings = new WeakMap<ServerTransaction, Forwarding>();

  constructor(options: IpbxOptions) {
    this.#options = options;
    this.#challenger = new Challenger(options.domain);
    this.#endpoint = new SipEndpoint({
      request: (request, source, server) => this.#request(request, source, server),
      stray: () => {},
    });
  }

  get address(): Address {
    return this.#endpoint.local;
  }

  start(): Promise<void> {
    return this.#endpoint.bind(this.#options.port ?? 0);
  }

  stop(): Promise<void> {
    return this.#endpoint.close();
  }

  /** Users who are registered now. */
  registered(): readonly string[] {
    return this.#registrar.registered(Date.now());
  }

  #request(request: Request, source: Address, server: ServerTransaction): void {
    const { method } = request;
    if (method === 'CANCEL') {
      this.#cancel(request, server);
      return;
    }
    if (Number(first(request, 'Max-Forwards') ?? '70') <= 0) {
      server.reply(483);
      return;
    }
    const routed = this.#takeOwnRoute(request);
    if (parameter(first(request, 'To') ?? '', 'tag') !== null) {
      if (routed) this.#withinDialog(request, server);
      else server.reply(481);
      return;
    }
    if (method === 'ACK') return;
    if (method === 'REGISTER') this.#register(request, source, server);
    else if (method === 'OPTIONS' && userOf(request.uri) === '')
      server.reply(200, [{ name: 'Accept', value: 'application/sdp' }]);
    else this.#route(request, source, server);
  }

  #cancel(request: Request, server: ServerTransaction): void {
    const invite = this.#endpoint.transactions.inviteOf(request);
    if (invite === null) {
      server.reply(481);
      return;
    }
    server.reply(200);
    this.#forwardings.get(invite)?.cancel();
  }

  /** Loose routing (RFC 3261 §16.4): a Route entry that is us has done its work. */
  #takeOwnRoute(request: Request): boolean {
    const route = first(request, 'Route');
    const uri = route === null ? null : parseUri(uriOf(route));
    if (uri === null || uri.port !== this.address.port || !LOOPBACK_HOSTS.has(uri.host)) return false;
    removeFirst(request, 'Route');
    return true;
  }

  /** A request between two telephones that know one another passes through unchanged. */
  #withinDialog(request: Request, server: ServerTransaction): void {
    const target = this.#nextHop(request);
    if (request.method !== 'ACK') {
      if (target === null) server.reply(404);
      else this.#forward(server, { attempts: [() => target], silenceMs: null, noAnswerMs: null, hunt: false });
      return;
    }
    if (target === null) return;
    // An ACK has no answer, hence no transaction: it is passed on each time it comes.
    const ack = copyOf(request);
    addVia(ack, this.address);
    this.#endpoint.send(ack, target.destination);
  }

  #nextHop(request: Request): Target | null {
    const route = first(request, 'Route');
    const uri = parseUri(route === null ? request.uri : uriOf(route));
    if (uri === null || !LOOPBACK_HOSTS.has(uri.host)) return null;
    return { uri: request.uri, destination: { host: '127.0.0.1', port: uri.port } };
  }

  #register(request: Request, source: Address, server: ServerTransaction): void {
    const now = Date.now();
    const user = userOf(first(request, 'To'));
    const verdict = this.#challenger.verify(first(request, 'Authorization'), 'REGISTER', (name) => this.#passwordOf(name), now);
    if (!this.#options.users.has(user) || verdict.outcome === 'wrong' || (verdict.outcome === 'right' && verdict.user !== user)) {
      server.reply(403);
    } else if (verdict.outcome !== 'right') {
      const challenge = this.#challenger.challenge(now, verdict.outcome === 'stale');
      server.reply(401, [{ name: 'WWW-Authenticate', value: challenge }]);
    } else {
      const answer = this.#registrar.register(user, request, source, now);
      server.reply(answer.status, answer.headers);
    }
  }

  #route(request: Request, source: Address, server: ServerTransaction): void {
    const dialled = userOf(request.uri);
    const identified = this.#authenticate(request, source, server);
    if (identified === null) return;
    const caller = identified.user;
    remove(request, 'Route');
    if (request.method === 'INVITE') prepend(request, 'Record-Route', `<sip:${this.address.host}:${this.address.port};lr>`);
    const { hunt, users } = this.#options;
    if (hunt.numbers.includes(dialled) || (dialled.startsWith('*') && caller !== null)) {
      if (request.method !== 'INVITE') server.reply(405);
      else {
        const attempts = hunt.users.map((user) => () => this.#bound(user));
        this.#forward(server, { attempts, silenceMs: hunt.silenceMs, noAnswerMs: hunt.noAnswerMs, hunt: true });
      }
    } else if (!users.has(dialled) || caller === null) server.reply(404);
    else {
      const attempts = [(): Target | null => this.#bound(dialled)];
      this.#forward(server, { attempts, silenceMs: hunt.silenceMs, noAnswerMs: EXTENSION_RINGING_MS, hunt: false });
    }
  }

  /**
   * Who asks: a user who has proved it, or for the trunk nobody (`user` null). What a user sends is recognised by its From, or
   * by the address that the user registered from. `null`: it was challenged or refused.
   */
  #authenticate(request: Request, source: Address, server: ServerTransaction): { readonly user: string | null } | null {
    const now = Date.now();
    const host = parseUri(uriOf(first(request, 'From') ?? ''))?.host ?? '';
    const own = host === this.#options.domain || LOOPBACK_HOSTS.has(host) || this.#registrar.userAt(source, now) !== null;
    if (!own) return { user: null };
    const header = first(request, 'Proxy-Authorization');
    const { outcome, user } = this.#challenger.verify(header, request.method, (name) => this.#passwordOf(name), now);
    if (outcome === 'wrong') {
      server.reply(403);
      return null;
    }
    if (outcome !== 'right') {
      server.reply(407, [{ name: 'Proxy-Authenticate', value: this.#challenger.challenge(now, outcome === 'stale') }]);
      return null;
    }
    remove(request, 'Proxy-Authorization');
    if (this.#options.users.get(user)?.service !== true) {
      if (userOf(first(request, 'From')) !== user) {
        server.reply(403);
        return null;
      }
      // RFC 3325: what the caller says of itself gives way to what the IPBX knows.
      set(request, 'P-Asserted-Identity', `<sip:${user}@${this.#options.domain}>`);
    }
    return { user };
  }

  #passwordOf(user: string): string | null {
    return this.#options.users.get(user)?.password ?? null;
  }

  #bound(user: string): Target | null {
    const binding = this.#registrar.lookup(user, Date.now());
    return binding === null ? null : { uri: binding.contact, destination: binding.source };
  }

  #forward(server: ServerTransaction, plan: ConstructorParameters<typeof Forwarding>[2]): void {
    const forwarding = new Forwarding(this.#endpoint, server, plan);
    this.#forwardings.set(server, forwarding);
    forwarding.start();
  }
}
