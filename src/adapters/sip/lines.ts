import type { OutgoingRequestMessage, URI } from 'sip.js/lib/core/index.js';
import { assert, unreachable } from '../../core/kernel/assert.ts';
import type { LineEffect } from '../../core/kernel/effects.ts';
import type { LineEvent } from '../../core/kernel/events.ts';
import type { LegId, LineId } from '../../core/kernel/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Lines, LineStatus } from '../../ports/lines.ts';
import type { Log } from '../../ports/log.ts';
import type { Media } from '../../ports/media.ts';
import { isWildcard, localAddressTowards } from './advertise.ts';
import { Arrivals } from './arrivals.ts';
import { joinDirectly } from './direct.ts';
import { resolverOf } from './domain-resolver.ts';
import type { Host } from './host.ts';
import { Leg } from './leg.ts';
import { Line } from './line.ts';
import type { Randomness, SipLinesOptions } from './options.ts';
import { OutgoingCall, targetUri } from './outgoing.ts';
import { ExtensionProbes } from './probe.ts';
import { type Binding, Registration } from './registration.ts';
import { type Settings, settingsOf } from './settings.ts';
import { newCallId } from './sipjs/identifiers.ts';
import { createUserAgentCore } from './sipjs/user-agent.ts';
import type { Credentials, UserAgent } from './sipjs/types.ts';
import { restoreLeg, type SavedLeg, saveLeg } from './snapshot.ts';
import { Sources } from './sources.ts';
import { SipTransport } from './wire/transport.ts';
import type { Endpoint } from './wire/types.ts';

export interface SipLinesNeeds {
  readonly media: Media;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomness: Randomness;
}

type Call = Extract<LineEffect, { type: 'leg.call' }>;

export const createSipLines = (options: SipLinesOptions, needs: SipLinesNeeds): SipLines => new SipLines(options, needs);

/** The lines to the IPBX over SIP. One socket, one user agent, any number of SIP users. */
export class SipLines implements Lines {
  readonly #settings: Settings;
  readonly #needs: SipLinesNeeds;
  readonly #sources: Sources;
  readonly #wire: SipTransport;
  readonly #legs = new Map<LegId, Leg>();
  readonly #byCallId = new Map<string, Leg>();
  #lines: readonly Line[] = [];
  #registrations = new Map<LineId, Registration>();
  #arrivals: Arrivals | null = null;
  #probes: ExtensionProbes | null = null;
  #userAgent: UserAgent | null = null;
  #host: Host | null = null;
  #emit: (event: LineEvent) => void = () => {};
  #cancelAudit: (() => void) | null = null;
  #pending = 0;
  #onIdle: (() => void) | null = null;
  #refusing = false;
  #stopped = false;

