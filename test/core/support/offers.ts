import { comparePlaces } from '../../../src/core/distribution/waiting.ts';
import { suitability } from '../../../src/core/distribution/eligibility.ts';
import type { Effect } from '../../../src/core/kernel/effects.ts';
import type { Site } from '../../../src/core/site.ts';
import { demandsOf } from '../../../src/core/site-queue.ts';

/** D10: whoever was offered a call in this step was offered the one that goes first among those that the agent may take. */
export function checkOffers(site: Site, effects: readonly Effect[]): void {
  for (const effect of effects) {
    if (effect.type !== 'record' || effect.record.kind !== 'call-event' || effect.record.event !== 'agent-offered') continue;
    const { call, agent: id } = effect.record;
    const offered = site.calls.get(call);
    const agent = id === null ? undefined : site.centre.agents.get(id);
    const queue = offered?.queue == null ? undefined : site.centre.queues.get(offered.queue);
    if (offered?.place == null || agent === undefined || queue === undefined) continue;
    const personal = offered.reservation !== null && offered.reservation.until > site.now;
    if (personal) continue;
    for (const other of site.calls.values()) {
      if (other.state.name !== 'queued' || other.place === null || other.joinedAt === null) continue;
      const its = site.centre.queues.get(other.state.queue);
      if (its === undefined) continue;
      const kept = other.reservation !== null && other.reservation.until > site.now && other.reservation.agent !== id;
      if (kept || suitability(agent, demandsOf(its, other), site.now - other.joinedAt) === null) continue;
      if ((queue.weight - its.weight || comparePlaces(other.place, offered.place)) < 0) {
        throw new Error(`D10: ${id} was offered ${call} before ${other.id}`);
      }
    }
  }
}
