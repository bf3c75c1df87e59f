import type { MediaEffect } from '../core/kernel/effects.ts';
import type { MediaEvent } from '../core/kernel/events.ts';
import type { LegId } from '../core/kernel/ids.ts';
import type { Duration } from '../core/kernel/time.ts';

export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}

export type Codec = 'PCMA' | 'PCMU';

/** The far end's side of a negotiated stream. */
export interface RemoteStream extends MediaAddress {
  readonly codec: Codec;
  /** Payload type for `codec` (8 and 0 are static). */
  readonly payloadType: number;
  /** RFC 4733 payload type the far end announced; null: none. */
  readonly telephoneEventType: number | null;
  /** What we may send and expect: the far end's `a=` direction seen from us. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
}

/**
 * The data plane, in a worker thread. A stream belongs to a leg and has its name. Orders are posted and never wait:
 * opening takes a port that is already bound. Orders for a stream that is closed are ignored.
 */
export interface Media {
  start(emit: (event: MediaEvent) => void): Promise<void>;
  /** Takes a bound RTP port for the leg. Throws BasculeError MED_PORTS when none is left. Idempotent per leg. */
  open(leg: LegId): MediaAddress;
  /** Where and how to send; called again after each renegotiation. */
  connect(leg: LegId, remote: RemoteStream): void;
  close(leg: LegId): void;
  perform(effect: MediaEffect): void;
  /** `media.silent` is emitted after this long without a packet from a connected leg whose direction expects some. */
  setSilenceLimit(limit: Duration): void;
  status(): { readonly streams: number; readonly portsFree: number; readonly bridges: number };
  stop(): Promise<void>;
}
