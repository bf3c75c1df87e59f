import { isUtf8 } from 'node:buffer';
import { assert } from '../../../core/kernel/assert.ts';
import { AnsweredTable } from './answered.ts';
import { newCounters } from './counters.ts';
import { Locator, systemResolver } from './dns.ts';
import { LIMITS } from './limits.ts';
import { DONE, type Link, type LinkHandlers } from './link.ts';
import { type OutgoingText, type Pending, PendingTable } from './pending.ts';
import { isProbe, probeText } from './probe.ts';
import { connectionAnswer, datagramAnswer, isInDialog, nextHop, reconnectAnswer } from './routing.ts';
import { cseqMethod, findHeader, isResponse, methodOf, stampVia, statusOf, topVia, transactionKey } from './scan.ts';
import { StreamLink } from './stream.ts';
import { TargetGroup } from './targets.ts';
import type {
  Endpoint,
  FailoverTiming,
  HostPort,
  MessageHandler,
  Protocol,
  TargetStatus,
  TransactionTimers,
  TransportCounters,
  TransportOptions,
  Wire,
} from './types.ts';
import { UdpLink } from './udp.ts';
import { Wheel } from './wheel.ts';

/** Names are asked again this often, so that a change of the site's DNS is followed without a restart. */
const RESOLVE_AGAIN_MS = 60_000;
/** RFC 5626 §4.4.1. */
const PONG_TIMEOUT_MS = 10_000;

/**
 * SIP over UDP, TCP or TLS: RFC 3261 §18, the timers of §17 that sip.js leaves to others, RFC 3581, the keep-alives of
 * RFC 5626 and the failover of RFC 3263. Texts in, texts out; sip.js and a proxy both sit on top of it.
 */
export class SipTransport implements Wire {
  readonly protocol: Protocol;
  readonly counters: TransportCounters = newCounters();
  onMessage: MessageHandler = () => {};
  onError: (error: unknown) => void = () => {};
  onTargetChange: (current: Endpoint | null) => void = () => {};
  onUnreachable: (text: string, target: Endpoint) => void = () => {};

  private readonly options: TransportOptions;
  private readonly failover: FailoverTiming;
  private readonly link: Link;
  private readonly wheel: Wheel;
  private readonly locator: Locator;
  private readonly group: TargetGroup;
  private readonly answered: AnsweredTable;
  private readonly pending: PendingTable;
  /** Where INVITEs went, for their CANCEL and ACK, when routing them anew might say something else. Oldest first. */
  private readonly inviteTargets = new Map<string, Endpoint>();
  private readonly repeats: boolean;
  private intervals: NodeJS.Timeout[] = [];
  private bound: Endpoint | undefined;

