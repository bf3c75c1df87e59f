import type { AgentId, CallId, CampaignId, LegId, LineId, QueueId } from './ids.ts';
import type { Duration, Instant } from './time.ts';

/** The five ends of a call (failover.md F3), and `refused` before it ever was one: unknown number or draining. */
export const OUTCOMES = ['answered', 'abandoned', 'overflowed', 'deterred', 'lost'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Where the call was when it ended. */
export type EndStage = 'ringing' | 'greeting' | 'scenario' | 'queue' | 'offer' | 'conversation';

export type CallEventKind =
  | 'offered'
  | 'answered'
  | 'greeted'
  | 'scenario-entered'
  | 'digit'
  | 'queued'
  | 'agent-offered'
  | 'agent-ringing'
  | 'agent-rejected'
  | 'agent-no-answer'
  | 'agent-unreachable'
  | 'offer-cancelled'
  | 'bridged'
  | 'held'
  | 'resumed'
  | 'transfer-requested'
  | 'transferred'
  | 'transfer-failed'
  | 'requeued'
  | 'moved'
  | 'reserved'
  | 'overflowed'
  | 'deterred'
  | 'ended';

export type AgentActionKind =
  | 'signed-in'
  | 'signed-out'
  | 'ready'
  | 'paused'
  | 'reserved'
  | 'ringing'
  | 'talking'
  | 'wrap-up'
  | 'ring-no-answer'
  | 'rejected'
  | 'unreachable';

/** The row of `calls` as it is now; written when the call arrives and when it ends, same key. */
export interface CallRow {
  readonly call: CallId;
  readonly campaign: CampaignId | null;
  readonly queue: QueueId | null;
  readonly agent: AgentId | null;
  readonly line: LineId;
  readonly caller: string | null;
  readonly dialled: string;
  readonly arrivedAt: Instant;
  readonly answeredAt: Instant | null;
  readonly queuedAt: Instant | null;
  readonly bridgedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly outcome: Outcome | null;
  readonly stage: EndStage | null;
  /** Who hung up: the caller, the agent, us. */
  readonly endedBy: 'caller' | 'agent' | 'system' | null;
  readonly waitMs: Duration | null;
  readonly talkMs: Duration | null;
  readonly holdMs: Duration | null;
  readonly transfers: number;
}

/** What a take-over needs to go on with a call; one row per live call, replaced at every change. */
export interface LiveCall {
  readonly call: CallId;
  readonly campaign: CampaignId | null;
  readonly state: string;
  readonly callerLeg: LegId;
  readonly agentLeg: LegId | null;
  readonly agent: AgentId | null;
  readonly queue: QueueId | null;
  /** Place in the queue: the order key, see distribution/SPEC.md. */
  readonly place: number | null;
  readonly priority: number;
  readonly caller: string | null;
  readonly dialled: string;
  readonly line: LineId;
  readonly arrivedAt: Instant;
  readonly queuedAt: Instant | null;
  readonly bridgedAt: Instant | null;
}

/** The agent as it must be found again after a restart. */
export interface AgentSnapshot {
  readonly agent: AgentId;
  readonly state: 'signed-out' | 'ready' | 'paused';
  readonly reason: string | null;
  readonly extension: string;
  readonly since: Instant;
}

/**
 * What the database is told, in order. Every record has a key of its own (`call`, or `call` and `sequence`, or `action`),
 * so that writing one twice leaves one row.
 */
export type JournalEntry =
  | { readonly kind: 'call'; readonly row: CallRow }
  | {
      readonly kind: 'call-event';
      readonly call: CallId;
      /** 1, 2, 3 … within the call. */
      readonly sequence: number;
      readonly at: Instant;
      readonly event: CallEventKind;
      readonly queue: QueueId | null;
      readonly agent: AgentId | null;
      readonly leg: LegId | null;
      /** Coded detail: a cause, a target kind; never a telephone number. */
      readonly detail: string | null;
    }
  | {
      readonly kind: 'agent-action';
      /** Unique: node's boot, then a counter. */
      readonly action: string;
      readonly agent: AgentId;
      readonly at: Instant;
      readonly event: AgentActionKind;
      readonly reason: string | null;
      readonly call: CallId | null;
      /** Who ordered it: `agent`, `system`, or a user's name. */
      readonly by: string;
    }
  | { readonly kind: 'live-call'; readonly live: LiveCall }
  | { readonly kind: 'live-call-ended'; readonly call: CallId }
  | { readonly kind: 'agent-state'; readonly snapshot: AgentSnapshot };
