import { assert } from '../kernel/assert.ts';
import type { AgentId, LegId, PlayId, QueueId } from '../kernel/ids.ts';
import type { EndStage, Outcome } from '../kernel/journal.ts';
import type { Instant } from '../kernel/time.ts';

/** A call being presented to one agent. */
export interface Offer {
  readonly agent: AgentId;
  readonly leg: LegId;
  readonly since: Instant;
}

/** Where a call is in its life; each state carries only its own fields. */
export type CallState =
  /** Arrived, not answered yet: waits for the ACK of our answer. */
  | { readonly name: 'ringing' }
  | { readonly name: 'greeted'; readonly play: PlayId }
  | {
      readonly name: 'scenario';
      readonly scenario: string;
      readonly node: string;
      readonly play: PlayId | null;
      readonly attempts: number;
    }
  | { readonly name: 'queued'; readonly queue: QueueId }
  /** Still at its place in the queue, and ringing at one agent or, with `ring-all`, several. Never empty. */
  | { readonly name: 'offered'; readonly queue: QueueId; readonly offers: readonly Offer[] }
  /** In conversation, with an agent or, after a transfer, with an outside party (`agent` null). */
  | { readonly name: 'bridged'; readonly agent: AgentId | null; readonly leg: LegId; readonly direct: boolean }
  | { readonly name: 'held'; readonly agent: AgentId | null; readonly leg: LegId; readonly by: LegId }
  /** The agent asked for a transfer; `agentLeg` is null once that agent's telephone has hung up. */
  | {
      readonly name: 'transferring';
      readonly agent: AgentId | null;
      readonly agentLeg: LegId | null;
      readonly leg: LegId;
      readonly toAgent: AgentId | null;
      /** Who still has the other on hold, should the transfer fail. */
      readonly heldBy: LegId | null;
    }
  /** Being sent to an outside number; its queue, if any, takes it back on failure. */
  | { readonly name: 'overflowing'; readonly leg: LegId; readonly fromQueue: QueueId | null }
  /** Hears a last message, then we hang up. */
  | { readonly name: 'ending'; readonly play: PlayId | null; readonly outcome: Outcome; readonly stage: EndStage }
  | { readonly name: 'ended' };

export type CallStateName = CallState['name'];

/**
 * The total table of moves: row = from, column = to. A missing cell does not compile; `moveCall` asserts each move.
 * A call moves to its own state where its fields change (an offer added, another menu node, who holds).
 */
export const CALL_TABLE: Readonly<Record<CallStateName, Readonly<Record<CallStateName, boolean>>>> = {
  ringing: row('greeted', 'scenario', 'queued', 'overflowing', 'ending', 'ended'),
  greeted: row('scenario', 'queued', 'overflowing', 'ending', 'ended'),
  scenario: row('scenario', 'queued', 'overflowing', 'ending', 'ended'),
  queued: row('queued', 'offered', 'overflowing', 'ending', 'ended'),
  offered: row('queued', 'offered', 'bridged', 'overflowing', 'ending', 'ended'),
  bridged: row('bridged', 'held', 'transferring', 'queued', 'ended'),
  held: row('held', 'bridged', 'transferring', 'queued', 'ended'),
  transferring: row('transferring', 'bridged', 'held', 'queued', 'ended'),
  overflowing: row('bridged', 'queued', 'ending', 'ended'),
  ending: row('ended'),
  ended: row(),
};

function row(...allowed: CallStateName[]): Readonly<Record<CallStateName, boolean>> {
  const cells: Record<CallStateName, boolean> = {
    ringing: false,
    greeted: false,
    scenario: false,
    queued: false,
    offered: false,
    bridged: false,
    held: false,
    transferring: false,
    overflowing: false,
    ending: false,
    ended: false,
  };
  for (const name of allowed) cells[name] = true;
  return cells;
}

/** The next state, asserted against the table: a wrong move is a bug, never an input. */
export function moveCall(from: CallState, to: CallState): CallState {
  assert(CALL_TABLE[from.name][to.name], `call ${from.name} → ${to.name}`);
  assert(to.name !== 'offered' || to.offers.length > 0, 'a call offered to nobody');
  return to;
}

/** Every leg besides the caller's that the state holds. */
export function otherLegs(state: CallState): readonly LegId[] {
  switch (state.name) {
    case 'offered':
      return state.offers.map((offer) => offer.leg);
    case 'bridged':
    case 'held':
    case 'overflowing':
      return [state.leg];
    case 'transferring':
      return state.agentLeg === null ? [state.leg] : [state.leg, state.agentLeg];
    default:
      return [];
  }
}
