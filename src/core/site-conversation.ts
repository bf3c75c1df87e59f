import { otherLegs } from './call/machine.ts';
import type { CallState } from './call/machine.ts';
import { assert } from './kernel/assert.ts';
import type { EndCause, FailureCause } from './kernel/events.ts';
import type { AgentId, LegId } from './kernel/ids.ts';
import { changeAgent, offerFailed, probeExtension, setReachable } from './site-agents.ts';
import { dropLeg, endAgentPart, finishCall, withdrawOffer } from './site-end.ts';
import { agentAnswered, join, offerEnded } from './site-offers.ts';
import { backToQueue, callOut, enterQueue, overflowFailed, requeueFirst } from './site-queue.ts';
import { callOfLeg, endHold, moveTo, order, playLoop, queueOf, queueRun, startHold, stopTalk, tell } from './site-state.ts';
import type { Call, Site } from './site-state.ts';

/** A leg we called was answered. */
export function legAnswered(site: Site, leg: LegId): void {
  const role = site.legs.get(leg);
  const call = callOfLeg(site, leg);
  if (role === undefined || call === null) return;
  const { state } = call;
  if (state.name === 'transferring' && state.leg === leg) return transferAnswered(site, call, state);
  if (role.role === 'agent') return agentAnswered(site, call, leg, role.agent);
  if (state.name !== 'overflowing' || state.leg !== leg) return;
  site.deadlines.cancel(`ring:${leg}`);
  call.overflowed = true;
  call.bridgedAt ??= site.now;
  join(site, call, leg, null);
  tell(site, call, 'bridged', { leg, detail: 'outside' });
}

/** A leg we called rings. */
export function legRinging(site: Site, leg: LegId): void {
  const role = site.legs.get(leg);
  const call = callOfLeg(site, leg);
  if (call === null || role?.role !== 'agent') return;
  const agent = site.agents.get(role.agent);
  if (agent?.state.name !== 'reserved' || agent.state.leg !== leg) return;
  changeAgent(site, role.agent, { type: 'ring' });
  tell(site, call, 'agent-ringing', { agent: role.agent, leg });
}

/** A leg we called came to nothing, or rang for too long (`timedOut`: then we cancel it). */
export function legFailed(site: Site, leg: LegId, cause: FailureCause): void {
  const role = site.legs.get(leg);
  const call = callOfLeg(site, leg);
  if (role === undefined || call === null) return;
  const { state } = call;
  if (state.name === 'transferring' && state.leg === leg) return transferFailed(site, call, state, cause);
  if (role.role === 'agent') return offerEnded(site, call, leg, role.agent, cause);
  if (state.name !== 'overflowing' || state.leg !== leg) return;
  site.legs.delete(leg);
  site.deadlines.cancel(`ring:${leg}`);
  overflowFailed(site, call);
}

/** A leg hung up, or its dialog turned out to be gone. */
export function legEnded(site: Site, leg: LegId, cause: EndCause): void {
  const role = site.legs.get(leg);
  if (role?.role === 'service') return void site.legs.delete(leg);
  const call = callOfLeg(site, leg);
  if (role === undefined || call === null) return;
  const broken = cause === 'lost' || cause === 'error';
  if (role.role === 'caller')
    return broken ? finishCall(site, call, 'lost', 'system', leg) : finishCall(site, call, 'abandoned', 'caller', leg);
  const { state } = call;
  if (state.name === 'transferring' && state.agentLeg === leg) return transfererGone(site, call, state);
  if ((state.name === 'bridged' || state.name === 'held') && state.leg === leg) {
    if (broken && state.agent !== null) return agentSideLost(site, call, leg, state.agent);
    return finishCall(site, call, 'answered', state.agent === null ? 'system' : 'agent', leg);
  }
  legFailed(site, leg, broken ? 'error' : 'rejected');
}

/** The agent's telephone vanished in conversation: the caller goes first to another one. */
function agentSideLost(site: Site, call: Call, leg: LegId, agent: AgentId): void {
  site.legs.delete(leg);
  stopTalk(site, call);
  endAgentPart(site, call, agent);
  setReachable(site, agent, false);
  probeExtension(site, agent);
  relay(site, call);
  requeueFirst(site, call);
}

/** Sound that went straight from one far end to the other comes back here, on the legs that are still there. */
function relay(site: Site, { id, state }: Call): void {
  if (state.name !== 'bridged' || !state.direct) return;
  for (const leg of [id, state.leg]) if (site.legs.has(leg)) order(site, { type: 'leg.relay', leg });
}

