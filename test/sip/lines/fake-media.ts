import type { MediaEffect } from '../../../src/core/kernel/effects.ts';
import { BasculeError } from '../../../src/core/kernel/errors.ts';
import type { LegId } from '../../../src/core/kernel/ids.ts';
import type { Media, MediaAddress, RemoteStream } from '../../../src/ports/media.ts';

/** A data plane without sound: it hands out ports and remembers what it was told. */
export class FakeMedia implements Media {
  readonly open_ = new Map<LegId, MediaAddress>();
  readonly streams = new Map<LegId, RemoteStream>();
  readonly limit: number;
  #next = 40_000;

  constructor(limit = 10_000) {
    this.limit = limit;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }
  open(leg: LegId): MediaAddress {
    const known = this.open_.get(leg);
    if (known !== undefined) return known;
    if (this.open_.size >= this.limit) throw new BasculeError('MED_PORTS', { first: 40_000, last: 40_000 + this.limit });
    const at = { address: '127.0.0.1', port: this.#next };
    this.#next = this.#next >= 60_000 ? 40_000 : this.#next + 2;
    this.open_.set(leg, at);
    return at;
  }
  connect(leg: LegId, remote: RemoteStream): void {
    if (this.open_.has(leg)) this.streams.set(leg, remote);
  }
  close(leg: LegId): void {
    this.open_.delete(leg);
    this.streams.delete(leg);
  }
  perform(_effect: MediaEffect): void {}
  setSilenceLimit(_limit: number): void {}
  status(): { streams: number; portsFree: number; bridges: number } {
    return { streams: this.open_.size, portsFree: this.limit - this.open_.size, bridges: 0 };
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
}
