import {
  type IncomingResponseMessage,
  type OutgoingRequestMessage,
  type SessionDialog,
  UserAgentClient,
} from 'sip.js/lib/core/index.js';
import { type Challenge, chooseChallenges } from './challenge.ts';
import { type DigestRequest, DigestSession } from './digest.ts';
import { clientInternals, dialogOfOutgoing } from './internals.ts';
import type { Credentials, UserAgentCoreOptions } from './types.ts';

type Kind = 'Authorization' | 'Proxy-Authorization';

/** Realms remembered for use without being asked: one IPBX has one or two. */
const SESSIONS = 16;
/** After so many remembered nonces in a row were refused, the server wants a new one each time, and guessing is a waste. */
const REFUSALS = 3;

const subject = (request: OutgoingRequestMessage): DigestRequest => ({
  method: request.method,
  uri: request.ruri.toRaw(),
  body: typeof request.body === 'string' ? request.body : (request.body?.body ?? ''),
});

interface Remembered {
  session: DigestSession;
  readonly kind: Kind;
  /** Only what was challenged is answered unasked: many proxies let requests inside a dialog pass. */
  readonly methods: Set<string>;
  refusals: number;
}

/**
 * Answers challenges for all accounts of a core (RFC 3261 §22, RFC 7616, RFC 8760), and answers them in advance where the
 * nonce is known: this saves a round trip on every refresh and every call to an agent.
 */
export class Authenticator {
  private readonly credentials: UserAgentCoreOptions['credentials'];
  private readonly sessions = new Map<string, Remembered>();

  constructor(credentials: UserAgentCoreOptions['credentials']) {
    this.credentials = credentials;
  }

  private static key(kind: Kind, realm: string, username: string): string {
    return `${kind}|${realm}|${username}`;
  }

  /** Adds what is known to be asked for. */
  anticipate(request: OutgoingRequestMessage): void {
    // RFC 3261 §22.1: CANCEL is not challenged, the ACK repeats its INVITE's credentials.
    if (this.sessions.size === 0 || request.method === 'ACK' || request.method === 'CANCEL') return;
    this.apply(request, undefined);
  }

  /** Answers a response's challenges in the request's headers; false when none can be answered, or was in vain before. */
  answer(request: OutgoingRequestMessage, response: IncomingResponseMessage, attempt: Attempt): boolean {
    const proxy = response.statusCode === 407;
    const kind: Kind = proxy ? 'Proxy-Authorization' : 'Authorization';
    let some = false;
    for (const challenge of chooseChallenges(response.getHeaders(proxy ? 'proxy-authenticate' : 'www-authenticate'))) {
      const account = this.credentials(request, challenge.realm);
      if (account === null) continue;
      const key = Authenticator.key(kind, challenge.realm, account.username);
      if (!attempt.mayAnswer(key, challenge.stale)) continue;
      this.remember(key, kind, challenge, account, request);
      some = true;
    }
    // Everything answered so far is computed anew: a nonce count that comes twice looks like a replay.
    if (some) this.apply(request, attempt);
    return some;
  }

  private apply(request: OutgoingRequestMessage, attempt: Attempt | undefined): void {
    const values = new Map<Kind, string[]>();
    for (const [key, known] of this.sessions) {
      const wanted = attempt?.has(key) === true || (known.refusals < REFUSALS && known.methods.has(request.method));
      if (!wanted || this.credentials(request, known.session.challenge.realm)?.username !== known.session.username) continue;
      values.set(known.kind, [...(values.get(known.kind) ?? []), known.session.authorize(subject(request))]);
    }
    for (const [kind, lines] of values) request.headers[kind] = lines;
  }

  /** A challenge to what was answered in advance says that the remembered nonce is worth nothing. */
  private remember(key: string, kind: Kind, challenge: Challenge, account: Credentials, request: OutgoingRequestMessage): void {
    const known = this.sessions.get(key);
    if (known === undefined) {
      if (this.sessions.size >= SESSIONS) this.sessions.delete(this.sessions.keys().next().value as string);
      this.sessions.set(key, {
        session: new DigestSession(challenge, account),
        kind,
        methods: new Set([request.method]),
        refusals: 0,
      });
      return;
    }
    if (request.headers[kind] !== undefined) known.refusals++;
    // Built anew even for the same nonce, as the password may have been changed; but the nonce's count goes on.
    const used = known.session.challenge.nonce === challenge.nonce ? known.session.used : 0;
    known.session = new DigestSession(challenge, account, used);
    known.methods.add(request.method);
  }

  /** A final answer that is no challenge: the credentials it bore were good. */
  succeeded(request: OutgoingRequestMessage): void {
    for (const known of this.sessions.values()) {
      const values = request.headers[known.kind];
      if (values?.some((value) => value.includes(`nonce="${known.session.challenge.nonce}"`))) known.refusals = 0;
    }
  }
}

/** What one request has tried. */
export class Attempt {
  /** Realms answered because they asked: a second time only for a stale nonce, and that once (RFC 3261 §22.1). */
  private readonly answered = new Map<string, 'answered' | 'renewed'>();

  has(key: string): boolean {
    return this.answered.has(key);
  }

  mayAnswer(key: string, stale: boolean): boolean {
    const before = this.answered.get(key);
    if (before === undefined) {
      this.answered.set(key, 'answered');
      return true;
    }
    if (before === 'renewed' || !stale) return false;
    this.answered.set(key, 'renewed');
    return true;
  }
}

/** What sip.js's configuration calls a digest authentication: our guard finds its state here. */
export class RequestAuthentication {
  readonly attempt = new Attempt();
  readonly authenticator: Authenticator;

  constructor(authenticator: Authenticator) {
    this.authenticator = authenticator;
  }
}

/** RFC 3261 §22.2: the request goes out again with a higher CSeq; inside a dialog that is the dialog's next. */
function nextSequence(client: UserAgentClient, dialog: SessionDialog | undefined): void {
  const { message } = client;
  message.cseq += 1;
  if (dialog?.localSequenceNumber !== undefined) {
    while (dialog.localSequenceNumber < message.cseq) dialog.incrementLocalSequenceNumber();
    message.cseq = dialog.localSequenceNumber;
  }
  message.setHeader('cseq', `${message.cseq} ${message.method}`);
}

/** Takes the place of sip.js's guard: true lets the response go on to the delegate, false says that it was a challenge. */
function authenticationGuard(this: UserAgentClient, response: IncomingResponseMessage, dialog?: SessionDialog): boolean {
  const internals = clientInternals(this);
  const status = response.statusCode ?? 0;
  if (status !== 401 && status !== 407) return true;
  internals.credentials ??= internals.core.configuration.authenticationFactory();
  const state = internals.credentials;
  if (!(state instanceof RequestAuthentication)) return true;
  if (!state.authenticator.answer(this.message, response, state.attempt)) return true;
  nextSequence(this, dialog ?? dialogOfOutgoing(internals.core, this.message));
  internals.init();
  return false;
}

/**
 * sip.js keeps the last challenge of several, knows MD5 only, takes the 401 behind a proxy's 407 for a loop, starts every
 * request without the nonce it already has, and forgets to count the repeated request in its dialog.
 */
export function installAuthentication(): void {
  Object.assign(UserAgentClient.prototype, { authenticationGuard });
}