/** One party put the other on hold: the other hears the queue's music. */
export function legHeld(site: Site, leg: LegId): void {
  const call = callOfLeg(site, leg);
  if (call?.state.name === 'transferring' && call.state.heldBy === null && call.state.agentLeg === leg) {
    startHold(site, call);
    return moveTo(site, call, { ...call.state, heldBy: leg });
  }
  if (call === null || call.state.name !== 'bridged') return;
  const { state } = call;
  relay(site, call);
  startHold(site, call);
  tell(site, call, 'held', { leg });
  hold(site, call, state.leg, state.agent, leg);
}

/** `by` hears nothing, its partner the music. */
function hold(site: Site, call: Call, partner: LegId, agent: AgentId | null, by: LegId): void {
  moveTo(site, call, { name: 'held', agent, leg: partner, by });
  order(site, { type: 'media.quiet', leg: by });
  playLoop(site, by === call.id ? partner : call.id, call.language, { prompt: holdMusic(site, call) });
}

const holdMusic = (site: Site, call: Call): string =>
  (call.queue === null ? undefined : queueOf(site, call.queue)?.music) ?? 'music';

export function legResumed(site: Site, leg: LegId): void {
  const call = callOfLeg(site, leg);
  if (call?.state.name === 'transferring' && call.state.heldBy === leg) {
    endHold(site, call);
    return moveTo(site, call, { ...call.state, heldBy: null });
  }
  if (call === null || call.state.name !== 'held' || call.state.by !== leg) return;
  endHold(site, call);
  tell(site, call, 'resumed', { leg });
  join(site, call, call.state.leg, call.state.agent);
}

/** The partner of the caller asks to be replaced by `target`: another queue, an agent, or any number of the PABX. */
export function transferRequested(site: Site, leg: LegId, target: string, replaces: string | null): void {
  const call = callOfLeg(site, leg);
  const { state } = call ?? {};
  const conversation = state?.name === 'bridged' || state?.name === 'held' ? state : null;
  if (call === null || conversation === null || conversation.leg !== leg) {
    return order(site, { type: 'leg.transferOutcome', leg, outcome: 'failed' });
  }
  call.transfers += 1;
  tell(site, call, 'transfer-requested', { leg, ...(replaces === null ? {} : { detail: 'attended' }) });
  const queue = replaces === null ? queueForNumber(site, target) : null;
  const toAgent = queue === null ? (site.extensions.get(target) ?? null) : null;
  if (toAgent !== null && !mayTakeOver(site, toAgent, replaces !== null)) {
    tell(site, call, 'transfer-failed', { agent: toAgent, leg, detail: 'busy' });
    return order(site, { type: 'leg.transferOutcome', leg, outcome: 'failed' });
  }
  relay(site, call);
  if (queue !== null) return transferToQueue(site, call, conversation, queue);
  if (toAgent !== null) withdrawRing(site, toAgent);
  const next = callOut(site, call, target, replaces);
  if (toAgent !== null) {
    site.legs.set(next, { role: 'agent', call: call.id, agent: toAgent });
    changeAgent(site, toAgent, { type: 'hand-over', call: call.id, leg: next });
  }
  const heldBy = conversation.name === 'held' ? conversation.by : null;
  moveTo(site, call, { name: 'transferring', agent: conversation.agent, agentLeg: leg, leg: next, toAgent, heldBy });
  order(site, { type: 'leg.transferOutcome', leg, outcome: 'accepted' });
  order(site, { type: 'media.quiet', leg });
  playLoop(site, call.id, call.language, { tone: 'ringback' });
}

function queueForNumber(site: Site, number: string): string | null {
  for (const { numbers, target } of site.centre.campaigns.values()) {
    if (numbers.includes(number) && target.to === 'queue' && site.centre.queues.has(target.queue)) return target.queue;
  }
  return null;
}

/**
 * Whether a caller may be passed on to a signed-in agent. Unannounced, only to one who is free: a paused telephone never
 * rings. After a consultation the two already talk, whatever the agent's state here; only a caller in the way forbids it.
 */
function mayTakeOver(site: Site, agent: AgentId, consulted: boolean): boolean {
  return consulted ? site.agents.get(agent)!.state.name !== 'talking' : site.free.has(agent);
}

/** Takes the call that rings at the agent, if any, away from there; that call looks for somebody else at once. */
export function withdrawRing(site: Site, agent: AgentId): void {
  const ring = site.agents.get(agent)?.state;
  if (ring?.name !== 'reserved' && ring?.name !== 'ringing') return;
  const call = site.calls.get(ring.call);
  assert(call !== undefined, 'the call that rings exists');
  if (call.state.name === 'offered') {
    const offers = call.state.offers.filter(({ leg }) => leg !== ring.leg);
    withdrawOffer(site, call, { agent, leg: ring.leg, since: site.now }, 'agent-left');
    if (offers.length === 0) backToQueue(site, call);
    else moveTo(site, call, { ...call.state, offers });
    return;
  }
  changeAgent(site, agent, { type: 'release' });
  order(site, { type: 'leg.hangup', leg: ring.leg });
  legFailed(site, ring.leg, 'cancelled');
}

