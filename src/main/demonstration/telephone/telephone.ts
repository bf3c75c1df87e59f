import { answerChallenge } from '../sip/digest.ts';
import { SipEndpoint } from '../sip/endpoint.ts';
import { first, parameter } from '../sip/message.ts';
import type { Header, Request, Response } from '../sip/message.ts';
import { addVia, randomToken } from '../sip/transactions.ts';
import type { Address, ServerTransaction } from '../sip/transactions.ts';
import { Call } from './call.ts';
import { Sound } from './sound.ts';
import { babble } from './voice.ts';

export interface TelephoneOptions {
  /** Extension, or an outside number. */
  readonly user: string;
  readonly name: string;
  readonly domain: string;
  /** `null`: a telephone of the outside world, which has no account here. */
  readonly password: string | null;
  readonly ipbx: Address;
  readonly pitchHz: number;
  /** A call that arrives; nothing rings until `ring`. Without it, the telephone is always busy. */
  readonly onCall?: (call: Call) => void;
}

/** Calls that a telephone has at the same time: one talking, one ringing, and some room. */
const MAX_CALLS = 4;
const REGISTER_EXPIRES_S = 120;
/** A hang-up needs an answer before the socket closes, so that the far end knows; but not for ever. */
const CLOSE_WAIT_MS = 1_000;

/** A simulated telephone on loopback: its own SIP port, an RTP port for each call. */
export class Telephone {
  readonly options: TelephoneOptions;
  readonly #endpoint: SipEndpoint;
  readonly #calls = new Set<Call>();
  readonly #voice: Buffer;
  /** Given up by their caller, perhaps while the RTP port was being opened. */
  readonly #cancelled = new WeakSet<ServerTransaction>();
  readonly #registerCallId = randomToken();
  readonly #registerTag = randomToken();
  #registerSequence = 0;
  /** Taken by a call whose RTP port is being opened. */
  #opening = 0;
  #closing = false;

