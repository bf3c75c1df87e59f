import { otherLegs } from '../../../src/core/call/machine.ts';
import { suitability } from '../../../src/core/distribution/eligibility.ts';
import type { Site } from '../../../src/core/site.ts';
import { demandsOf } from '../../../src/core/site-queue.ts';

const fail = (rule: string, detail: string): never => {
  throw new Error(`${rule}: ${detail}`);
};

/** The statements of distribution/SPEC.md that hold after every step, whatever happened. */
export function checkSite(site: Site): void {
  agentsMatchCalls(site);
  legsMatchCalls(site);
  placesMatchCalls(site);
  nobodyWaitsForNothing(site);
  talliesBalance(site);
}

/** D2, D3: an agent has at most one call and a call at most one agent in conversation; both sides agree. */
function agentsMatchCalls(site: Site): void {
  const claimed = new Map<string, string>();
  const claim = (agent: string, call: string): void => {
    if (claimed.has(agent)) fail('D3', `${agent} has ${claimed.get(agent)} and ${call}`);
    claimed.set(agent, call);
  };
  for (const call of site.calls.values()) {
    const { state } = call;
    if (state.name === 'offered') for (const { agent } of state.offers) claim(agent, call.id);
    if ((state.name === 'bridged' || state.name === 'held') && state.agent !== null) claim(state.agent, call.id);
    if (state.name === 'transferring') {
      if (state.agent !== null) claim(state.agent, call.id);
      if (state.toAgent !== null) claim(state.toAgent, call.id);
    }
  }
  for (const { id, state, reachable } of site.agents.values()) {
    const has = state.name === 'reserved' || state.name === 'ringing' || state.name === 'talking' ? state.call : undefined;
    if (has !== claimed.get(id)) fail('D8', `${id} is ${state.name} with ${has}, the calls say ${claimed.get(id)}`);
    if (has !== undefined && !site.legs.has((state as { leg: string }).leg)) fail('D8', `${id}’s leg is unknown`);
    if (site.free.has(id) !== (state.name === 'ready' && reachable)) fail('D1', `${id} ${state.name} is free wrongly`);
  }
}

function legsMatchCalls(site: Site): void {
  const known = new Set<string>();
  for (const call of site.calls.values()) {
    known.add(call.id);
    for (const leg of otherLegs(call.state)) known.add(leg);
  }
  for (const [leg, role] of site.legs) if (role.role !== 'service' && !known.has(leg)) fail('legs', `${leg} belongs to no state`);
  for (const leg of known) if (!site.legs.has(leg)) fail('legs', `${leg} has no role`);
}

/** A call is in exactly one list while it waits, in none otherwise; lists are in order. */
function placesMatchCalls(site: Site): void {
  let listed = 0;
  for (const [queue, run] of site.queues) {
    for (const place of run.waiting) {
      listed += 1;
      const call = site.calls.get(place.call);
      if (call?.place !== place || call.queue !== queue) fail('D9', `${place.call} is listed wrongly in ${queue}`);
    }
  }
  let waiting = 0;
  for (const [queue, { ringing }] of site.queues) {
    for (const id of ringing) {
      const state = site.calls.get(id)?.state;
      if (state?.name !== 'offered' || state.queue !== queue) fail('D9', `${id} does not ring in ${queue}`);
    }
  }
  for (const { state, place, id } of site.calls.values()) {
    if (state.name === 'offered' && !site.queues.get(state.queue)?.ringing.has(id)) fail('D9', `${id} rings unseen`);
    const waits = state.name === 'queued' || state.name === 'offered';
    if (waits !== (place !== null)) fail('D9', `${id} is ${state.name} with place ${place?.key}`);
    if (waits) waiting += 1;
  }
  if (waiting !== listed) fail('D9', `${waiting} wait, ${listed} are listed`);
}

/** D1: no free agent while a call waits unoffered that the agent may take. */
function nobodyWaitsForNothing(site: Site): void {
  for (const id of site.free) {
    const agent = site.centre.agents.get(id);
    if (agent === undefined) continue;
    for (const call of site.calls.values()) {
      if (call.state.name !== 'queued' || call.joinedAt === null) continue;
      const queue = site.centre.queues.get(call.state.queue);
      if (queue === undefined) continue;
      if (call.reservation !== null && call.reservation.until > site.now && call.reservation.agent !== id) continue;
      if (
        suitability(agent, demandsOf(queue, call), site.now - call.joinedAt) !== null &&
        !relaxedJustNow(site, call.joinedAt, queue, call)
      ) {
        fail('D1', `${id} is free and ${call.id} waits`);
      }
    }
  }
}

/** A relaxation falls due between two steps; its own deadline is then pending and not yet ticked. */
function relaxedJustNow(
  site: Site,
  joinedAt: number,
  queue: Parameters<typeof demandsOf>[0],
  call: Parameters<typeof demandsOf>[1],
): boolean {
  const due = site.deadlines.next();
  if (due === null || due > site.now) return false;
  return (
    demandsOf(queue, call).some(({ relax }) => relax.some(({ afterMs }) => joinedAt + afterMs <= site.now)) ||
    call.reservation !== null
  );
}

/** D12: offered = answered + abandoned + overflowed + deterred + lost + in progress, for the site and each queue. */
function talliesBalance(site: Site): void {
  const sum = (tally: Site['tally']): number => tally.answered + tally.abandoned + tally.overflowed + tally.deterred + tally.lost;
  if (site.tally.offered !== sum(site.tally) + site.calls.size) fail('D12', JSON.stringify(site.tally));
  for (const [id, { tally, waiting }] of site.queues) {
    if (tally.offered !== sum(tally) + waiting.length) fail('D12', `${id} ${JSON.stringify(tally)} ${waiting.length}`);
  }
  let kept = 0;
  for (const [agent, calls] of site.reservations) {
    if (calls.size === 0) fail('D17', `${agent} has an empty set of personal calls`);
    kept += calls.size;
    for (const id of calls) if (site.calls.get(id)?.reservation?.agent !== agent) fail('D17', `${id} is not kept for ${agent}`);
  }
  for (const { reservation } of site.calls.values()) if (reservation !== null) kept -= 1;
  if (kept !== 0) fail('D17', `${kept} personal calls are not indexed`);
}
