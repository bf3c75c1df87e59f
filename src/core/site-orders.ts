import type { AgentEvent } from './agent/machine.ts';
import { BasculeError } from './kernel/errors.ts';
import type { IncomingLeg, Order } from './kernel/events.ts';
import type { AgentId, CallId, LegId, PlayId } from './kernel/ids.ts';
import { AUTO_PAUSE_REASON, changeAgent, probeExtension } from './site-agents.ts';
import { withdrawRing } from './site-conversation.ts';
import { dropLeg, finishCall, leaveQueue, takeBack, withdrawOffer } from './site-end.ts';
import { enterQueue, review, setReview } from './site-queue.ts';
import { moveTo, order as emit, queueOf, setReservation, startPlay, tell } from './site-state.ts';
import type { Call, Site } from './site-state.ts';

/** Does what somebody ordered; a refusal is thrown as a coded error, and nothing has changed. */
export function perform(site: Site, order: Order, by: string): void {
  switch (order.kind) {
    case 'agent.signIn':
      return signIn(site, order.agent, order.extension, by);
    case 'agent.signOut':
      return agentOrder(site, order.agent, { type: 'sign-out' }, by);
    case 'agent.pause':
      return pause(site, order.agent, order.reason, by);
    case 'agent.resume':
      return agentOrder(site, order.agent, { type: 'resume' }, by);
    case 'agent.endWrapUp':
      return agentOrder(site, order.agent, { type: 'end-wrap-up' }, by);
    case 'call.hangup':
      return finishCall(site, callNamed(site, order.call), 'deterred', 'system');
    case 'call.move':
      return moveCallTo(site, waitingCall(site, order.call), order.queue);
    case 'call.reserve':
      return reserve(site, waitingCall(site, order.call), order.agent, order.forMs);
  }
}

function signIn(site: Site, id: AgentId, extension: string | null, by: string): void {
  const agent = site.centre.agents.get(id);
  if (agent === undefined) throw new BasculeError('AGT_UNKNOWN', { id });
  const at = extension ?? agent.extension;
  const other = site.extensions.get(at);
  if (other !== undefined && other !== id) throw new BasculeError('AGT_EXTENSION_TAKEN', { other });
  // A caller was passed on to this telephone: until that is over it could not take another.
  for (const leg of site.legs.values()) {
    if (leg.role === 'outside' && leg.target === at) throw new BasculeError('AGT_BUSY', { id, state: 'talking' });
  }
  agentOrder(site, id, { type: 'sign-in', extension: at }, by);
  probeExtension(site, id);
}

function pause(site: Site, id: AgentId, reason: string, by: string): void {
  const reasons = site.centre.pauseReasons;
  if (reasons.size > 0 && !reasons.has(reason)) {
    throw new BasculeError('AGT_REASON', { reason, reasons: [...reasons.keys()].join(', ') });
  }
  agentOrder(site, id, { type: 'pause', reason }, by);
}

/** An order to an agent; one who was being rung is let go first, so that a paused extension never rings. */
function agentOrder(site: Site, id: AgentId, event: AgentEvent, by: string): void {
  const agent = site.agents.get(id);
  if (agent === undefined) throw new BasculeError('AGT_UNKNOWN', { id });
  if (event.type === 'pause' || event.type === 'sign-out') withdrawRing(site, id);
  const refused = changeAgent(site, id, event, by);
  if (refused !== null) throw new BasculeError(refused, { id });
  if (event.type === 'sign-out') reviewAfterSignOut(site);
}

/** Somebody left: rules on having no agent may now apply to those who wait. */
function reviewAfterSignOut(site: Site): void {
  for (const queue of site.centre.queues.values()) {
    if (!queue.overflow.some(({ when }) => when.kind === 'no-agent')) continue;
    for (const place of [...(site.queues.get(queue.id)?.waiting ?? [])]) review(site, site.calls.get(place.call)!);
  }
}

function callNamed(site: Site, id: CallId): Call {
  const call = site.calls.get(id);
  if (call === undefined) throw new BasculeError('CAL_UNKNOWN', { id });
  return call;
}

