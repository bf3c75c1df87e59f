import {
  type DigestAuthentication,
  type IncomingRequestMessage,
  IncomingResponseMessage,
  InviteUserAgentServer,
  type OutgoingRequestMessage,
  type SessionDialog,
  TransactionState,
  TransportError,
  UserAgentCore,
  type UserAgentServer,
} from 'sip.js/lib/core/index.js';
import { malformedAnswer } from '../wire/local-answer.ts';
import { SipRequest } from '../wire/message.ts';
import { parseMessage } from '../wire/parser.ts';
import { cseqMethod, methodOf, topVia } from '../wire/scan.ts';
import type { Endpoint, ParseReason, TransactionTimers } from '../wire/types.ts';
import { makeUri } from '../wire/uri.ts';
import { installAcks } from './ack.ts';
import { allowUpdate, makeAdmission } from './admission.ts';
import { assertSipJs } from './assert-sipjs.ts';
import { Authenticator, installAuthentication, RequestAuthentication } from './authentication.ts';
import { installBranchIds, newCallId, newTag } from './identifiers.ts';
import { coreInternals, dialogInternals, dialogOfRequest, type ServerAgentInternals, transactionInternals } from './internals.ts';
import { MergedRequests } from './merged.ts';
import { releaseAccepted, releaseAnswered } from './release.ts';
import { SilentLoggerFactory } from './silence.ts';
import { prepareContact } from './target-refresh.ts';
import { installTimerGuard } from './timer-guard.ts';
import { installTimers } from './timers.ts';
import { transactionId } from './transaction-id.ts';
import type { UserAgent, UserAgentCoreOptions, UserAgentCounters } from './types.ts';

const SUPPORTED = ['100rel', 'replaces', 'timer'];

let installed = false;

/**
 * Changes what sip.js has for the whole process: constants, static functions and prototypes. Everything else is done on
 * each core. Throws SIP_LIBRARY when sip.js is not the one we know.
 */
function installSipJs(timers: TransactionTimers): void {
  if (!installed) {
    assertSipJs();
    installBranchIds();
    installAcks();
    installAuthentication();
    installTimerGuard();
    allowUpdate();
    installed = true;
  }
  installTimers(timers);
}

/** See `UserAgent`: sip.js's core between our parser and a wire. */
class SipUserAgent implements UserAgent {
  readonly core: UserAgentCore;
  readonly aor;
  readonly contact;
  readonly counters: UserAgentCounters = { malformed: {}, merged: 0, unmatchedResponses: 0, refused: 0, errors: 0 };
  private readonly options: UserAgentCoreOptions;
  private readonly authenticator: Authenticator;
  private readonly merged: MergedRequests;

  constructor(options: UserAgentCoreOptions) {
    this.options = options;
    const { local, protocol } = options.transport;
    const host = options.advertised?.host ?? local.address;
    const port = options.advertised?.port ?? local.port;
    const parameters = protocol === 'UDP' ? {} : { transport: protocol.toLowerCase() };
    this.aor = makeUri(options.user, options.domain);
    this.contact = makeUri(options.contactUser ?? options.user, host, port, parameters);
    this.authenticator = new Authenticator(options.credentials);
    this.core = this.makeCore(`${this.contact.host}:${port}`);
    this.merged = new MergedRequests(this.core, 64 * (options.timers?.t1Ms ?? 500));
    coreInternals(this.core).receiveRequest = makeAdmission({
      core: this.core,
      supported: new Set(this.supported.map((tag) => tag.toLowerCase())),
      merged: this.merged,
      ask: (message) => options.admission?.(message, this.sourceOf(message) as Endpoint) ?? null,
      onRefused: (merged) => {
        if (merged) this.counters.merged++;
        else this.counters.refused++;
      },
    });
    this.makeMessagesOurs();
    options.transport.onMessage = (text, source) => this.receive(text, source);
    options.transport.onUnreachable = (text) => this.unreachable(text);
  }

  private get supported(): readonly string[] {
    return this.options.supported ?? SUPPORTED;
  }

  private makeCore(viaHost: string): UserAgentCore {
    const { options, aor, contact } = this;
    const { delegate, transport } = options;
    return new UserAgentCore(
      {
        aor,
        contact: { uri: contact, pubGruu: undefined, tempGruu: undefined, toString: () => `<${contact.toString()}>` },
        displayName: options.displayName ?? '',
        loggerFactory: new SilentLoggerFactory((error) => this.failed(error)),
        hackViaTcp: false,
        routeSet: [...(options.routeSet ?? [])],
        sipjsId: '',
        supportedOptionTags: [...this.supported],
        supportedOptionTagsResponse: [...this.supported],
        userAgentHeaderFieldValue: options.userAgentHeader ?? 'bascule',
        viaForceRport: true,
        viaHost,
        // sip.js hands it to the guard that `authentication.ts` has replaced, and nowhere else.
        authenticationFactory: () => new RequestAuthentication(this.authenticator) as unknown as DigestAuthentication,
        transportAccessor: () => transport,
      },
      {
        ...delegate,
        onInvite: (request) => {
          // RFC 3261 §19.3; sip.js's own tags come from Math.random.
          (request as unknown as ServerAgentInternals).toTag = newTag();
          if (delegate.onInvite !== undefined) delegate.onInvite(request);
          else request.reject({ statusCode: 480 });
        },
      },
    );
  }

