import { applyToAgent } from './agent/machine.ts';
import type { AgentEvent, AgentRecord } from './agent/machine.ts';
import { assert } from './kernel/assert.ts';
import type { ErrorCode } from './kernel/errors.ts';
import type { FailureCause } from './kernel/events.ts';
import type { AgentId } from './kernel/ids.ts';
import type { AgentSnapshot } from './kernel/journal.ts';
import type { Duration } from './kernel/time.ts';
import { journal, nextId, order, setReservation } from './site-state.ts';
import type { Site } from './site-state.ts';

/** How often an extension that is not there is looked for again. */
const PROBE_EVERY: Duration = 15_000;
/** Rest after a failure that is the line's fault, so that a broken line is not hammered. */
const LINE_FAILURE_REST: Duration = 2_000;
/** Reason of a pause that the site decides (auto-pause). */
export const AUTO_PAUSE_REASON = 'ring-no-answer';

/**
 * One step of an agent, with all that follows from it: journal, deadlines, the sets of free and signed-in agents.
 * Returns the error code of a refusal, null when done.
 */
export function changeAgent(site: Site, id: AgentId, event: AgentEvent, by = 'system'): ErrorCode | null {
  const before = site.agents.get(id);
  assert(before !== undefined, `agent ${id} exists`);
  const { agent, actions, refused } = applyToAgent(before, event, site.now);
  if (refused !== null) return refused;
  for (const { event: kind, reason, call } of actions) {
    journal(site, { kind: 'agent-action', action: nextId(site), agent: id, at: site.now, event: kind, reason, call, by });
  }
  storeAgent(site, before, agent);
  return null;
}

export function setReachable(site: Site, id: AgentId, reachable: boolean): void {
  const before = site.agents.get(id);
  if (before === undefined || before.state.name === 'signed-out') return;
  if (!reachable) site.deadlines.set(`probe:${id}`, site.now + PROBE_EVERY);
  if (before.reachable === reachable) return;
  if (!reachable) {
    journal(site, {
      kind: 'agent-action',
      action: nextId(site),
      agent: id,
      at: site.now,
      event: 'unreachable',
      reason: null,
      call: null,
      by: 'system',
    });
  }
  storeAgent(site, before, { ...before, reachable });
}

/** Asks the PABX whether the agent's extension is there. */
export function probeExtension(site: Site, id: AgentId): void {
  const agent = site.agents.get(id);
  if (agent === undefined || agent.state.name === 'signed-out') return;
  order(site, { type: 'extension.probe', extension: agent.extension });
  if (!agent.reachable) site.deadlines.set(`probe:${id}`, site.now + PROBE_EVERY);
}

/** What an offer's failure means for the agent. */
export function offerFailed(
  site: Site,
  id: AgentId,
  cause: FailureCause,
  rest: { readonly rejectDelayMs: Duration; readonly noAnswerDelayMs: Duration; readonly autoPauseAfter: number },
): void {
  switch (cause) {
    case 'no-answer':
      changeAgent(site, id, {
        type: 'no-answer',
        restMs: rest.noAnswerDelayMs,
        autoPauseAfter: rest.autoPauseAfter,
        pauseReason: AUTO_PAUSE_REASON,
      });
      return;
    case 'busy':
    case 'rejected':
      changeAgent(site, id, { type: 'reject', restMs: rest.rejectDelayMs });
      return;
    case 'unreachable':
    case 'unknown-number':
      setReachable(site, id, false);
      changeAgent(site, id, { type: 'release' });
      return;
    case 'line-unavailable':
    case 'error':
    case 'cancelled':
      changeAgent(site, id, { type: 'reject', restMs: LINE_FAILURE_REST });
      return;
  }
}

const isFree = (agent: AgentRecord): boolean => agent.state.name === 'ready' && agent.reachable;

function storeAgent(site: Site, before: AgentRecord, after: AgentRecord): void {
  if (before === after) return;
  const { id, state } = after;
  site.agents.set(id, after);
  if (isFree(after)) {
    if (!site.free.has(id)) {
      site.free.add(id);
      site.freed.add(id);
    }
  } else {
    site.free.delete(id);
    site.freed.delete(id);
  }
  if (before.state === state) return;
  if (before.state.name === 'wrap-up') site.deadlines.cancel(`wrap:${id}`);
  if (before.state.name === 'resting') site.deadlines.cancel(`rest:${id}`);
  if (state.name === 'wrap-up') site.deadlines.set(`wrap:${id}`, state.until);
  if (state.name === 'resting') site.deadlines.set(`rest:${id}`, state.until);
  if (before.state.name === 'signed-out') {
    site.extensions.set(after.extension, id);
  } else if (state.name === 'signed-out') {
    site.extensions.delete(before.extension);
    site.deadlines.cancel(`probe:${id}`);
    dropReservations(site, id);
    if (!site.centre.agents.has(id)) site.agents.delete(id);
  }
  rememberAcrossRestarts(site, before, after);
}

/** Nobody waits for an agent who has left. */
function dropReservations(site: Site, id: AgentId): void {
  for (const callId of site.reservations.get(id) ?? []) {
    const call = site.calls.get(callId)!;
    setReservation(site, call, null);
    if (call.place !== null) site.seeking.add(callId);
  }
}

/** Only what a restart must find again is written: signed out, paused, or else available. */
function rememberAcrossRestarts(site: Site, before: AgentRecord, after: AgentRecord): void {
  const snapshot = snapshotOf(after);
  const previous = snapshotOf(before);
  if (snapshot.state === previous.state && snapshot.reason === previous.reason && snapshot.extension === previous.extension)
    return;
  journal(site, { kind: 'agent-state', snapshot });
}

function snapshotOf({ id, extension, state, since, afterCall }: AgentRecord): AgentSnapshot {
  const base = { agent: id, extension, since, reason: null };
  if (state.name === 'signed-out' || afterCall?.to === 'sign-out') return { ...base, state: 'signed-out' };
  if (state.name === 'paused') return { ...base, state: 'paused', reason: state.reason };
  if (afterCall?.to === 'pause') return { ...base, state: 'paused', reason: afterCall.reason };
  return { ...base, state: 'ready' };
}
