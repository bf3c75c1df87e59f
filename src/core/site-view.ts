import type { AgentRecord } from './agent/machine.ts';
import { callOf } from './agent/machine.ts';
import { suitability } from './distribution/eligibility.ts';
import type { Queue } from './kernel/centre.ts';
import type { AgentView, CallView, QueueView, SiteView, Totals } from './kernel/view.ts';
import { estimateAt } from './site-queue.ts';
import { queueRun } from './site-state.ts';
import type { Call, Site, Tally } from './site-state.ts';

/** The site as it is now, as plain data. Costs a pass over queues × agents: for people, not for the path of a call. */
export function viewSite(site: Site): SiteView {
  return {
    at: site.now,
    draining: site.draining,
    queues: [...site.centre.queues.values()].map((queue) => viewQueue(site, queue)),
    agents: [...site.agents.values()].map((agent) => viewAgent(site, agent)),
    calls: [...site.calls.values()].map((call) => viewCall(site, call)),
    totals: totalsOf(site.tally),
  };
}

function totalsOf(tally: Tally): Totals {
  const ended = tally.answered + tally.abandoned + tally.overflowed + tally.deterred + tally.lost;
  return { ...tally, inProgress: tally.offered - ended };
}

function viewQueue(site: Site, queue: Queue): QueueView {
  const run = queueRun(site, queue.id);
  const waiting = [...run.waiting].map((place) => site.calls.get(place.call)!);
  const members: AgentRecord[] = [];
  for (const record of site.agents.values()) {
    const agent = site.centre.agents.get(record.id);
    if (record.state.name === 'signed-out' || agent === undefined) continue;
    if (suitability(agent, queue.skills, Number.POSITIVE_INFINITY) !== null) members.push(record);
  }
  const count = (...names: AgentRecord['state']['name'][]): number =>
    members.filter(({ state }) => names.includes(state.name)).length;
  const { answered } = run.tally;
  return {
    queue: queue.id,
    name: queue.name,
    waiting: waiting.length,
    ringing: waiting.filter(({ state }) => state.name === 'offered').length,
    talking: run.talking,
    longestWaitMs: waiting.reduce((longest, { joinedAt }) => Math.max(longest, site.now - (joinedAt ?? site.now)), 0),
    estimatedWaitMs: estimateAt(site, queue, waiting.length + 1),
    agentsReady: members.filter(({ state, reachable }) => state.name === 'ready' && reachable).length,
    agentsTalking: count('talking', 'reserved', 'ringing', 'wrap-up'),
    agentsPaused: count('paused'),
    agentsSignedIn: members.length,
    totals: totalsOf(run.tally),
    serviceLevel: answered === 0 ? null : run.withinServiceLevel / answered,
    asaMs: answered === 0 ? null : run.waitSumMs / answered,
  };
}

function viewAgent(site: Site, agent: AgentRecord): AgentView {
  const { state, afterCall } = agent;
  return {
    agent: agent.id,
    name: site.centre.agents.get(agent.id)?.name ?? agent.id,
    extension: agent.extension,
    state: state.name,
    reason: state.name === 'paused' ? state.reason : afterCall?.to === 'pause' ? afterCall.reason : null,
    reachable: agent.reachable,
    since: agent.since,
    call: callOf(state),
    callsAnswered: agent.callsAnswered,
    ringNoAnswers: agent.noAnswers,
  };
}

function viewCall(site: Site, call: Call): CallView {
  const { state } = call;
  const agent = state.name === 'offered' ? (state.offers[0]?.agent ?? null) : call.agent;
  return {
    call: call.id,
    state: state.name === 'ended' ? 'ending' : state.name,
    campaign: call.campaign,
    queue: call.queue,
    position: call.place === null || call.queue === null ? null : queueRun(site, call.queue).waiting.position(call.place),
    agent,
    line: call.line,
    caller: call.caller,
    dialled: call.dialled,
    arrivedAt: call.arrivedAt,
    since: call.since,
  };
}
