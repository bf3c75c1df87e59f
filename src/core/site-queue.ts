import { estimateItems, positionItems } from './distribution/announce.ts';
import { nextRelaxation, suitability } from './distribution/eligibility.ts';
import { estimatedWait } from './distribution/estimate.ts';
import { applies, nextReview } from './distribution/overflow.ts';
import { comparePlaces, placeOf } from './distribution/waiting.ts';
import type { Place } from './distribution/waiting.ts';
import { assert } from './kernel/assert.ts';
import type { OverflowTarget, Queue, SkillDemand } from './kernel/centre.ts';
import type { QueueId } from './kernel/ids.ts';
import type { Duration, Instant } from './kernel/time.ts';
import { finishCall, leaveQueue, sayAndEnd, takeBack } from './site-end.ts';
import { isKept, moveTo, nextId, order, playLoop, playOnce, queueOf, queueRun, setReservation, tell } from './site-state.ts';
import type { Call, Site } from './site-state.ts';

/** A call overflows between queues at most this often, so that two full queues cannot play ball with it. */
const MAX_HOPS = 8;
/** How long an outside number may ring. */
const OUTSIDE_RING: Duration = 60_000;
/** Prompt of a deterrence that nobody configured. */
const ALL_BUSY = 'all-busy';

/** All the skills a waiting call asks for: its queue's and its own. */
export const demandsOf = (queue: Queue, call: Call): readonly SkillDemand[] =>
  call.skills.length === 0 ? queue.skills : [...queue.skills, ...call.skills];

/** Agents signed in who meet the queue's demands once fully relaxed; those not paused are `serving`. */
function staffOf(site: Site, queue: Queue): { readonly signedIn: number; readonly serving: number } {
  let signedIn = 0;
  let serving = 0;
  for (const record of site.agents.values()) {
    if (record.state.name === 'signed-out') continue;
    const agent = site.centre.agents.get(record.id);
    if (agent === undefined || suitability(agent, queue.skills, Number.POSITIVE_INFINITY) === null) continue;
    signedIn += 1;
    if (record.state.name !== 'paused' && record.reachable) serving += 1;
  }
  return { signedIn, serving };
}

/** Estimated wait of a place in a queue; null: unknown. */
export const estimateAt = (site: Site, queue: Queue, position: number): Duration | null =>
  estimatedWait(position, queueRun(site, queue.id).meanHandlingMs, staffOf(site, queue).serving);

/**
 * Puts the call into a queue: capacity and overflow rules first, then its place, then music. The dispatcher sees it at the
 * end of the step. Rules are for those who must wait: a call that an idle agent can take is not sent away, nor one that
 * comes back (`kept`). `joinedAt` keeps an old place.
 */
export function enterQueue(
  site: Site,
  call: Call,
  id: QueueId,
  { joinedAt = site.now, kept = false }: { readonly joinedAt?: Instant; readonly kept?: boolean } = {},
): void {
  const queue = queueOf(site, id);
  if (queue === null) return sayAndEnd(site, call, ALL_BUSY, 'deterred');
  const run = queueRun(site, id);
  run.tally.offered += 1;
  call.queue = id;
  call.joinedAt = joinedAt;
  call.firstQueuedAt ??= site.now;
  call.place = placeOf(queue, { ...call, joinedAt });
  run.waiting.add(call.place);
  moveTo(site, call, { name: 'queued', queue: id });
  tell(site, call, call.front ? 'requeued' : 'queued');
  if (call.reservation !== null && !isKept(site, call)) setReservation(site, call, null);
  if (!call.front && !mayBeTakenAtOnce(site, call, queue)) {
    const full = queue.capacity !== null && run.waiting.length - run.ringing.size > queue.capacity;
    if (full && !kept) return overflow(site, call, queue.capacityTarget, 'capacity');
    if (applyRules(site, call, queue)) return;
  }
  site.seeking.add(call.id);
  startMusic(site, call, queue);
  setReview(site, call, queue);
  if (queue.announceEveryMs !== null) site.deadlines.set(`announce:${call.id}`, site.now + queue.announceEveryMs);
}

/** Whether somebody was idle before this step who can take the call: by D1 no other call waits for that agent. */
function mayBeTakenAtOnce(site: Site, call: Call, queue: Queue): boolean {
  if (queue.capacity === null && queue.overflow.length === 0) return false;
  const demands = demandsOf(queue, call);
  const waitedMs = site.now - (call.joinedAt ?? site.now);
  for (const id of site.free) {
    if (site.freed.has(id) || (isKept(site, call) && call.reservation?.agent !== id)) continue;
    const agent = site.centre.agents.get(id);
    if (agent !== undefined && suitability(agent, demands, waitedMs) !== null) return true;
  }
  return false;
}

/** Back to its queue, to the place it had: the offers came to nothing. The music never stopped; the rules apply again. */
export function backToQueue(site: Site, call: Call): void {
  assert(call.queue !== null && call.place !== null, 'an offered call keeps its place');
  moveTo(site, call, { name: 'queued', queue: call.queue });
  review(site, call);
}

/** The agent's side broke: the caller goes first. Without a queue to go back to, the call is lost. */
export function requeueFirst(site: Site, call: Call): void {
  if (call.queue === null || queueOf(site, call.queue) === null) return finishCall(site, call, 'lost', 'system');
  call.front = true;
  call.agent = null;
  enterQueue(site, call, call.queue);
}

export function startMusic(site: Site, call: Call, queue: Queue): void {
  if (call.music) return;
  call.music = true;
  call.play = null;
  playLoop(site, call.id, call.language, { prompt: queue.music });
}

