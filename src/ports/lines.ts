import type { LineEffect } from '../core/kernel/effects.ts';
import type { LineEvent } from '../core/kernel/events.ts';
import type { LegId, LineId } from '../core/kernel/ids.ts';

/** What a line is doing, for status and metrics. */
export interface LineStatus {
  readonly line: LineId;
  readonly kind: 'sip' | 'analogue';
  readonly registered: boolean;
  /** Why not, in a few words, when not registered. */
  readonly reason: string | null;
  readonly channelsInUse: number;
  readonly channels: number;
}

/**
 * The lines to the PABX, whatever their kind. Orders are given by `perform` and never throw: what goes wrong with a leg
 * comes back as an event. A leg that is no more is ignored, so that late orders do no harm.
 * Every leg ends with exactly one `leg.failed` (an outgoing one, never answered) or `leg.ended`.
 * After `leg.refuse` or `leg.hangup` a `leg.ended` with cause `local` follows (at once is allowed).
 */
export interface Lines {
  /** Opens sockets and registers. Resolves when listening, not when registered: that comes as `line.state`. */
  start(emit: (event: LineEvent) => void): Promise<void>;
  perform(effect: LineEffect): void;
  /** Legs that exist now. */
  legs(): ReadonlySet<LegId>;
  status(): readonly LineStatus[];
  /** While on, new calls get 503 with Retry-After (rule 9: refuse rather than fall silent). */
  refuseNewCalls(on: boolean): void;
  /** De-registers every line, closes sockets. Legs still there are hung up. */
  stop(): Promise<void>;
}
