import { otherLegs } from './call/machine.ts';
import type { CallStateName, Offer } from './call/machine.ts';
import { updateHandling } from './distribution/estimate.ts';
import { assert } from './kernel/assert.ts';
import type { LegId } from './kernel/ids.ts';
import type { EndStage, Outcome } from './kernel/journal.ts';
import { changeAgent } from './site-agents.ts';
import { callRow, journal, moveTo, order, playOnce, queueOf, queueRun, setReservation, stopTalk, tell } from './site-state.ts';
import type { Call, Site } from './site-state.ts';

const STAGE: Readonly<Record<CallStateName, EndStage>> = {
  ringing: 'ringing',
  greeted: 'greeting',
  scenario: 'scenario',
  queued: 'queue',
  offered: 'offer',
  bridged: 'conversation',
  held: 'conversation',
  transferring: 'conversation',
  overflowing: 'queue',
  ending: 'queue',
  ended: 'conversation',
};

function stageOf({ state, answeredAt }: Call): EndStage {
  if (state.name === 'ending') return state.stage;
  return state.name === 'ringing' && answeredAt !== null ? 'greeting' : STAGE[state.name];
}

/** Takes the call off its queue's list and counts how it left; nothing to do when it is in none. */
export function leaveQueue(site: Site, call: Call, how: Outcome): void {
  if (call.place === null || call.queue === null) return;
  const run = queueRun(site, call.queue);
  run.waiting.remove(call.place);
  run.tally[how] += 1;
  call.place = null;
  call.front = false;
  site.seeking.delete(call.id);
  for (const kind of ['review', 'announce']) site.deadlines.cancel(`${kind}:${call.id}`);
}

/** Forgets a leg and hangs it up; what still comes from it is ignored. */
export function dropLeg(site: Site, leg: LegId): void {
  site.legs.delete(leg);
  site.deadlines.cancel(`ring:${leg}`);
  order(site, { type: 'leg.hangup', leg });
}

/** Ends an offer through no doing of the agent. */
export function withdrawOffer(site: Site, call: Call, offer: Offer, why: string): void {
  dropLeg(site, offer.leg);
  tell(site, call, 'offer-cancelled', { agent: offer.agent, leg: offer.leg, detail: why });
  changeAgent(site, offer.agent, { type: 'release' });
}

/** Takes a waiting call back from everybody it rings at; it keeps its place. */
export function takeBack(site: Site, call: Call, why: string): void {
  const { state } = call;
  if (state.name !== 'offered') return;
  for (const offer of state.offers) withdrawOffer(site, call, offer, why);
  moveTo(site, call, { name: 'queued', queue: state.queue });
}

/** The agent's part in a conversation is over: wrap-up as the queue says; the queue learns how long it took. */
export function endAgentPart(site: Site, call: Call, agent: string): void {
  const queue = call.queue === null ? null : queueOf(site, call.queue);
  const wrapUpMs = queue?.wrapUpMs ?? 0;
  if (call.queue !== null) {
    const run = queueRun(site, call.queue);
    assert(run.talking > 0, 'a conversation that ends was counted');
    run.talking -= 1;
    // Since this agent answered: what the caller said to others before is not this agent's work.
    const talkedMs = site.now - (site.agents.get(agent)?.since ?? site.now);
    run.meanHandlingMs = updateHandling(run.meanHandlingMs, talkedMs + wrapUpMs);
  }
  changeAgent(site, agent, { type: 'end-call', wrapUpMs });
}

/** The outcome of a call that ends now, wherever it is (failover.md F3: exactly one). */
function outcomeOf(call: Call, otherwise: Outcome): Outcome {
  if (call.answered) return 'answered';
  if (call.overflowed) return 'overflowed';
  return call.state.name === 'ending' ? call.state.outcome : otherwise;
}

/**
 * Ends a call whatever its state: every leg is hung up, every agent let go, the row closed.
 * `gone` is the leg that hung up by itself; it gets no order.
 */
export function finishCall(
  site: Site,
  call: Call,
  otherwise: Outcome,
  by: 'caller' | 'agent' | 'system',
  gone: LegId | null = null,
): void {
  const { state } = call;
  const stage = stageOf(call);
  const outcome = outcomeOf(call, otherwise);
  stopTalk(site, call);
  leaveQueue(site, call, outcome === 'answered' || outcome === 'overflowed' ? otherwise : outcome);
  if (state.name === 'offered') for (const offer of state.offers) withdrawOffer(site, call, offer, 'caller-gone');
  for (const leg of otherLegs(state)) {
    const role = site.legs.get(leg);
    if (role === undefined) continue;
    if (leg === gone) site.legs.delete(leg);
    else dropLeg(site, leg);
    if (role.role === 'agent') letAgentGo(site, call, leg, role.agent);
  }
  if (call.id === gone) site.legs.delete(call.id);
  else dropLeg(site, call.id);
  for (const kind of ['menu', 'heard']) site.deadlines.cancel(`${kind}:${call.id}`);
  setReservation(site, call, null);
  tell(site, call, 'ended', { detail: `${outcome}/${stage}/${by}` });
  journal(site, { kind: 'call', row: callRow(call, { at: site.now, outcome, stage, by }) });
  journal(site, { kind: 'live-call-ended', call: call.id });
  moveTo(site, call, { name: 'ended' });
  site.calls.delete(call.id);
  site.tally[outcome] += 1;
}

/** An agent on a leg of a call that ends: in conversation, or being called for a transfer. */
function letAgentGo(site: Site, call: Call, leg: LegId, agent: string): void {
  const state = site.agents.get(agent)?.state;
  if (state === undefined || !('leg' in state) || state.leg !== leg) return;
  if (state.name === 'talking') endAgentPart(site, call, agent);
  else changeAgent(site, agent, { type: 'release' });
}

/** A last message, then the end; without a prompt, the end at once. */
export function sayAndEnd(site: Site, call: Call, prompt: string | null, outcome: Outcome): void {
  if (outcome === 'deterred') tell(site, call, 'deterred');
  const { state } = call;
  const stage = stageOf(call);
  if (state.name === 'offered') for (const offer of state.offers) withdrawOffer(site, call, offer, outcome);
  leaveQueue(site, call, outcome);
  if (prompt === null || call.answeredAt === null) {
    moveTo(site, call, { name: 'ending', play: null, outcome, stage });
    finishCall(site, call, outcome, 'system');
    return;
  }
  moveTo(site, call, { name: 'ending', play: playOnce(site, call, [{ prompt }]), outcome, stage });
}
