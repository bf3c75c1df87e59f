import type { SipEndpoint } from '../sip/endpoint.ts';
import { first, parameter, responseTo, sequenceOf, uriOf, userOf } from '../sip/message.ts';
import type { Header, Request, Response } from '../sip/message.ts';
import { addVia, randomToken } from '../sip/transactions.ts';
import type { Address, ServerTransaction } from '../sip/transactions.ts';
import { dialogOfAnswer, dialogOfInvite, hopOf, requestWithin } from './dialog.ts';
import type { Dialog } from './dialog.ts';
import { RepeatedAnswer } from './repeated-answer.ts';
import { answering, describe, readDescription } from './sdp.ts';
import type { Direction } from './sdp.ts';
import type { Sound } from './sound.ts';

/** How a call was over. `status`: the refusal, of either side; null once it had been answered. */
export interface CallEnd {
  readonly by: 'us' | 'them';
  readonly status: number | null;
}

export interface CallContext {
  readonly endpoint: SipEndpoint;
  /** Our Contact. */
  readonly contact: string;
  /** The answer to a 401 or 407, `null` without an account. */
  readonly authorize: (response: Response, request: Request) => Header | null;
  readonly onOver: (call: Call) => void;
}

/** How often hold or resume is tried against a far end that changes the call at the same moment (491). */
const GLARE_TRIES = 4;
/** ACKs kept for 2xx that come again; only the latest few can. */
const MAX_ACKS_KEPT = 4;
const ALLOW: Header = { name: 'Allow', value: 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY' };
const SDP_TYPE: Header = { name: 'Content-Type', value: 'application/sdp' };

const isFinal = (response: Response): boolean => response.status >= 200;

/** One conversation of a telephone, from either side, with its sound. */
export class Call {
  readonly callId: string;
  readonly localTag: string;
  /** Who calls, as shown: asserted identity first (RFC 3325). */
  readonly caller: string;
  readonly callerName: string;
  readonly sound: Sound;
  /** Resolves true when both sides are connected, false when that will not happen. */
  readonly answered: Promise<boolean>;
  /** Resolves when the far end knows too: a BYE of ours has been answered. */
  readonly ended: Promise<CallEnd>;
  /** Set as soon as either side has hung up. */
  over: CallEnd | null = null;
  /** The far end has put us on hold. */
  held = false;
  readonly #context: CallContext;
  readonly #resolveAnswered: (answered: boolean) => void;
  readonly #resolveEnded: (end: CallEnd) => void;
  readonly #acks = new Map<number, Request>();
  #port = 0;
  #version = 1;
  #direction: Direction = 'sendrecv';
  #dialog: Dialog | null = null;
  /** The caller's INVITE, or the server transaction of the callee's. */
  #invite: Request | null = null;
  #incoming: ServerTransaction | null = null;
  #destination: Address | null = null;
  #provisional = false;
  #confirmed = false;
  #hungUp = false;
  #renegotiating = false;
  readonly #repeated: RepeatedAnswer;
  #transferred: ((status: number) => void) | null = null;

  constructor(context: CallContext, sound: Sound, port: number, incoming: ServerTransaction | null) {
    this.#context = context;
    this.sound = sound;
    this.#port = port;
    this.#repeated = new RepeatedAnswer(context.endpoint.timers, () => {
      if (this.#dialog !== null) this.#bye(this.#dialog, true);
    });
    this.#incoming = incoming;
    const invite = incoming?.request ?? null;
    const identity = invite === null ? null : (first(invite, 'P-Asserted-Identity') ?? first(invite, 'From'));
    this.callId = (invite === null ? null : first(invite, 'Call-ID')) ?? `${randomToken()}@127.0.0.1`;
    this.localTag = randomToken();
    this.caller = userOf(identity);
    this.callerName = /^\s*"((?:[^"\\]|\\.)*)"/.exec(identity ?? '')?.[1] ?? '';
    const answered = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<CallEnd>();
    this.answered = answered.promise;
    this.ended = ended.promise;
    this.#resolveAnswered = answered.resolve;
    this.#resolveEnded = ended.resolve;
    if (invite !== null) this.#dialog = dialogOfInvite(invite, this.localTag);
  }

  /** Calls `uri` through `destination`. */
  dial(uri: string, from: string, destination: Address, extra: readonly Header[] = []): void {
    const headers: Header[] = [
      { name: 'Max-Forwards', value: '70' },
      { name: 'From', value: `${from};tag=${this.localTag}` },
      { name: 'To', value: `<${uri}>` },
      { name: 'Call-ID', value: this.callId },
      { name: 'CSeq', value: '1 INVITE' },
      ...this.#sessionHeaders(),
      ...extra,
    ];
    this.#destination = destination;
    this.#sendInvite({ kind: 'request', method: 'INVITE', uri, headers, body: this.#describe() });
  }

  /** Tells the caller that it rings. */
  ring(): void {
    if (this.over !== null || this.#incoming === null) return;
    const contact = { name: 'Contact', value: `<${this.#context.contact}>` };
    this.#incoming.respond(responseTo(this.#incoming.request, 180, this.localTag, [contact]));
  }

  answer(): void {
    if (this.over !== null || this.#incoming === null || this.#incoming.answered) return;
    this.#accept(this.#incoming);
  }

  reject(status: number): void {
    if (this.over !== null || this.#incoming === null || this.#incoming.answered) return;
    this.#incoming.respond(responseTo(this.#incoming.request, status, this.localTag));
    this.#finish({ by: 'us', status });
  }

  /** Ends the call whatever its state: refuses, cancels or hangs up. */
  hangup(): void {
    if (this.over !== null || this.#hungUp) return;
    if (this.#incoming !== null && !this.#incoming.answered) {
      this.reject(480);
      return;
    }
    this.#hungUp = true;
    if (this.#dialog === null) this.#cancel();
    // §15: who was called says no BYE before the ACK.
    else if (this.#incoming === null || this.#confirmed) this.#bye(this.#dialog, true);
  }

  /** Puts the far end on hold; false when it refused. */
  hold(): Promise<boolean> {
    return this.#renegotiate('sendonly');
  }

  resume(): Promise<boolean> {
    return this.#renegotiate('sendrecv');
  }

  /** Blind transfer (RFC 3515): resolves with the outcome that the far end reports, or its refusal. */
  transfer(uri: string, referredBy: string): Promise<number> {
    const dialog = this.#dialog;
    if (dialog === null || this.over !== null || this.#transferred !== null) return Promise.resolve(481);
    const outcome = Promise.withResolvers<number>();
    this.#transferred = outcome.resolve;
    const extra = [
      { name: 'Contact', value: `<${this.#context.contact}>` },
      { name: 'Refer-To', value: `<${uri}>` },
      { name: 'Referred-By', value: `<${referredBy}>` },
    ];
    this.#send(dialog, requestWithin(dialog, 'REFER', extra), (response) => {
      if (isFinal(response) && response.status >= 300) outcome.resolve(response.status);
    });
    void this.ended.then(() => outcome.resolve(487));
    return outcome.promise;
  }

  /** A request of this call, from the far end. */
  receive(request: Request, server: ServerTransaction): void {
    const dialog = this.#dialog;
    if (dialog === null || parameter(first(request, 'From') ?? '', 'tag') !== dialog.remoteTag) {
      server.reply(481);
      return;
    }
    const { number } = sequenceOf(request);
    if (request.method === 'ACK') {
      this.#acknowledged(request);
      return;
    }
    // §12.2.2: older than what we have already seen.
    if (number < dialog.remoteSequence) {
      server.reply(500);
      return;
    }
    dialog.remoteSequence = number;
    switch (request.method) {
      case 'BYE':
        server.reply(200);
        this.#finish({ by: 'them', status: null });
        return;
      case 'INVITE':
      case 'UPDATE':
        this.#changed(dialog, request, server);
        return;
      case 'NOTIFY':
        server.reply(200);
        this.#notified(request);
        return;
      case 'INFO':
      case 'OPTIONS':
        server.reply(200, [ALLOW]);
        return;
      default:
        server.reply(405, [ALLOW]);
    }
  }

  /** The caller gave up while it rang here. */
  cancelled(): void {
    if (this.over !== null || this.#incoming === null || this.#incoming.answered) return;
    this.#incoming.respond(responseTo(this.#incoming.request, 487, this.localTag));
    this.#finish({ by: 'them', status: 487 });
  }

  #sessionHeaders(): Header[] {
    return [{ name: 'Contact', value: `<${this.#context.contact}>` }, ALLOW, SDP_TYPE];
  }

  #describe(direction: Direction = this.#direction): string {
    const description = describe(this.#port, direction, this.#version);
    this.#version += 1;
    return description;
  }

  #sendInvite(invite: Request): void {
    const bare = { ...invite };
    addVia(invite, this.#context.endpoint.local);
    this.#invite = invite;
    this.#provisional = false;
    if (this.#destination === null) return;
    this.#context.endpoint.transactions.start(invite, this.#destination, {
      response: (response) => this.#dialled(bare, response),
      timeout: () => this.#finish({ by: 'them', status: 408 }),
    });
  }

  /** An answer to our call. */
  #dialled(bare: Request, response: Response): void {
    if (response.status < 200) {
      this.#provisional = true;
      if (this.#hungUp) this.#cancel();
    } else if (response.status < 300) this.#connected(bare, response);
    else if ((response.status === 401 || response.status === 407) && !this.#hungUp && this.#retried(bare, response)) return;
    else this.#finish({ by: this.#hungUp ? 'us' : 'them', status: response.status });
  }

  /** Sends the INVITE again with the password, once (§22.2). */
  #retried(bare: Request, response: Response): boolean {
    if (sequenceOf(bare).number > 1) return false;
    const authorization = this.#context.authorize(response, bare);
    if (authorization === null) return false;
    const headers = bare.headers.map((header) => (header.name === 'CSeq' ? { name: 'CSeq', value: '2 INVITE' } : header));
    this.#sendInvite({ ...bare, headers: [...headers, authorization] });
    return true;
  }

  #connected(bare: Request, response: Response): void {
    const dialog = dialogOfAnswer(bare, response);
    const number = sequenceOf(bare).number;
    if (this.#dialog !== null && this.#dialog.remoteTag !== dialog.remoteTag) {
      // Two telephones answered (§13.2.2.4): the second is thanked and left.
      this.#acknowledge(dialog, number);
      this.#bye(dialog, false);
      return;
    }
    const again = this.#dialog !== null;
    this.#dialog ??= dialog;
    this.#acknowledge(this.#dialog, number);
    if (again) return;
    if (this.#hungUp) {
      this.#bye(dialog, true);
      return;
    }
    this.#connectSound(response.body);
    this.#resolveAnswered(true);
  }

  /** ACK of a 2xx, the same again each time the 2xx comes again (§13.2.2.4). */
  #acknowledge(dialog: Dialog, number: number): void {
    const hop = hopOf(dialog);
    if (hop === null) return;
    const ack = this.#dialog === dialog ? this.#acks.get(number) : undefined;
    const request = ack ?? requestWithin(dialog, 'ACK', [], '', number);
    if (ack === undefined) addVia(request, this.#context.endpoint.local);
    if (this.#dialog === dialog) this.#acks.set(number, request);
    const [oldest] = this.#acks.keys();
    if (this.#acks.size > MAX_ACKS_KEPT && oldest !== undefined) this.#acks.delete(oldest);
    this.#context.endpoint.send(request, hop);
  }

  #cancel(): void {
    if (!this.#provisional || this.#invite === null || this.#destination === null) return;
    this.#context.endpoint.transactions.cancel(this.#invite, this.#destination);
  }

  #bye(dialog: Dialog, last: boolean): void {
    const known = Promise.withResolvers<void>();
    this.#send(dialog, requestWithin(dialog, 'BYE'), (response) => {
      if (isFinal(response)) known.resolve();
    });
    if (last) this.#finish({ by: 'us', status: null }, known.promise);
  }

  #send(dialog: Dialog, request: Request, onResponse: (response: Response) => void): void {
    const hop = hopOf(dialog);
    if (hop === null) {
      onResponse(responseTo(request, 408, ''));
      return;
    }
    addVia(request, this.#context.endpoint.local);
    this.#context.endpoint.transactions.start(request, hop, {
      response: onResponse,
      timeout: () => onResponse(responseTo(request, 408, '')),
    });
  }

  /** 200 with our session, again and again until its ACK (§13.3.1.4). Without an offer in the request, ours is one. */
  #accept(server: ServerTransaction, direction: Direction = this.#direction): void {
    const { body } = server.request;
    const offered = body === '' ? null : readDescription(body);
    if (body !== '' && offered === null) {
      server.respond(responseTo(server.request, 488, this.localTag));
      if (server === this.#incoming) this.#finish({ by: 'us', status: 488 });
      return;
    }
    const own = offered === null ? direction : answering(offered.direction, direction);
    const session = offered === null ? this.#describe(own) : describe(this.#port, own, this.#version, offered.events);
    this.#version += 1;
    const response = responseTo(server.request, 200, this.localTag, this.#sessionHeaders(), session);
    this.#connectSound(body);
    if (server.request.method !== 'INVITE') server.respond(response);
    else this.#repeated.start(server, response);
  }

  #acknowledged(ack: Request): void {
    this.#repeated.stop();
    this.#confirmed = true;
    if (ack.body !== '') this.#connectSound(ack.body);
    if (this.over !== null) return;
    if (this.#hungUp && this.#dialog !== null) this.#bye(this.#dialog, true);
    else this.#resolveAnswered(true);
  }

  #connectSound(body: string): void {
    const remote = readDescription(body);
    if (remote === null) return;
    this.held = remote.direction === 'sendonly' || remote.direction === 'inactive';
    this.sound.connect(remote);
  }

  /** A re-INVITE or UPDATE: other address, hold, or only a sign of life (RFC 4028). */
  #changed(dialog: Dialog, request: Request, server: ServerTransaction): void {
    if (this.#renegotiating) {
      server.reply(491);
      return;
    }
    const contact = first(request, 'Contact');
    if (contact !== null) dialog.target = uriOf(contact);
    if (request.method === 'UPDATE' && request.body === '') server.reply(200, this.#sessionHeaders().slice(0, 1));
    else this.#accept(server);
  }

  async #renegotiate(direction: Direction): Promise<boolean> {
    for (let attempt = 0; attempt < GLARE_TRIES && this.over === null; attempt += 1) {
      const status = await this.#offer(direction);
      if (status < 300) {
        this.#direction = direction;
        return true;
      }
      if (status !== 491) return false;
      // §14.1: who owns the Call-ID waits 2.1 to 4 s, the other less; ours are short and grow, telephones differ too.
      await new Promise<void>((resolve) => this.#context.endpoint.timers.after(300 * (attempt + 1), resolve));
    }
    return false;
  }

  #offer(direction: Direction): Promise<number> {
    const dialog = this.#dialog;
    if (dialog === null || this.#renegotiating) return Promise.resolve(491);
    this.#renegotiating = true;
    const outcome = Promise.withResolvers<number>();
    const invite = requestWithin(dialog, 'INVITE', this.#sessionHeaders(), this.#describe(direction));
    const { number } = sequenceOf(invite);
    this.#send(dialog, invite, (response) => {
      if (!isFinal(response)) return;
      this.#renegotiating = false;
      if (response.status < 300) {
        const again = this.#acks.has(number);
        this.#acknowledge(dialog, number);
        if (!again) this.#connectSound(response.body);
      }
      outcome.resolve(response.status);
    });
    void this.ended.then(() => outcome.resolve(481));
    return outcome.promise;
  }

  /** Progress of a transfer, as a fragment of a response (RFC 3420). */
  #notified(request: Request): void {
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(request.body)?.[1] ?? '0');
    if (status < 200 || this.#transferred === null) return;
    this.#transferred(status);
    this.#transferred = null;
  }

  /** `known`: when the far end has heard of it; it does already unless we say so. */
  #finish(end: CallEnd, known: Promise<void> | null = null): void {
    if (this.over !== null) return;
    this.over = end;
    this.#repeated.stop();
    this.sound.close();
    this.#resolveAnswered(false);
    const settle = (): void => {
      this.#resolveEnded(end);
      this.#context.onOver(this);
    };
    if (known === null) settle();
    else void known.then(settle);
  }
}