  constructor(options: TelephoneOptions) {
    this.options = options;
    this.#voice = babble(options.pitchHz);
    this.#endpoint = new SipEndpoint({
      request: (request, _source, server) => this.#request(request, server),
      stray: () => {},
    });
  }

  get uri(): string {
    return `sip:${this.options.user}@${this.options.domain}`;
  }

  get calls(): ReadonlySet<Call> {
    return this.#calls;
  }

  /** Whether a call besides `but` rings or talks here. */
  busy(but: Call | null = null): boolean {
    for (const call of this.#calls) if (call !== but && call.over === null) return true;
    return false;
  }

  async open(): Promise<void> {
    await this.#endpoint.bind();
  }

  /** Registers and stays registered. Resolves with the IPBX's last word: 200, 403 … */
  async register(expiresS: number = REGISTER_EXPIRES_S): Promise<number> {
    const status = await this.#sendRegister(expiresS);
    if (status === 200 && expiresS > 0 && !this.#closing) {
      this.#endpoint.timers.after((1_000 * expiresS) / 2, () => void this.register(expiresS));
    }
    return status;
  }

  /** Dials; what comes of it is told by the call. Throws when the telephone has no room for another call. */
  async call(number: string): Promise<Call> {
    const { options } = this;
    const call = await this.#newCall(null);
    if (call === null) throw new Error('The telephone has too many calls');
    const from = `"${options.name}" <${this.uri}>`;
    call.dial(`sip:${encodeURI(number)}@${this.#numberDomain()}`, from, options.ipbx);
    return call;
  }

  /** Hangs up, de-registers, closes. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const ends = [...this.#calls].map((call) => call.ended);
    for (const call of this.#calls) call.hangup();
    if (this.options.password !== null) ends.push(this.#sendRegister(0).then(() => ({ by: 'us', status: null })));
    let stop: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      stop = setTimeout(resolve, CLOSE_WAIT_MS);
    });
    await Promise.race([Promise.all(ends), enough]);
    clearTimeout(stop);
    for (const call of this.#calls) call.sound.close();
    await this.#endpoint.close();
  }

  /** The IPBX's own numbers are in its domain, also for who calls from outside; there the trunk has brought the call. */
  #numberDomain(): string {
    const { ipbx, password, domain } = this.options;
    return password === null ? `${ipbx.host}:${ipbx.port}` : domain;
  }

  async #newCall(incoming: ServerTransaction | null): Promise<Call | null> {
    if (this.#closing || this.#calls.size + this.#opening >= MAX_CALLS) return null;
    this.#opening += 1;
    const sound = new Sound(this.#voice);
    const port = await sound.open().finally(() => {
      this.#opening -= 1;
    });
    const { local } = this.#endpoint;
    const call = new Call(
      {
        endpoint: this.#endpoint,
        contact: `sip:${this.options.user}@${local.host}:${local.port}`,
        authorize: (response, request) => this.#authorize(response, request),
        onOver: (over) => this.#calls.delete(over),
      },
      sound,
      port,
      incoming,
    );
    this.#calls.add(call);
    return call;
  }

  #authorize(response: Response, request: Request): Header | null {
    const { user, password } = this.options;
    if (password === null) return null;
    const proxy = response.status === 407;
    const challenge = first(response, proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate');
    const value = answerChallenge(challenge, { user, password }, request.method, request.uri);
    return value === null ? null : { name: proxy ? 'Proxy-Authorization' : 'Authorization', value };
  }

  #request(request: Request, server: ServerTransaction): void {
    const callId = first(request, 'Call-ID');
    const toTag = parameter(first(request, 'To') ?? '', 'tag');
    if (request.method === 'CANCEL') {
      const invite = this.#endpoint.transactions.inviteOf(request);
      server.reply(invite === null ? 481 : 200);
      if (invite !== null) this.#cancelled.add(invite);
      for (const call of this.#calls) if (call.callId === callId) call.cancelled();
      return;
    }
    if (toTag !== null) {
      const call = [...this.#calls].find((one) => one.callId === callId && one.localTag === toTag);
      if (call === undefined) server.reply(481);
      else call.receive(request, server);
    } else if (request.method === 'INVITE') void this.#incoming(server);
    else if (request.method !== 'ACK') server.reply(request.method === 'OPTIONS' ? 200 : 405);
  }

  async #incoming(server: ServerTransaction): Promise<void> {
    const { onCall } = this.options;
    const call = onCall === undefined ? null : await this.#newCall(server);
    if (call === null) server.reply(486);
    else if (this.#cancelled.has(server)) call.cancelled();
    else onCall?.(call);
  }

  #sendRegister(expiresS: number): Promise<number> {
    const { domain, ipbx } = this.options;
    const { local } = this.#endpoint;
    const outcome = Promise.withResolvers<number>();
    const send = (authorization: readonly Header[]): void => {
      this.#registerSequence += 1;
      const request: Request = {
        kind: 'request',
        method: 'REGISTER',
        uri: `sip:${domain}`,
        body: '',
        headers: [
          { name: 'Max-Forwards', value: '70' },
          { name: 'From', value: `<${this.uri}>;tag=${this.#registerTag}` },
          { name: 'To', value: `<${this.uri}>` },
          { name: 'Call-ID', value: this.#registerCallId },
          { name: 'CSeq', value: `${this.#registerSequence} REGISTER` },
          { name: 'Contact', value: `<sip:${this.options.user}@${local.host}:${local.port}>` },
          { name: 'Expires', value: String(expiresS) },
          ...authorization,
        ],
      };
      addVia(request, local);
      this.#endpoint.transactions.start(request, ipbx, {
        response: (response) => {
          if (response.status < 200) return;
          const answer = response.status === 401 && authorization.length === 0 ? this.#authorize(response, request) : null;
          if (answer === null) outcome.resolve(response.status);
          else send([answer]);
        },
        timeout: () => outcome.resolve(408),
      });
    };
    send([]);
    return outcome.promise;
  }
}