/** One deadline for all that time alone can change: a rule (not while the call rings), a relaxed skill, the end of a reservation. */
export function setReview(site: Site, call: Call, queue: Queue): void {
  assert(call.joinedAt !== null, 'a queued call has joined');
  const rules =
    call.state.name === 'queued' ? queue.overflow.filter(({ target }) => target.to !== 'number' || !call.numberTried) : [];
  const instants = [
    nextReview(rules, call.joinedAt, site.now),
    nextRelaxation(demandsOf(queue, call), call.joinedAt, site.now),
    isKept(site, call) ? call.reservation!.until : null,
  ].filter((at) => at !== null);
  if (instants.length === 0) site.deadlines.cancel(`review:${call.id}`);
  else site.deadlines.set(`review:${call.id}`, Math.max(Math.min(...instants), site.now + 1));
}

/** The review deadline came, or agents and settings changed. */
export function review(site: Site, call: Call): void {
  if (call.place === null || call.queue === null) return;
  const queue = queueOf(site, call.queue);
  if (queue === null || applyRules(site, call, queue)) return;
  if (call.reservation !== null && !isKept(site, call)) setReservation(site, call, null);
  if (call.state.name === 'queued') site.seeking.add(call.id);
  setReview(site, call, queue);
}

/** Calls ahead that wait for an agent; those that ring at one do not count. */
export function waitingAhead(site: Site, place: Place, queue: QueueId): number {
  const { waiting, ringing } = queueRun(site, queue);
  let ahead = waiting.position(place) - 1;
  for (const id of ringing) {
    const other = site.calls.get(id)?.place;
    if (other != null && comparePlaces(other, place) < 0) ahead -= 1;
  }
  return ahead;
}

/** True when a rule sent the call elsewhere. A call that rings at somebody is left to ring: it waits no more. */
function applyRules(site: Site, call: Call, queue: Queue): boolean {
  if (queue.overflow.length === 0 || call.place === null || call.joinedAt === null || call.state.name !== 'queued') return false;
  const staff = staffOf(site, queue);
  const ahead = waitingAhead(site, call.place, queue.id);
  const facts = {
    ahead,
    estimatedWaitMs: estimatedWait(ahead + 1, queueRun(site, queue.id).meanHandlingMs, staff.serving),
    waitedMs: site.now - call.joinedAt,
    agentsSignedIn: staff.signedIn,
  };
  for (const rule of queue.overflow) {
    if (rule.target.to === 'number' && call.numberTried) continue;
    if (!applies(rule, facts)) continue;
    overflow(site, call, rule.target, rule.when.kind);
    return true;
  }
  return false;
}

/** Sends a call elsewhere; `why` goes into its story. */
export function overflow(site: Site, call: Call, target: OverflowTarget, why: string): void {
  call.hops += 1;
  const hopeless = call.hops > MAX_HOPS || (target.to === 'number' && call.numberTried);
  if (target.to === 'deterrence' || hopeless) {
    return sayAndEnd(site, call, target.to === 'deterrence' ? target.prompt : ALL_BUSY, 'deterred');
  }
  takeBack(site, call, 'overflow');
  tell(site, call, 'overflowed', { detail: `${why}/${target.to}` });
  // A full queue does not take back whom it refused.
  const fromQueue = call.place === null || why === 'capacity' ? null : call.queue;
  leaveQueue(site, call, 'overflowed');
  if (target.to === 'queue') return enterQueue(site, call, target.queue);
  overflowToNumber(site, call, target.number, fromQueue);
}

export function overflowToNumber(site: Site, call: Call, number: string, fromQueue: QueueId | null): void {
  call.numberTried = true;
  const leg = callOut(site, call, number, null);
  moveTo(site, call, { name: 'overflowing', leg, fromQueue });
  call.music = false;
  playLoop(site, call.id, call.language, { tone: 'ringback' });
}

/** Calls an outside party for the call; bounded by a ring deadline. */
export function callOut(site: Site, call: Call, target: string, replaces: string | null): string {
  const leg = nextId(site);
  site.legs.set(leg, { role: 'outside', call: call.id, target });
  site.deadlines.set(`ring:${leg}`, site.now + OUTSIDE_RING);
  order(site, {
    type: 'leg.call',
    leg,
    line: site.centre.settings.outgoingLine,
    target,
    caller: call.caller,
    callerName: call.callerName,
    replaces,
  });
  return leg;
}

/** The outside number did not answer: the old place in the old queue, or a polite end. */
export function overflowFailed(site: Site, call: Call): void {
  const { state } = call;
  assert(state.name === 'overflowing', 'only an overflowing call comes back');
  if (state.fromQueue === null) return sayAndEnd(site, call, ALL_BUSY, 'deterred');
  enterQueue(site, call, state.fromQueue, { joinedAt: call.joinedAt ?? site.now, kept: true });
}

/** Position and estimated wait, if they are to be said; the music comes back when the message is over. */
export function announce(site: Site, call: Call): void {
  if (call.place === null || call.queue === null) return;
  const queue = queueOf(site, call.queue);
  if (queue === null || queue.announceEveryMs === null) return;
  site.deadlines.set(`announce:${call.id}`, site.now + queue.announceEveryMs);
  const position = queueRun(site, queue.id).waiting.position(call.place);
  const items = [
    ...(queue.announcePosition ? positionItems(position) : []),
    ...(queue.announceEstimatedWait ? estimateItems(estimateAt(site, queue, position)) : []),
  ];
  if (items.length > 0) playOnce(site, call, items);
}
