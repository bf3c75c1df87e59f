import type { Outcome } from './journal.ts';
import type { AgentId, CallId, CampaignId, LineId, QueueId } from './ids.ts';
import type { Duration, Instant } from './time.ts';

/** The site as people and programs are shown it; computed on demand, never kept. */
export interface SiteView {
  readonly at: Instant;
  readonly draining: boolean;
  readonly queues: readonly QueueView[];
  readonly agents: readonly AgentView[];
  readonly calls: readonly CallView[];
  readonly totals: Totals;
}

/** Since the daemon started. offered = answered + abandoned + overflowed + deterred + lost + calls in progress. */
export interface Totals extends Readonly<Record<Outcome, number>> {
  readonly offered: number;
  readonly inProgress: number;
}

export interface QueueView {
  readonly queue: QueueId;
  readonly name: string;
  readonly waiting: number;
  /** Calls being rung at an agent; they keep their place and count in `waiting` too. */
  readonly ringing: number;
  readonly talking: number;
  readonly longestWaitMs: Duration;
  /** null: not known (no conversation yet, or nobody signed in). */
  readonly estimatedWaitMs: Duration | null;
  readonly agentsReady: number;
  readonly agentsTalking: number;
  readonly agentsPaused: number;
  readonly agentsSignedIn: number;
  readonly totals: Totals;
  /** Share of answered calls within the queue's threshold, 0 to 1; null without any. answered within / answered. */
  readonly serviceLevel: number | null;
  /** Mean wait of answered calls; null without any. */
  readonly asaMs: Duration | null;
}

export type AgentStateName = 'signed-out' | 'ready' | 'reserved' | 'ringing' | 'talking' | 'wrap-up' | 'paused' | 'resting';

export interface AgentView {
  readonly agent: AgentId;
  readonly name: string;
  readonly extension: string;
  readonly state: AgentStateName;
  /** Pause's reason; also shown while a pause is asked for and the call goes on. */
  readonly reason: string | null;
  readonly reachable: boolean;
  readonly since: Instant;
  readonly call: CallId | null;
  readonly callsAnswered: number;
  readonly ringNoAnswers: number;
}

export interface CallView {
  readonly call: CallId;
  readonly state:
    | 'ringing'
    | 'greeted'
    | 'scenario'
    | 'queued'
    | 'offered'
    | 'bridged'
    | 'held'
    | 'transferring'
    | 'overflowing'
    | 'ending';
  readonly campaign: CampaignId | null;
  readonly queue: QueueId | null;
  /** 1: next. */
  readonly position: number | null;
  readonly agent: AgentId | null;
  readonly line: LineId;
  readonly caller: string | null;
  readonly dialled: string;
  readonly arrivedAt: Instant;
  readonly since: Instant;
}