function waitingCall(site: Site, id: CallId): Call {
  const call = callNamed(site, id);
  if (call.place === null) throw new BasculeError('CAL_STATE', { id, state: call.state.name });
  return call;
}

function moveCallTo(site: Site, call: Call, queue: string): void {
  if (queueOf(site, queue) === null) throw new BasculeError('CTR_UNKNOWN', { kind: 'queue', id: queue });
  takeBack(site, call, 'moved');
  tell(site, call, 'moved', { detail: queue });
  leaveQueue(site, call, 'overflowed');
  enterQueue(site, call, queue);
}

function reserve(site: Site, call: Call, agent: AgentId, forMs: number): void {
  if (!site.centre.agents.has(agent)) throw new BasculeError('AGT_UNKNOWN', { id: agent });
  const { state } = call;
  if (state.name === 'offered') {
    for (const offer of state.offers) if (offer.agent !== agent) withdrawOffer(site, call, offer, 'reserved');
    const kept = state.offers.filter((offer) => offer.agent === agent);
    moveTo(site, call, kept.length > 0 ? { ...state, offers: kept } : { name: 'queued', queue: state.queue });
  }
  setReservation(site, call, { agent, until: site.now + forMs });
  tell(site, call, 'reserved', { agent });
  site.seeking.add(call.id);
  setReview(site, call, queueOf(site, call.queue!)!);
}

/** True when the call was a feature code dialled by an agent from a known extension; it is then dealt with here. */
export function dialFeatureCode(site: Site, { leg, caller, dialled }: IncomingLeg): boolean {
  const { signIn: inCode, signOut, pause: pauseCode, resume } = site.centre.settings.featureCodes;
  const isPause = pauseCode !== '' && dialled.startsWith(pauseCode);
  if (!isPause && ![inCode, signOut, resume].includes(dialled)) return false;
  const agent = caller === null ? null : agentAt(site, caller);
  if (agent === null) {
    emit(site, { type: 'leg.refuse', leg, refusal: 'unknown-number' });
    return true;
  }
  const [order, said]: readonly [Order, string] =
    dialled === inCode
      ? [{ kind: 'agent.signIn', agent, extension: caller }, 'signed-in']
      : dialled === signOut
        ? [{ kind: 'agent.signOut', agent }, 'signed-out']
        : isPause
          ? [{ kind: 'agent.pause', agent, reason: pauseReason(site, dialled.slice(pauseCode.length)) }, 'paused']
          : [{ kind: 'agent.resume', agent }, 'resumed'];
  let prompt = said;
  try {
    perform(site, order, 'agent');
  } catch (error) {
    if (!(error instanceof BasculeError)) throw error;
    prompt = 'refused';
  }
  site.legs.set(leg, { role: 'service', prompt, play: null });
  emit(site, { type: 'leg.answer', leg });
  return true;
}

/** Whoever is signed in at the extension, else the agent whose telephone it is. */
function agentAt(site: Site, extension: string): AgentId | null {
  const signedIn = site.extensions.get(extension);
  if (signedIn !== undefined) return signedIn;
  for (const agent of site.centre.agents.values()) if (agent.extension === extension) return agent.id;
  return null;
}

/** The reason whose digits follow the pause code; without digits the first one. */
function pauseReason(site: Site, digits: string): string {
  for (const reason of site.centre.pauseReasons.values()) if (digits === '' || reason.digits === digits) return reason.id;
  return digits === '' ? AUTO_PAUSE_REASON : digits;
}

/** The agent who dialled a code hears what came of it, then is hung up. */
export function serviceAnswered(site: Site, leg: LegId): void {
  const role = site.legs.get(leg);
  if (role?.role !== 'service' || role.play !== null) return;
  const [campaign] = site.centre.campaigns.values();
  role.play = startPlay(site, leg, campaign?.language ?? 'fr', [{ prompt: role.prompt }], false);
}

export function serviceHeard(site: Site, leg: LegId, play: PlayId): void {
  const role = site.legs.get(leg);
  if (role?.role === 'service' && role.play === play) dropLeg(site, leg);
}
