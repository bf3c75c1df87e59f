import { chooseAgents } from './distribution/choose.ts';
import type { Candidate } from './distribution/strategies/types.ts';
import { suitability } from './distribution/eligibility.ts';
import { comparePlaces } from './distribution/waiting.ts';
import type { Place } from './distribution/waiting.ts';
import { assert } from './kernel/assert.ts';
import type { Queue } from './kernel/centre.ts';
import type { FailureCause } from './kernel/events.ts';
import type { AgentId, CallId, LegId } from './kernel/ids.ts';
import { changeAgent, offerFailed } from './site-agents.ts';
import { leaveQueue, withdrawOffer } from './site-end.ts';
import { backToQueue, demandsOf } from './site-queue.ts';
import { isKept, moveTo, nextId, order, queueOf, queueRun, setReservation, startTalk, tell } from './site-state.ts';
import type { Call, Site } from './site-state.ts';

/** Rest rules for an agent whose queue was removed while it rang. */
const DEFAULT_REST = { rejectDelayMs: 10_000, noAnswerDelayMs: 15_000, autoPauseAfter: 0 };

/** How many callers' last agents are remembered. */
const MAX_LAST_AGENTS = 10_000;

/**
 * The end of every step: whoever became free gets the best waiting call, then every call that looks for somebody gets the
 * best free agent. After it no free agent faces a waiting call that the agent may take (distribution/SPEC.md D1).
 */
export function dispatch(site: Site): void {
  if (site.freed.size > 0) serveFreed(site);
  if (site.seeking.size > 0) serveSeeking(site);
}

/** Several may become free in one step: the first call in the order of service is dealt with first, by its queue's strategy. */
function serveFreed(site: Site): void {
  for (;;) {
    let first: Waiting | null = null;
    for (const agent of site.freed) {
      const found = site.free.has(agent) ? bestFor(site, agent) : null;
      if (found === null) site.freed.delete(agent);
      else if (first === null || goesBefore(found, first)) first = found;
    }
    if (first === null) return;
    offerCall(site, first.call);
  }
}

function serveSeeking(site: Site): void {
  const seeking: Waiting[] = [];
  if (site.free.size > 0) {
    for (const id of site.seeking) {
      const waiting = waitingOf(site, id);
      if (waiting !== null) seeking.push(waiting);
    }
  }
  site.seeking.clear();
  if (seeking.length > 1) seeking.sort((a, b) => (goesBefore(a, b) ? -1 : 1));
  for (const { call } of seeking) {
    if (site.free.size === 0) return;
    offerCall(site, call);
  }
}

/** Everything anew: after a change of settings, where any pair may have become possible. */
export function dispatchAll(site: Site): void {
  for (const queue of site.centre.queues.values()) {
    for (const place of queueRun(site, queue.id).waiting) site.seeking.add(place.call);
  }
}

/** A call that may be offered now, and what its turn depends on. */
interface Waiting {
  readonly call: Call;
  readonly queue: Queue;
  readonly place: Place;
  /** Kept for one agent: it has precedence there, and takes nobody else's turn. */
  readonly personal: boolean;
}

function waitingOf(site: Site, id: CallId): Waiting | null {
  const call = site.calls.get(id);
  const queue = call === undefined || call.queue === null ? null : queueOf(site, call.queue);
  if (call === undefined || queue === null || call.place === null || !mayBeOffered(call, queue)) return null;
  return { call, queue, place: call.place, personal: isKept(site, call) };
}

/** How well the agent may take the call now; null: not at all. */
function fitness(site: Site, agentId: AgentId, call: Call, queue: Queue): number | null {
  if (isKept(site, call) && call.reservation?.agent !== agentId) return null;
  const agent = site.centre.agents.get(agentId);
  if (agent === undefined || call.joinedAt === null) return null;
  return suitability(agent, demandsOf(queue, call), site.now - call.joinedAt);
}

/** A waiting call may be offered; one that rings may be offered to more agents where its queue rings all. */
function mayBeOffered(call: Call, queue: Queue): boolean {
  return call.state.name === 'queued' || (call.state.name === 'offered' && queue.strategy === 'ring-all');
}

/** The call that `agentId`, who is free, takes next: one kept for that agent, else the first that fits, across queues. */
function bestFor(site: Site, agentId: AgentId): Waiting | null {
  let best: Waiting | null = null;
  for (const id of site.reservations.get(agentId) ?? []) {
    const waiting = waitingOf(site, id);
    if (waiting === null || !waiting.personal || fitness(site, agentId, waiting.call, waiting.queue) === null) continue;
    if (best === null || goesBefore(waiting, best)) best = waiting;
  }
  if (best !== null) return best;
  const agent = site.centre.agents.get(agentId);
  if (agent === undefined) return null;
  for (const queue of site.centre.queues.values()) {
    const run = site.queues.get(queue.id);
    if (run === undefined || run.waiting.length === 0 || (best !== null && queue.weight < best.queue.weight)) continue;
    if (suitability(agent, queue.skills, Number.POSITIVE_INFINITY) === null) continue;
    const found = firstFor(site, agentId, queue, run.waiting);
    if (found !== null && (best === null || goesBefore(found, best))) best = found;
  }
  return best;
}

function firstFor(site: Site, agentId: AgentId, queue: Queue, waiting: Iterable<Place>): Waiting | null {
  for (const place of waiting) {
    const call = site.calls.get(place.call);
    assert(call !== undefined, 'a waiting call exists');
    if (mayBeOffered(call, queue) && fitness(site, agentId, call, queue) !== null) return { call, queue, place, personal: false };
  }
  return null;
}

