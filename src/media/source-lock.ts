/** Who may be heard on a port. */
export interface SourcePolicy {
  /** Learn from any address, not only the one in the SDP: for far ends behind NAT, on a network that is trusted. */
  readonly anyAddress: boolean;
  /** Addresses that may send whatever the SDP says: those of the IPBX. */
  readonly trusted: ReadonlySet<string>;
}

/** A source that is not to be learnt before `until`, because what it sends belongs to something else. */
interface FormerSource {
  readonly address: string;
  readonly port: number;
  readonly until: number;
}

/** A call whose BYE was lost may be sent to for as long as the far end's own time-out: a minute covers the usual 30 s. */
const FORMER_CALL_MS = 60_000;
/** After a renegotiation, what was under way when it happened. */
const FORMER_PLACE_MS = 2_000;
const MAX_FORMER = 8;

/** RFC 3550 appendix A.1, MIN_SEQUENTIAL: packets in a row before an unannounced source is believed. */
const MIN_SEQUENTIAL = 2;

/**
 * Symmetric RTP: sound is sent where sound comes from, because a far end behind NAT announces an address that cannot be
 * reached. The first source that is plausible is taken and then no other, so that nobody can steal a conversation by
 * sending to its port: learning lasts until the far end's first packets.
 */
export class SourceLock {
  readonly #policy: SourcePolicy;
  #announced: { readonly address: string; readonly port: number } | null = null;
  #former: FormerSource[] = [];
  /** The source before the last renegotiation, if the SDP stayed the same. */
  #previous: { readonly address: string; readonly port: number } | null = null;
  #candidate = { address: '', port: 0, ssrc: 0, sequence: 0, count: 0 };
  locked = false;
  /** Where to send: the source once known, before that what the SDP says. */
  address = '';
  port = 0;

  constructor(policy: SourcePolicy) {
    this.#policy = policy;
  }

  /** A negotiation ended: learn (again). */
  expect(address: string, port: number, now: number): void {
    const same = this.#announced !== null && this.#announced.address === address && this.#announced.port === port;
    this.#previous = same && this.port !== 0 ? { address: this.address, port: this.port } : null;
    if (!same) {
      if (this.locked) this.#remember(now + FORMER_PLACE_MS);
      this.address = address;
      this.port = port;
    }
    this.#announced = { address, port };
    this.relearn();
  }

  /** The source fell silent: the same rules once more, what it sends is believed at once. */
  relearn(): void {
    if (this.locked) this.#previous = { address: this.address, port: this.port };
    this.locked = false;
    this.#candidate.count = 0;
  }

  /** The port goes to another call: what still comes from here is not that call's. */
  release(now: number): void {
    if (this.locked) this.#remember(now + FORMER_CALL_MS);
    this.locked = false;
    this.#announced = null;
    this.#previous = null;
    this.address = '';
    this.port = 0;
  }

  /** Whether a packet is the far end's. May lock: see `locked` before and after. */
  accept(address: string, port: number, ssrc: number, sequence: number, now: number): boolean {
    if (this.locked) return port === this.port && address === this.address;
    const announced = this.#announced;
    if (announced === null) return false;
    const known = (port === announced.port && address === announced.address) || this.#isPrevious(address, port);
    if (!known && !this.#proven(announced.address, address, port, ssrc, sequence, now)) return false;
    this.locked = true;
    this.address = address;
    this.port = port;
    return true;
  }

  #isPrevious(address: string, port: number): boolean {
    return this.#previous !== null && port === this.#previous.port && address === this.#previous.address;
  }

  #proven(announced: string, address: string, port: number, ssrc: number, sequence: number, now: number): boolean {
    if (address !== announced && !this.#policy.anyAddress && !this.#policy.trusted.has(address)) return false;
    if (this.#former.some((former) => former.until > now && former.port === port && former.address === address)) return false;
    const candidate = this.#candidate;
    const follows =
      candidate.count > 0 &&
      candidate.port === port &&
      candidate.address === address &&
      candidate.ssrc === ssrc &&
      sequence === ((candidate.sequence + 1) & 0xffff);
    this.#candidate = { address, port, ssrc, sequence, count: follows ? candidate.count + 1 : 1 };
    return this.#candidate.count >= MIN_SEQUENTIAL;
  }

  #remember(until: number): void {
    this.#former = [...this.#former.slice(1 - MAX_FORMER), { address: this.address, port: this.port, until }];
  }
}