  /** Call-ID and From tag from the generator for secrets, no option tag that we do not have (gruu), credentials in advance. */
  private makeMessagesOurs(): void {
    const { core } = this;
    const make = core.makeOutgoingRequestMessage.bind(core);
    core.makeOutgoingRequestMessage = (method, requestUri, from, to, options, extraHeaders, body): OutgoingRequestMessage => {
      const own = { ...options };
      own.callId ||= newCallId();
      own.fromTag ||= newTag();
      own.optionTags ??= core.configuration.supportedOptionTags;
      const message = make(method, requestUri, from, to, own, extraHeaders, body);
      this.authenticator.anticipate(message);
      return message;
    };
  }

  sourceOf(message: IncomingRequestMessage): Endpoint | undefined {
    return message instanceof SipRequest ? message.source : undefined;
  }

  receive(text: string, source: Endpoint): void {
    const result = parseMessage(text);
    if (!result.ok) this.malformed(text, result.reason, source);
    else if (result.message instanceof IncomingResponseMessage)
      this.guarded(() => this.receiveResponse(result.message as IncomingResponseMessage));
    else this.receiveRequest(result.message, source);
  }

  private malformed(text: string, reason: ParseReason, source: Endpoint): void {
    this.counters.malformed[reason] = (this.counters.malformed[reason] ?? 0) + 1;
    this.options.onMalformed?.(reason, source);
    const answer = malformedAnswer(text, reason);
    // Who sends nonsense may also have sent a Via that leads nowhere.
    if (answer !== undefined) this.options.transport.send(answer).catch(() => {});
  }

  /** Runs what may throw; sip.js and the delegates both do on strange input. True when it went well. */
  private guarded(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  private failed(error: unknown): void {
    this.counters.errors++;
    this.options.onError?.(error);
  }

  private receiveRequest(message: IncomingRequestMessage, source: Endpoint): void {
    if (message instanceof SipRequest) message.source = source;
    message.viaBranch = transactionId(message);
    const fine = this.guarded(() => {
      if (message.method === 'ACK') this.receiveAck(message);
      else this.core.receiveIncomingRequestFromTransport(message);
      if (message.method === 'CANCEL') this.finishCancel(message);
    });
    if (!fine) this.failRequest(message);
  }

  /** RFC 3261 §21.5.1: an error of ours must not leave the caller waiting for 32 s. */
  private failRequest(message: IncomingRequestMessage): void {
    const server = this.core.userAgentServers.get(message.viaBranch) as (UserAgentServer & { rejectable: boolean }) | undefined;
    if (server === undefined || message.method === 'ACK' || message.method === 'CANCEL') return;
    this.guarded(() => {
      if (server.rejectable) server.reject({ statusCode: 500 });
    });
  }

  /** RFC 3261 §9.2: the cancelled INVITE is answered 487, also when its delegate did not think of it. */
  private finishCancel(message: IncomingRequestMessage): void {
    const server = this.core.userAgentServers.get(message.viaBranch);
    if (server instanceof InviteUserAgentServer && server.transaction.state === TransactionState.Proceeding) {
      server.reject({ statusCode: 487 });
    }
  }

  /**
   * RFC 3261 §17.1.1.3: the ACK of a 2xx is a transaction of its own; telephones that give it the INVITE's branch get it
   * to their dialog nevertheless (sip.js drops it, and ends the call after 32 s).
   */
  private receiveAck(message: IncomingRequestMessage): void {
    const dialog = message.toTag ? (dialogOfRequest(this.core, message) as SessionDialog | undefined) : undefined;
    const server = this.core.userAgentServers.get(message.viaBranch);
    if (dialog === undefined || (server !== undefined && server.transaction.state !== TransactionState.Accepted)) {
      this.core.receiveIncomingRequestFromTransport(message);
      return;
    }
    const internals = dialogInternals(dialog);
    const transaction = internals.ackWait ? internals.initialTransaction : dialog.reinviteUserAgentServer?.transaction;
    dialog.receiveRequest(message);
    const settled =
      transaction === internals.initialTransaction
        ? !internals.ackWait
        : dialog.reinviteUserAgentServer?.transaction !== transaction;
    if (transaction !== undefined && settled) releaseAnswered(dialog, transaction, this.merged);
  }

  private receiveResponse(message: IncomingResponseMessage): void {
    const { core } = this;
    const client = core.userAgentClients.get(message.viaBranch + message.method);
    if (client === undefined) {
      this.counters.unmatchedResponses++;
      return;
    }
    prepareContact(core, message);
    core.receiveIncomingResponseFromTransport(message);
    const status = message.statusCode ?? 0;
    if (status < 200) return;
    if (status !== 401 && status !== 407) this.authenticator.succeeded(client.message);
    if (status < 300 && message.method === 'INVITE') releaseAccepted(core, message);
  }

  /** RFC 3261 §18.4: the transaction hears that its request cannot reach anybody, and tells its user 503 (§8.1.3.1). */
  private unreachable(text: string): void {
    const branch = topVia(text)?.via.branch;
    const client =
      branch === undefined ? undefined : this.core.userAgentClients.get(branch + (cseqMethod(text) ?? methodOf(text)));
    if (client === undefined) return;
    this.guarded(() =>
      transactionInternals(client.transaction).onTransportError(new TransportError('The far end cannot be reached.')),
    );
  }

  dispose(): void {
    const { transport } = this.options;
    transport.onMessage = () => {};
    transport.onUnreachable = () => {};
    this.core.dispose();
  }
}

/**
 * Joins sip.js's core to a started wire. One core for each wire, whatever the number of lines on it: requests are matched to
 * dialogs and transactions in one place, and which line a call belongs to is read from the Request-URI by the delegate;
 * the account that answers a challenge is chosen by `credentials` from each request. Throws SIP_LIBRARY.
 */
export function createUserAgentCore(options: UserAgentCoreOptions): UserAgent {
  installSipJs({ t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000, ...options.timers });
  return new SipUserAgent(options);
}