function goesBefore(a: Waiting, b: Waiting): boolean {
  if (a.personal !== b.personal) return a.personal;
  return (b.queue.weight - a.queue.weight || comparePlaces(a.place, b.place)) < 0;
}

function offerCall(site: Site, call: Call): void {
  const queue = call.queue === null ? null : queueOf(site, call.queue);
  if (queue === null || call.place === null || !mayBeOffered(call, queue)) return;
  const candidates: Candidate[] = [];
  for (const id of site.free) {
    const level = fitness(site, id, call, queue);
    if (level === null) continue;
    const { idleSince, callsAnswered } = site.agents.get(id)!;
    const { order: rank } = site.centre.agents.get(id)!;
    candidates.push({ agent: id, idleSince, callsAnswered, order: rank, level, tries: call.tries.get(id) ?? 0 });
  }
  const run = queueRun(site, queue.id);
  const chosen = chooseAgents(queue.strategy, candidates, { lastChosen: run.lastChosen, random: site.random });
  for (const { agent } of chosen) offer(site, call, agent);
}

function offer(site: Site, call: Call, agentId: AgentId): void {
  const { state } = call;
  assert(state.name === 'queued' || state.name === 'offered', 'only a waiting call is offered');
  const queue = queueOf(site, state.queue);
  const agent = site.agents.get(agentId);
  assert(queue !== null && agent !== undefined, 'queue and agent exist');
  const leg = nextId(site);
  site.legs.set(leg, { role: 'agent', call: call.id, agent: agentId });
  changeAgent(site, agentId, { type: 'reserve', call: call.id, leg });
  queueRun(site, queue.id).lastChosen = agentId;
  const offers = state.name === 'offered' ? state.offers : [];
  moveTo(site, call, { name: 'offered', queue: queue.id, offers: [...offers, { agent: agentId, leg, since: site.now }] });
  tell(site, call, 'agent-offered', { agent: agentId, leg });
  site.deadlines.set(`ring:${leg}`, site.now + queue.ringTimeoutMs);
  order(site, {
    type: 'leg.call',
    leg,
    line: site.centre.settings.outgoingLine,
    target: agent.extension,
    caller: call.caller,
    callerName: call.callerName,
    replaces: null,
  });
}

/** The offer of `leg` failed on the agent's side; the call keeps its place, prefers another agent, and looks at once. */
export function offerEnded(site: Site, call: Call, leg: LegId, agent: AgentId, cause: FailureCause): void {
  const { state } = call;
  if (state.name !== 'offered') return;
  const queue = queueOf(site, state.queue);
  site.legs.delete(leg);
  site.deadlines.cancel(`ring:${leg}`);
  if (cause === 'no-answer' || cause === 'rejected' || cause === 'busy') {
    call.tries.set(agent, (call.tries.get(agent) ?? 0) + 1);
    tell(site, call, cause === 'no-answer' ? 'agent-no-answer' : 'agent-rejected', { agent, leg, detail: cause });
  } else {
    tell(site, call, 'agent-unreachable', { agent, leg, detail: cause });
  }
  const offers = state.offers.filter((one) => one.leg !== leg);
  if (offers.length === 0) backToQueue(site, call);
  else moveTo(site, call, { ...state, offers });
  offerFailed(site, agent, cause, queue ?? DEFAULT_REST);
}

/** An agent answered: the winner is bridged at once, whatever the caller hears; the losers are let go. */
export function agentAnswered(site: Site, call: Call, leg: LegId, agent: AgentId): void {
  const { state } = call;
  // Told twice, or the leg of an agent who is already in the conversation.
  if (state.name !== 'offered' || !state.offers.some((one) => one.leg === leg)) return;
  site.deadlines.cancel(`ring:${leg}`);
  changeAgent(site, agent, { type: 'answer' }, 'agent');
  for (const loser of state.offers) if (loser.leg !== leg) withdrawOffer(site, call, loser, 'other-agent');
  countAnswer(site, call);
  leaveQueue(site, call, 'answered');
  queueRun(site, state.queue).talking += 1;
  call.agent = agent;
  call.bridgedAt ??= site.now;
  call.answered = true;
  setReservation(site, call, null);
  rememberAgent(site, call);
  join(site, call, leg, agent);
  tell(site, call, 'bridged', { agent, leg });
}

function countAnswer(site: Site, call: Call): void {
  if (call.queue === null || call.joinedAt === null) return;
  const run = queueRun(site, call.queue);
  const waitedMs = site.now - call.joinedAt;
  run.waitSumMs += waitedMs;
  if (waitedMs <= (queueOf(site, call.queue)?.serviceLevelMs ?? 0)) run.withinServiceLevel += 1;
}

/** Two parties hear each other. */
export function join(site: Site, call: Call, leg: LegId, agent: AgentId | null): void {
  const direct = site.centre.settings.directMedia;
  call.play = null;
  call.music = false;
  startTalk(site, call);
  moveTo(site, call, { name: 'bridged', agent, leg, direct });
  order(site, { type: 'media.bridge', first: call.id, second: leg });
  if (direct) order(site, { type: 'leg.direct', first: call.id, second: leg });
}

/** Remembers who served a caller, the newest ones. */
function rememberAgent(site: Site, call: Call): void {
  if (call.caller === null || call.agent === null) return;
  site.lastAgents.delete(call.caller);
  site.lastAgents.set(call.caller, { agent: call.agent, at: site.now });
  if (site.lastAgents.size > MAX_LAST_AGENTS) {
    for (const oldest of site.lastAgents.keys()) {
      site.lastAgents.delete(oldest);
      break;
    }
  }
}