  constructor(options: TransportOptions) {
    this.options = options;
    this.protocol = options.protocol;
    const timers: TransactionTimers = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000, ...options.timers };
    // Three copies of a request (0, T1, 3 × T1) are lost by chance on a network that is unfit for calls anyway.
    this.failover = { deadAfterMs: 6 * timers.t1Ms, probeIntervalMs: 10_000, ...options.failover };
    this.repeats = options.protocol === 'UDP' && options.retransmission !== false;
    const now = (): number => performance.now();
    this.wheel = new Wheel(Math.max(2, Math.min(20, Math.floor(timers.t1Ms / 10))), now);
    this.locator = new Locator(options.protocol, options.resolver ?? systemResolver, now);
    this.group = new TargetGroup(options.outbound ?? [], options.protocol, this.locator, now, (current) => {
      this.onTargetChange(current);
    });
    const shared = { timers, wheel: this.wheel, now, counters: this.counters };
    const transmit = (text: string, target: Endpoint): void => this.forget(this.link.transmit(text, target));
    this.answered = new AnsweredTable({ ...shared, transmit });
    const onSilence = (target: Endpoint, sentAt: number): void => this.silent(target, sentAt);
    this.pending = new PendingTable({ ...shared, transmit, onSilence, deadAfterMs: this.failover.deadAfterMs });
    this.link = this.makeLink();
  }

  private makeLink(): Link {
    const { protocol, listen, allowSource = () => true, tls = {}, receiveBufferBytes = 4 * 1_048_576 } = this.options;
    const handlers: LinkHandlers = {
      bytes: (data, source) => this.receive(data, source),
      heard: (source) => this.group.heard(source),
      broken: (target) => this.lost(target, true),
      opened: (target) => this.group.markAlive(target),
    };
    const shared = { listen, handlers, counters: this.counters, allowSource };
    if (protocol === 'UDP') return new UdpLink({ ...shared, receiveBufferBytes });
    return new StreamLink({
      ...shared,
      protocol,
      tls,
      serverName: (target) => this.group.hostOf(target),
      backOffMs: Math.min(500, this.failover.probeIntervalMs),
      backOffMaxMs: Math.max(500, this.failover.probeIntervalMs),
      pongTimeoutMs: this.options.pongTimeoutMs ?? PONG_TIMEOUT_MS,
    });
  }

  get local(): Endpoint {
    assert(this.bound !== undefined, 'the transport was asked for its address before it was started');
    return this.bound;
  }

  /** What is waited for and remembered, for metrics and leak tests. */
  get sizes(): { readonly pending: number; readonly answered: number; readonly wheel: number } {
    return { pending: this.pending.size, answered: this.answered.size, wheel: this.wheel.pending };
  }

  async start(): Promise<void> {
    assert(this.bound === undefined, 'the transport is started once');
    this.bound = await this.link.open();
    this.link.prepare(this.group.all());
    if (!this.group.configured) return;
    await this.resolve();
    this.every(RESOLVE_AGAIN_MS, () => void this.resolve());
    this.every(this.failover.probeIntervalMs, () => this.probe());
    const { keepAliveMs = 0 } = this.options;
    if (keepAliveMs > 0) this.every(keepAliveMs, () => this.keepAlive());
  }

  private every(milliseconds: number, action: () => void): void {
    this.intervals.push(setInterval(action, milliseconds));
  }

  private async resolve(): Promise<void> {
    await this.group.resolve();
    this.link.prepare(this.group.all());
  }

  async stop(): Promise<void> {
    for (const interval of this.intervals) clearInterval(interval);
    this.intervals = [];
    this.pending.clear();
    this.answered.clear();
    this.wheel.clear();
    this.inviteTargets.clear();
    await this.link.close();
  }

  targets(): readonly TargetStatus[] {
    return this.group.status();
  }

  private keepAlive(): void {
    const current = this.group.current();
    if (current !== null) this.link.ping(current);
  }

  private probe(): void {
    this.answered.trim();
    for (const target of this.group.dead()) {
      if (this.link.probe(target)) continue;
      this.counters.sent++;
      this.forget(this.link.transmit(probeText(this.local, target), target));
    }
  }

  /** A message that could not be sent is like one that was lost: the timers deal with both. */
  private forget(sending: Promise<void>): void {
    if (sending !== DONE) sending.catch(() => this.counters.socketErrors++);
  }

  send(text: string): Promise<void> {
    return isResponse(text) ? this.respond(text) : this.request(text);
  }

  sendTo(text: string, target: Endpoint, options?: { readonly retransmit?: boolean }): Promise<void> {
    const repeat = this.protocol === 'UDP' && (options?.retransmit ?? this.repeats);
    if (isResponse(text)) return this.transmitResponse(text, target, repeat);
    return this.transmitRequest(text, target, repeat);
  }

  private respond(text: string): Promise<void> {
    const via = topVia(text)?.via;
    if (via === undefined) return this.unroutable('A response without a usable Via cannot be sent.');
    let place: HostPort;
    if (this.protocol === 'UDP') place = datagramAnswer(via, this.protocol);
    else {
      const same = connectionAnswer(via);
      const open = same === undefined ? undefined : { ...same, protocol: this.protocol };
      if (open !== undefined && this.link.reaches(open)) return this.transmitResponse(text, open, false);
      place = reconnectAnswer(via, this.protocol);
    }
    const literal = this.locator.literal(place) ?? this.locator.known(place)?.[0];
    if (literal !== undefined) return this.transmitResponse(text, literal, this.repeats);
    return this.located(place, (target) => this.transmitResponse(text, target, this.repeats));
  }

  private transmitResponse(text: string, target: Endpoint, repeat: boolean): Promise<void> {
    const via = repeat ? topVia(text)?.via : undefined;
    const method = via === undefined ? undefined : cseqMethod(text);
    const key = via === undefined || method === undefined ? undefined : transactionKey(via, method);
    if (key !== undefined) this.answered.answer(key, statusOf(text), text, target);
    this.counters.sent++;
    return this.link.transmit(text, target);
  }

  private request(text: string): Promise<void> {
    const target = this.knownTarget(text);
    if (target === null) return this.unroutable('The request names no place to be sent to.');
    if ('address' in target) return this.transmitRequest(text, target, this.repeats);
    return this.located(target, (found) => this.transmitRequest(text, found, this.repeats));
  }

  /** Where a request goes: an address, a name still to be looked up, or null. */
  private knownTarget(text: string): Endpoint | HostPort | null {
    const method = methodOf(text);
    // RFC 3261 §9.1 and §17.1.1.3: CANCEL and the ACK of a refusal go where the INVITE went.
    if (this.inviteTargets.size > 0 && (method === 'CANCEL' || method === 'ACK')) {
      const same = this.inviteTargets.get(topVia(text)?.via.branch ?? '');
      if (same !== undefined) return same;
    }
    const { place, routed } = nextHop(text);
    if (this.group.configured) {
      const ours = place === undefined || this.group.names(place.host, place.port);
      // Outside a dialog the configured addresses are the outbound proxy (RFC 3261 §8.1.2), unless a Route says otherwise.
      if (!isInDialog(text) ? ours || !routed : ours && this.locator.literal(place ?? { host: '' }) === undefined) {
        return this.group.current() ?? (this.options.outbound?.[0] as HostPort);
      }
    }
    if (place === undefined) return null;
    const literal = this.locator.literal(place) ?? this.locator.known(place)?.[0];
    if (literal === undefined) return place;
    // Inside a dialog the other of a pair may know it too; the dead one certainly does not answer.
    return this.group.isDead(literal) ? (this.group.current() ?? literal) : literal;
  }

  private transmitRequest(text: string, target: Endpoint, repeat: boolean): Promise<void> {
    this.counters.sent++;
    const method = methodOf(text);
    const watched = repeat || this.protocol !== 'UDP' || this.group.has(target);
    const branch = watched && method !== 'ACK' ? topVia(text)?.via.branch : undefined;
    if (branch !== undefined && (repeat || this.options.retransmission !== false)) {
      this.remember({ text, method, branch }, target, repeat);
    }
    return this.link.transmit(text, target);
  }

  private remember(request: OutgoingText, target: Endpoint, repeat: boolean): void {
    this.pending.add(request, target, repeat);
    if (request.method !== 'INVITE') return;
    this.inviteTargets.set(request.branch, target);
    if (this.inviteTargets.size <= LIMITS.pendingRequests) return;
    const [oldest] = this.inviteTargets.keys();
    this.inviteTargets.delete(oldest as string);
  }

  private async located(place: HostPort, action: (target: Endpoint) => Promise<void>): Promise<void> {
    const [first] = await this.locator.find(place).catch(() => []);
    return first === undefined ? this.unroutable(`The name ${place.host} cannot be resolved.`) : action(first);
  }

  private unroutable(message: string): Promise<void> {
    this.counters.dropped.unroutable++;
    return Promise.reject(new Error(message));
  }

  /** Timers without an answer. Where anything was heard meanwhile, the one request was lost, not the target. */
  private silent(target: Endpoint, sentAt: number): void {
    if (!this.group.has(target) || this.group.heardSince(target, sentAt)) return;
    this.lost(target, false);
  }

  /**
   * RFC 3263 §4.3: what waits for a target that died is sent to the next. `certain` when the network said so: then, and
   * when there is no next, RFC 3261 §18.4 has the transactions fail at once, which sip.js takes as a 503 (§8.1.3.1).
   */
  private lost(target: Endpoint, certain: boolean): void {
    const waiting = this.pending.waitingFor(target);
    const wasAlive = this.group.has(target) && !this.group.isDead(target);
    const other = this.group.markDead(target);
    if (wasAlive && other !== undefined) this.counters.failovers++;
    for (const entry of waiting) {
      if (other !== undefined) this.redirect(entry, other);
      else if (certain) this.fail(entry);
    }
  }

  private redirect(entry: Pending, target: Endpoint): void {
    this.pending.redirect(entry, target);
    const branch = entry.invite ? topVia(entry.text)?.via.branch : undefined;
    if (branch !== undefined) this.inviteTargets.set(branch, target);
  }

  private fail(entry: Pending): void {
    this.pending.forget(entry);
    try {
      this.onUnreachable(entry.text, entry.target);
    } catch (error) {
      this.failed(error);
    }
  }

  private receive(data: Buffer, source: Endpoint): void {
    this.counters.received++;
    // Names in Latin-1 from old exchanges are better shown wrong than lost: one byte stays one character.
    const text = isUtf8(data) ? data.toString('utf8') : data.toString('latin1');
    try {
      if (isResponse(text)) this.receiveResponse(text, source);
      else this.receiveRequest(text, source);
    } catch (error) {
      this.failed(error);
    }
  }

  private receiveRequest(text: string, source: Endpoint): void {
    const first = text.charCodeAt(0);
    if (first <= 32 || first > 126 || text.indexOf('\r\n') < 0) {
      this.counters.dropped['not-sip']++;
      return;
    }
    const top = topVia(text);
    if (top === undefined) {
      this.counters.dropped.via++;
      return;
    }
    if (this.repeats) {
      const method = methodOf(text);
      const key = transactionKey(top.via, method);
      if (key !== undefined && this.answered.absorb(key, method)) return;
    }
    this.deliver(stampVia(text, top, source), source);
  }

  private receiveResponse(text: string, source: Endpoint): void {
    const branch = topVia(text)?.via.branch;
    const method = cseqMethod(text);
    const status = statusOf(text);
    if (branch === undefined || method === undefined || status === 0) {
      this.counters.dropped.via++;
      return;
    }
    if (isProbe(branch)) {
      this.group.answered(source, status);
      return;
    }
    const entry = this.pending.response(branch, method, status);
    if (entry !== undefined && status === 503) this.refused(entry, text, method);
    this.deliver(text, source);
  }

  /**
   * RFC 3261 §21.5.4: a server that says 503 is to be left alone. Proxies also pass on the 503 of one telephone, so
   * only what the IPBX says of itself counts: an answer to REGISTER or OPTIONS, or one with Retry-After.
   */
  private refused(entry: Pending, text: string, method: string): void {
    const itself = method === 'REGISTER' || method === 'OPTIONS' || findHeader(text, 'retry-after') !== undefined;
    if (itself && this.group.markDead(entry.target, true) !== undefined) this.counters.failovers++;
  }

  private deliver(text: string, source: Endpoint): void {
    try {
      this.onMessage(text, source);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Whatever one message provokes, the daemon goes on with the next. */
  private failed(error: unknown): void {
    this.counters.dropped.handler++;
    this.onError(error);
  }
}
