import { newAgent } from './agent/machine.ts';
import { WaitingList, placeOf } from './distribution/waiting.ts';
import type { Centre } from './kernel/centre.ts';
import type { QueueId } from './kernel/ids.ts';
import { sayAndEnd, takeBack } from './site-end.ts';
import { dispatch, dispatchAll } from './site-offers.ts';
import { perform } from './site-orders.ts';
import { enterQueue, overflow, review, waitingAhead } from './site-queue.ts';
import { queueRun } from './site-state.ts';
import type { Call, Site } from './site-state.ts';

/** New settings take effect at once, on waiting calls too (A6). Calls in conversation go on. */
export function changeCentre(site: Site, centre: Centre): void {
  site.centre = centre;
  for (const id of site.queues.keys()) if (centre.queues.has(id)) replaceWaiting(site, id);
  changeAgents(site);
  for (const id of [...site.queues.keys()]) if (!centre.queues.has(id)) closeQueue(site, id);
  // Whoever finds an agent under the new settings no longer waits: the rules are for the others.
  dispatchAll(site);
  dispatch(site);
  for (const queue of centre.queues.values()) {
    for (const place of [...queueRun(site, queue.id).waiting]) refresh(site, site.calls.get(place.call), queue.announceEveryMs);
  }
}

function changeAgents(site: Site): void {
  for (const agent of site.centre.agents.values()) {
    const known = site.agents.get(agent.id);
    if (known === undefined) site.agents.set(agent.id, newAgent(agent.id, agent.extension, site.now));
    else if (known.state.name === 'signed-out') site.agents.set(agent.id, { ...known, extension: agent.extension });
  }
  for (const [id, agent] of [...site.agents]) {
    if (site.centre.agents.has(id)) continue;
    if (agent.state.name === 'signed-out') site.agents.delete(id);
    else perform(site, { kind: 'agent.signOut', agent: id }, 'system');
  }
}

/** Places anew: priority and ageing may have changed. */
function replaceWaiting(site: Site, id: QueueId): void {
  const queue = site.centre.queues.get(id)!;
  const run = queueRun(site, id);
  const waiting = new WaitingList();
  for (const { call: callId } of run.waiting) {
    const call = site.calls.get(callId)!;
    call.place = placeOf(queue, { ...call, joinedAt: call.joinedAt! });
    waiting.add(call.place);
  }
  run.waiting = waiting;
}

/** The queue is no more: its calls go where their campaign now leads, or hear that nobody can answer. */
function closeQueue(site: Site, id: QueueId): void {
  const run = queueRun(site, id);
  for (const { call: callId } of [...run.waiting]) {
    const call = site.calls.get(callId)!;
    const target = call.campaign === null ? undefined : site.centre.campaigns.get(call.campaign)?.target;
    if (target?.to === 'queue' && site.centre.queues.has(target.queue)) moveCallOn(site, call, target.queue);
    else sayAndEnd(site, call, 'all-busy', 'deterred');
  }
  if (run.waiting.length === 0 && run.talking === 0) site.queues.delete(id);
}

function moveCallOn(site: Site, call: Call, queue: QueueId): void {
  const joinedAt = call.joinedAt ?? site.now;
  takeBack(site, call, 'queue-removed');
  queueRun(site, call.queue!).waiting.remove(call.place!);
  queueRun(site, call.queue!).tally.overflowed += 1;
  call.place = null;
  enterQueue(site, call, queue, { joinedAt });
}

function refresh(site: Site, call: Call | undefined, announceEveryMs: number | null): void {
  if (call === undefined || call.place === null) return;
  const key = `announce:${call.id}`;
  if (announceEveryMs === null) site.deadlines.cancel(key);
  else site.deadlines.set(key, site.now + announceEveryMs);
  const queue = site.centre.queues.get(call.queue!)!;
  if (queue.capacity !== null && call.state.name === 'queued' && waitingAhead(site, call.place, queue.id) >= queue.capacity) {
    return overflow(site, call, queue.capacityTarget, 'capacity');
  }
  review(site, call);
}
