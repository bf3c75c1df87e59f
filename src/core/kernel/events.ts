import type { Centre } from './centre.ts';
import type { AgentId, CallId, LegId, LineId, PlayId, QueueId } from './ids.ts';
import type { Duration } from './time.ts';

/** Why an outgoing leg was not answered, in the core's words; the SIP status or modem result is translated by the adapter. */
export type FailureCause =
  | 'busy'
  | 'rejected'
  | 'no-answer'
  | 'unreachable'
  | 'unknown-number'
  | 'cancelled'
  | 'line-unavailable'
  | 'error';

/** Who or what ended an established or ringing leg. `lost`: its dialog turned out to be gone. */
export type EndCause = 'remote' | 'local' | 'lost' | 'error';

/** A leg that arrives on a line. Numbers are the user parts as the PABX gave them. */
export interface IncomingLeg {
  readonly type: 'leg.incoming';
  readonly leg: LegId;
  readonly line: LineId;
  /** Asserted identity first (RFC 3325), then From; null when withheld. */
  readonly caller: string | null;
  readonly callerName: string | null;
  readonly dialled: string;
  /** Last diversion (RFC 7044, RFC 5806), if any. */
  readonly diverted: { readonly from: string; readonly reason: string } | null;
}

export type LineEvent =
  | IncomingLeg
  /** The far end rings. */
  | { readonly type: 'leg.ringing'; readonly leg: LegId }
  /** Established both ways: an incoming leg's ACK came, an outgoing one answered. */
  | { readonly type: 'leg.answered'; readonly leg: LegId }
  /** An outgoing leg that never was established; the leg is gone. */
  | { readonly type: 'leg.failed'; readonly leg: LegId; readonly cause: FailureCause; readonly status: number | null }
  /** A leg that existed is gone (hang-up, cancel by the caller, lost dialog). Exactly one of failed/ended per leg. */
  | { readonly type: 'leg.ended'; readonly leg: LegId; readonly cause: EndCause }
  | { readonly type: 'leg.digit'; readonly leg: LegId; readonly digit: string }
  /** The far end put us on hold, or took us back. */
  | { readonly type: 'leg.held'; readonly leg: LegId }
  | { readonly type: 'leg.resumed'; readonly leg: LegId }
  /** The far end asks that its partner be connected to `target` (REFER, or hook flash). `replaces` is opaque to the core. */
  | {
      readonly type: 'leg.transferRequested';
      readonly leg: LegId;
      readonly target: string;
      readonly replaces: string | null;
    }
  /** Outcome of a `leg.direct` order. */
  | { readonly type: 'leg.directFailed'; readonly leg: LegId }
  | { readonly type: 'line.state'; readonly line: LineId; readonly registered: boolean; readonly reason: string | null }
  | { readonly type: 'extension.state'; readonly extension: string; readonly reachable: boolean }
  /** All legs that the line adapter has, sent from time to time: what only one side knows is healed. */
  | { readonly type: 'lines.audit'; readonly legs: ReadonlySet<LegId> };

export type MediaEvent =
  | { readonly type: 'media.finished'; readonly leg: LegId; readonly play: PlayId }
  | { readonly type: 'media.digit'; readonly leg: LegId; readonly digit: string }
  /** No packet from the leg's far end for `forMs`. Sent once per silence. */
  | { readonly type: 'media.silent'; readonly leg: LegId; readonly forMs: Duration };

/** Orders of people, from the CLI, the pages or a feature code. `reply` goes back with the answer. */
export type Order =
  | { readonly kind: 'agent.signIn'; readonly agent: AgentId; readonly extension: string | null }
  | { readonly kind: 'agent.signOut'; readonly agent: AgentId }
  | { readonly kind: 'agent.pause'; readonly agent: AgentId; readonly reason: string }
  | { readonly kind: 'agent.resume'; readonly agent: AgentId }
  | { readonly kind: 'agent.endWrapUp'; readonly agent: AgentId }
  | { readonly kind: 'call.hangup'; readonly call: CallId }
  | { readonly kind: 'call.move'; readonly call: CallId; readonly queue: QueueId }
  | { readonly kind: 'call.reserve'; readonly call: CallId; readonly agent: AgentId; readonly forMs: Duration };

export type SiteEvent =
  | LineEvent
  | MediaEvent
  | { readonly type: 'order'; readonly order: Order; readonly by: string; readonly reply: number | null }
  | { readonly type: 'centre.changed'; readonly centre: Centre }
  /** No new work: new calls are refused, present ones go on. */
  | { readonly type: 'drain'; readonly on: boolean }
  /** Hang up everything now (second Ctrl-C, or the drain's deadline). */
  | { readonly type: 'stop' }
  /** A deadline that `nextDeadline` announced has come. */
  | { readonly type: 'tick' };