function transferToQueue(site: Site, call: Call, from: Extract<CallState, { name: 'bridged' | 'held' }>, queue: string): void {
  order(site, { type: 'leg.transferOutcome', leg: from.leg, outcome: 'connected' });
  releaseTransferer(site, call, from.agent, from.leg);
  tell(site, call, 'transferred', { detail: 'queue' });
  call.agent = null;
  call.tries.clear();
  enterQueue(site, call, queue);
}

/** The agent who transferred is done with the call. */
function releaseTransferer(site: Site, call: Call, agent: AgentId | null, leg: LegId | null): void {
  stopTalk(site, call);
  if (leg !== null) dropLeg(site, leg);
  if (agent !== null) endAgentPart(site, call, agent);
}

function transferAnswered(site: Site, call: Call, state: Extract<CallState, { name: 'transferring' }>): void {
  site.deadlines.cancel(`ring:${state.leg}`);
  if (state.agentLeg !== null) {
    order(site, { type: 'leg.transferOutcome', leg: state.agentLeg, outcome: 'connected' });
    releaseTransferer(site, call, state.agent, state.agentLeg);
  }
  if (state.toAgent !== null) {
    changeAgent(site, state.toAgent, { type: 'answer' }, 'agent');
    if (call.queue !== null) queueRun(site, call.queue).talking += 1;
  }
  call.agent = state.toAgent ?? call.agent;
  join(site, call, state.leg, state.toAgent);
  tell(site, call, 'transferred', { leg: state.leg, ...(state.toAgent === null ? {} : { agent: state.toAgent }) });
}

function transferFailed(site: Site, call: Call, state: Extract<CallState, { name: 'transferring' }>, cause: FailureCause): void {
  site.legs.delete(state.leg);
  site.deadlines.cancel(`ring:${state.leg}`);
  tell(site, call, 'transfer-failed', { leg: state.leg, detail: cause });
  if (state.toAgent !== null) {
    const queue = call.queue === null ? null : queueOf(site, call.queue);
    offerFailed(site, state.toAgent, cause, queue ?? { rejectDelayMs: 0, noAnswerDelayMs: 0, autoPauseAfter: 0 });
  }
  if (state.agentLeg === null) return requeueFirst(site, call);
  order(site, { type: 'leg.transferOutcome', leg: state.agentLeg, outcome: 'failed' });
  if (state.heldBy !== null) return hold(site, call, state.agentLeg, state.agent, state.heldBy);
  endHold(site, call);
  join(site, call, state.agentLeg, state.agent);
}

/** Many telephones hang up as soon as their transfer is accepted; the transfer goes on. */
function transfererGone(site: Site, call: Call, state: Extract<CallState, { name: 'transferring' }>): void {
  assert(state.agentLeg !== null, 'the transferer had a leg');
  site.legs.delete(state.agentLeg);
  releaseTransferer(site, call, state.agent, null);
  moveTo(site, call, { ...state, agent: null, agentLeg: null });
}

/** The leg of `ring:<leg>` rang for too long. */
export function ringTimeout(site: Site, leg: LegId): void {
  if (!site.legs.has(leg)) return;
  order(site, { type: 'leg.hangup', leg });
  legFailed(site, leg, 'no-answer');
}

/** The far ends could not exchange sound themselves: it goes through us again. Told late, of another attempt, it is ordered all the same. */
export function directFailed(site: Site, leg: LegId): void {
  const call = callOfLeg(site, leg);
  if (call === null || call.state.name !== 'bridged' || !call.state.direct) return;
  relay(site, call);
  call.state = { ...call.state, direct: false };
  order(site, { type: 'media.bridge', first: call.id, second: call.state.leg });
}

/** What only one side knows twice in a row is healed: a lost BYE, or a leg that nobody wants. */
export function audit(site: Site, known: ReadonlySet<LegId>): void {
  const suspects = new Set<LegId>();
  for (const leg of site.legs.keys()) if (!known.has(leg)) suspects.add(leg);
  for (const leg of known) if (!site.legs.has(leg)) suspects.add(leg);
  for (const leg of suspects) {
    if (!site.suspects.has(leg)) continue;
    if (!site.legs.has(leg)) order(site, { type: 'leg.hangup', leg });
    else if (isCalling(site, leg)) legFailed(site, leg, 'error');
    else legEnded(site, leg, 'lost');
  }
  site.suspects = suspects;
}

function isCalling(site: Site, leg: LegId): boolean {
  const call = callOfLeg(site, leg);
  if (call === null || leg === call.id) return false;
  const { state } = call;
  return (
    otherLegs(state).includes(leg) &&
    state.name !== 'bridged' &&
    state.name !== 'held' &&
    !(state.name === 'transferring' && state.agentLeg === leg)
  );
}