  constructor(options: SipLinesOptions, needs: SipLinesNeeds) {
    assert(options.lines.length > 0 && options.ipbx.length > 0, 'SIP lines need a line and an IPBX');
    this.#settings = settingsOf(options);
    this.#needs = needs;
    this.#sources = new Sources(this.#settings, needs.clock, needs.log);
    this.#wire = new SipTransport({
      protocol: options.protocol,
      listen: options.listen,
      outbound: options.ipbx,
      timers: this.#settings.timers,
      allowSource: (address) => this.#sources.allows(address),
      // RFC 5626 §4.4.1 asks for pings at least every two minutes on a stream; they also show a dead IPBX early.
      keepAliveMs: options.protocol === 'UDP' ? 0 : 30_000,
      ...(options.tls && { tls: options.tls }),
      ...(options.failover && { failover: options.failover }),
      resolver: resolverOf(options),
    });
  }

  async start(emit: (event: LineEvent) => void): Promise<void> {
    this.#emit = emit;
    const { log } = this.#needs;
    const wire = this.#wire;
    wire.onError = (error) => log.log('error', 'A SIP message could not be handled', { error: stackOf(error) });
    wire.onTargetChange = (current) => this.#targetChanged(current);
    await this.#sources.start(() => wire.targets());
    await wire.start();
    const advertised = await this.#advertised();
    this.#lines = this.#settings.lines.map((line) => new Line(line, this.#settings.domain, advertised, this.#settings.protocol));
    const userAgent = this.#createUserAgent(advertised);
    this.#userAgent = userAgent;
    const host = this.#makeHost(userAgent);
    this.#host = host;
    this.#arrivals = new Arrivals(host, this.#lines);
    this.#arrivals.refuse(this.#refusing);
    this.#probes = new ExtensionProbes(host);
    for (const line of this.#lines) this.#open(line, host);
    this.#audit();
  }

  perform(effect: LineEffect): void {
    const host = this.#host;
    if (host === null || this.#stopped) return;
    switch (effect.type) {
      case 'leg.call':
        return this.#call(host, effect);
      case 'leg.direct': {
        const first = this.#legs.get(effect.first);
        const second = this.#legs.get(effect.second);
        if (first !== undefined && second !== undefined) joinDirectly(first, second);
        return;
      }
      case 'extension.probe': {
        const line = this.#lines.find((candidate) => candidate.registered) ?? this.#lines[0];
        if (line !== undefined) this.#probes?.ask(effect.extension, line);
        return;
      }
      default: {
        const leg = this.#legs.get(effect.leg);
        // A late order for a leg that is no more.
        if (leg !== undefined) orderLeg(leg, effect);
      }
    }
  }

  legs(): ReadonlySet<LegId> {
    return new Set(this.#legs.keys());
  }

  status(): readonly LineStatus[] {
    return this.#lines.map((line) => line.status());
  }

  /** For tests of leaks and for metrics: everything that is kept per call, and what sip.js and the wire keep. */
  get sizes(): Readonly<Record<string, number>> {
    const core = this.#userAgent?.core;
    return {
      legs: this.#legs.size,
      callIds: this.#byCallId.size,
      pending: this.#pending,
      probes: this.#probes?.size ?? 0,
      dialogs: core?.dialogs.size ?? 0,
      clients: core?.userAgentClients.size ?? 0,
      servers: core?.userAgentServers.size ?? 0,
    };
  }

  get wire(): Pick<SipTransport, 'local' | 'counters' | 'targets'> {
    return this.#wire;
  }

  refuseNewCalls(on: boolean): void {
    this.#refusing = on;
    this.#arrivals?.refuse(on);
  }

  /** What the registrar holds for the line's user. Rejects with SIP_REGISTER or SIP_UNREACHABLE. */
  readBindings(line: LineId): Promise<readonly Binding[]> {
    return this.#registration(line).read();
  }

  /** Removes every contact of the line's user at the registrar, the other node's included. Rejects as `readBindings`. */
  clearBindings(line: LineId): Promise<void> {
    return this.#registration(line).clear();
  }

  /** The leg's dialog written down; null for a leg that is not established or not here. */
  snapshot(leg: LegId): SavedLeg | null {
    const found = this.#legs.get(leg);
    return found === undefined ? null : saveLeg(found);
  }

  /** Goes on with a leg of another node or another run; the far end is told by re-INVITE. False when it cannot be. */
  restore(saved: SavedLeg): boolean {
    const line = this.#lines.find((candidate) => candidate.id === saved.line) ?? this.#lines[0];
    if (this.#host === null || line === undefined || this.#legs.has(saved.leg)) return false;
    try {
      restoreLeg(this.#host, line, saved);
      return true;
    } catch (error) {
      this.#needs.log.log('error', 'A saved leg could not be gone on with', { leg: saved.leg, error: String(error) });
      return false;
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.refuseNewCalls(true);
    this.#cancelAudit?.();
    for (const leg of [...this.#legs.values()]) leg.hangup();
    this.#stopped = true;
    this.#sources.stop();
    const registrations = [...this.#registrations.values()].map((registration) => registration.stop());
    await this.#settled(Promise.all(registrations));
    this.#userAgent?.dispose();
    await this.#wire.stop();
  }

  #registration(line: LineId): Registration {
    const registration = this.#registrations.get(line);
    assert(registration !== undefined, `line ${line} is not configured`);
    return registration;
  }

  /** Until every BYE and de-registration is answered, or the time for it is over. */
  async #settled(registrations: Promise<unknown>): Promise<void> {
    const idle = this.#pending === 0 ? Promise.resolve() : new Promise<void>((resolve) => (this.#onIdle = resolve));
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => (cancel = this.#needs.clock.after(this.#settings.stopWithinMs, resolve)));
    await Promise.race([Promise.all([idle, registrations]), late]);
    cancel();
  }

  async #advertised(): Promise<{ readonly host: string; readonly port: number }> {
    const { advertised, ipbx } = this.#settings;
    if (advertised !== undefined) return advertised;
    const { address, port } = this.#wire.local;
    const first = ipbx[0];
    const found = isWildcard(address) && first !== undefined ? await localAddressTowards(first) : null;
    return { host: found ?? address, port };
  }

  #createUserAgent(advertised: { readonly host: string; readonly port: number }): UserAgent {
    const { log } = this.#needs;
    const first = this.#lines[0];
    assert(first !== undefined, 'there is a first line');
    return createUserAgentCore({
      user: first.options.user,
      contactUser: first.contact.user ?? first.options.user,
      domain: this.#settings.domain,
      advertised,
      transport: this.#wire,
      credentials: (request, realm) => this.#credentials(request, realm),
      delegate: {
        onInvite: (request) => this.#arrivals?.arrive(request),
        // Nobody here reads messages; sip.js would say 200 to them.
        onMessage: (request) => request.reject({ statusCode: 405 }),
      },
      admission: (request) => this.#arrivals?.admit(request) ?? null,
      onError: (error) => log.log('error', 'A SIP message could not be handled', { error: stackOf(error) }),
      userAgentHeader: this.#settings.userAgent,
      timers: this.#settings.timers,
    });
  }

  #makeHost(userAgent: UserAgent): Host {
    const legs = this.#legs;
    const byCallId = this.#byCallId;
    // A call to ourselves through the IPBX has two legs of one Call-ID; the later one keeps the entry.
    const forgetCall = (leg: Leg): void => void (byCallId.get(leg.callId) === leg && byCallId.delete(leg.callId));
    return {
      settings: this.#settings,
      userAgent,
      ...this.#needs,
      emit: (event) => this.#emit(event),
      findCall: (callId) => byCallId.get(callId),
      add: (leg) => {
        legs.set(leg.id, leg);
        byCallId.set(leg.callId, leg);
        leg.line.channelsInUse++;
      },
      remove: (leg) => {
        if (!legs.delete(leg.id)) return;
        forgetCall(leg);
        leg.line.channelsInUse--;
      },
      rename: (leg, callId) => {
        forgetCall(leg);
        leg.callId = callId;
        byCallId.set(callId, leg);
      },
      pending: () => this.#hold(),
      isLocal: (uri) => this.#isLocal(uri),
    };
  }

  #hold(): () => void {
    let held = true;
    this.#pending++;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#pending === 0) this.#onIdle?.();
    };
  }

  #isLocal(uri: URI): boolean {
    const { domain, ipbx } = this.#settings;
    return uri.host === domain.toLowerCase() || ipbx.some(({ host }) => host.toLowerCase() === uri.host);
  }

  /** By the identity that the request claims; inside a dialog that may be any number, then the leg's line says it. */
  #credentials(request: OutgoingRequestMessage, realm: string): Credentials | null {
    const wanted = this.#settings.realm;
    if (wanted !== undefined && wanted !== realm) return null;
    const user = request.from.uri.user;
    const line =
      this.#byCallId.get(request.callId)?.line ??
      this.#lines.find((candidate) => candidate.options.user === user) ??
      // A BYE after the leg's end, in the name of a dialled number.
      this.#lines[0];
    if (line === undefined) return null;
    return { username: line.options.authUser ?? line.options.user, password: line.options.password };
  }

  #open(line: Line, host: Host): void {
    const registration = new Registration(line, host, newCallId());
    this.#registrations.set(line.id, registration);
    if (line.options.register) return registration.refresh();
    // A trunk has no registration that could fail; whether its IPBX answers is known to the wire.
    this.#report(
      line,
      this.#wire.targets().some((target) => target.alive),
    );
  }

  #report(line: Line, up: boolean): void {
    const reason = up ? null : 'no answer from the IPBX';
    if (line.registered === up && line.reason === reason) return;
    line.registered = up;
    line.reason = reason;
    this.#emit({ type: 'line.state', line: line.id, registered: up, reason });
  }

  /** Another address of the IPBX, which knows nothing of us yet; or none at all. */
  #targetChanged(current: Endpoint | null): void {
    if (this.#stopped) return;
    for (const line of this.#lines) {
      if (current === null || !line.options.register) this.#report(line, current !== null);
      if (current !== null) this.#registrations.get(line.id)?.refresh();
    }
  }

  #call(host: Host, order: Call): void {
    if (this.#legs.has(order.leg)) return;
    const line = this.#lineFor(order.line);
    const target = targetUri(order.target, this.#settings.domain);
    if (line === null || target === null) {
      const cause = target === null ? 'unknown-number' : 'line-unavailable';
      return this.#emit({ type: 'leg.failed', leg: order.leg, cause, status: null });
    }
    const leg = new Leg(order.leg, line, host, newCallId(), true);
    host.add(leg);
    try {
      new OutgoingCall(leg, order, target).send();
    } catch (error) {
      this.#needs.log.log('error', 'An outgoing call could not be sent', { leg: leg.id, error: String(error) });
      leg.fail('error', null);
    }
  }

  /** The line that was asked for, or the first that is up; null when it has no channel left. */
  #lineFor(wanted: LineId | null): Line | null {
    const usable = (line: Line): boolean => line.free && line.registered;
    return this.#lines.find((line) => (wanted === null || line.id === wanted) && usable(line)) ?? null;
  }

  #audit(): void {
    this.#cancelAudit = this.#needs.clock.after(this.#settings.auditIntervalMs, () => {
      this.#emit({ type: 'lines.audit', legs: this.legs() });
      this.#audit();
    });
  }
}

type LegOrder = Exclude<LineEffect, { type: 'leg.call' | 'leg.direct' | 'extension.probe' }>;

function orderLeg(leg: Leg, effect: LegOrder): void {
  switch (effect.type) {
    case 'leg.ring':
      return leg.incoming?.ring();
    case 'leg.answer':
      return leg.incoming?.answer();
    case 'leg.refuse':
      return leg.incoming === null ? leg.hangup() : leg.incoming.refuse(effect.refusal);
    case 'leg.hangup':
      return leg.hangup();
    case 'leg.transferOutcome':
      return leg.conversation.transfer.outcome(effect.outcome);
    case 'leg.relay':
      return leg.conversation.relay();
    case 'leg.probe':
      return leg.conversation.probe();
    default:
      return unreachable(effect);
  }
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
