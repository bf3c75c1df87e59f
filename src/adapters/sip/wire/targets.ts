import type { Locator } from './dns.ts';
import { bareAddress, defaultPort, endpointKey } from './scan.ts';
import type { Endpoint, HostPort, Protocol, TargetStatus } from './types.ts';

/** Two good answers in a row before a target is used again: one may be the last breath of a host that is going down. */
const ANSWERS_TO_RETURN = 2;

interface Target {
  readonly endpoint: Endpoint;
  /** As configured, for the certificate's name. */
  readonly host: string;
  alive: boolean;
  /** It answers, but with 503: hearing from it is then no proof. */
  refusing: boolean;
  /** Time of the last packet from it. */
  heardAt: number;
  answers: number;
}

/**
 * The IPBX's addresses in order of preference and which of them live. RFC 3263 §4.3: after a failure the next is tried;
 * the preferred one is taken again when probing shows that it is back. Holds no socket and no timer.
 */
export class TargetGroup {
  private readonly hosts: readonly HostPort[];
  private readonly locator: Locator;
  private readonly protocol: Protocol;
  private readonly now: () => number;
  private readonly onChange: (current: Endpoint | null) => void;
  private targets: Target[] = [];
  private announced: string | null | undefined;

  constructor(
    hosts: readonly HostPort[],
    protocol: Protocol,
    locator: Locator,
    now: () => number,
    onChange: (current: Endpoint | null) => void,
  ) {
    this.hosts = hosts;
    this.protocol = protocol;
    this.locator = locator;
    this.now = now;
    this.onChange = onChange;
    for (const place of hosts) {
      const literal = locator.literal(place);
      if (literal !== undefined) this.adopt([literal], place.host);
    }
  }

  get configured(): boolean {
    return this.hosts.length > 0;
  }

  /** Asks DNS for the hosts given by name. What was known of an address that stays is kept. Never rejects. */
  async resolve(): Promise<void> {
    const before = this.targets;
    const answers = await Promise.all(this.hosts.map((place) => this.locator.find(place).catch((): readonly Endpoint[] => [])));
    if (answers.every((endpoints) => endpoints.length === 0)) return;
    this.targets = [];
    this.hosts.forEach((place, index) => {
      this.adopt(answers[index] as readonly Endpoint[], place.host, before);
    });
    this.announce();
  }

  private adopt(endpoints: readonly Endpoint[], host: string, before: readonly Target[] = []): void {
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      if (this.find(endpoint) !== undefined) continue;
      const known = before.find((target) => endpointKey(target.endpoint) === key);
      this.targets.push(known ?? { endpoint, host, alive: true, refusing: false, heardAt: 0, answers: 0 });
    }
  }

  private find(endpoint: { readonly address: string; readonly port: number }): Target | undefined {
    return this.targets.find((target) => target.endpoint.port === endpoint.port && target.endpoint.address === endpoint.address);
  }

  /** Where a new request goes. When none lives, the preferred one: a dead target costs a timeout, no target costs the call. */
  current(): Endpoint | null {
    return (this.targets.find((target) => target.alive) ?? this.targets[0])?.endpoint ?? null;
  }

  has(endpoint: Endpoint): boolean {
    return this.find(endpoint) !== undefined;
  }

  /** Whether a URI's host and port name one of the targets, by configured name or by address. */
  names(host: string, port: number | undefined): boolean {
    const wanted = bareAddress(host);
    const actual = port ?? defaultPort(this.protocol);
    if (
      this.hosts.some(
        (place) =>
          bareAddress(place.host) === wanted && (place.port === port || (place.port ?? defaultPort(this.protocol)) === actual),
      )
    )
      return true;
    return this.targets.some((target) => target.endpoint.address === wanted && target.endpoint.port === actual);
  }

  isDead(endpoint: Endpoint): boolean {
    return this.find(endpoint)?.alive === false;
  }

  hostOf(endpoint: Endpoint): string {
    return this.find(endpoint)?.host ?? endpoint.address;
  }

  /** A packet came from there. */
  heard(endpoint: Endpoint): void {
    const target = this.find(endpoint);
    if (target === undefined) return;
    target.heardAt = this.now();
    // What calls us by itself is alive; what refuses us is not made willing by it.
    if (!target.alive && !target.refusing) this.revive(target);
  }

  /** Whether anything came from there after `since`: a lost answer is not a dead target. */
  heardSince(endpoint: Endpoint, since: number): boolean {
    return (this.find(endpoint)?.heardAt ?? 0) > since;
  }

  /** Takes a target out of use. Returns where to go now, undefined when no other lives. */
  markDead(endpoint: Endpoint, refusing = false): Endpoint | undefined {
    const target = this.find(endpoint);
    if (target === undefined) return undefined;
    const other = this.targets.find((candidate) => candidate !== target && candidate.alive);
    // One that still answers 503 is better than none at all.
    if (refusing && other === undefined) return undefined;
    target.alive = false;
    target.refusing = refusing;
    target.answers = 0;
    this.announce();
    return other?.endpoint;
  }

  /** A probe was answered. */
  answered(endpoint: Endpoint, status: number): void {
    const target = this.find(endpoint);
    if (target === undefined || target.alive) return;
    target.answers = status === 503 ? 0 : target.answers + 1;
    if (target.answers >= ANSWERS_TO_RETURN) this.revive(target);
  }

  /** A connection to it opened: proof enough on a stream. */
  markAlive(endpoint: Endpoint): void {
    const target = this.find(endpoint);
    if (target !== undefined && !target.alive) this.revive(target);
  }

  private revive(target: Target): void {
    target.alive = true;
    target.refusing = false;
    this.announce();
  }

  /** Those to be probed. */
  dead(): Endpoint[] {
    return this.targets.filter((target) => !target.alive).map((target) => target.endpoint);
  }

  all(): Endpoint[] {
    return this.targets.map((target) => target.endpoint);
  }

  status(): TargetStatus[] {
    const current = this.current();
    return this.targets.map(({ endpoint, alive }) => ({ endpoint, alive, current: endpoint === current }));
  }

  private announce(): void {
    const living = this.targets.find((target) => target.alive)?.endpoint ?? null;
    const key = living === null ? null : endpointKey(living);
    if (key === this.announced) return;
    const first = this.announced === undefined && living === this.targets[0]?.endpoint;
    this.announced = key;
    // That the preferred target serves is what everybody expects at the beginning.
    if (!first) this.onChange(living);
  }
}
