import { unreachable } from './kernel/assert.ts';
import type { Campaign, OverflowTarget } from './kernel/centre.ts';
import type { IncomingLeg } from './kernel/events.ts';
import type { LegId, PlayId, ScenarioId } from './kernel/ids.ts';
import { isOpen } from './scenario/hours.ts';
import { answerMenu, runScenario, withDemands } from './scenario/interpret.ts';
import { dialFeatureCode } from './site-orders.ts';
import { finishCall, sayAndEnd } from './site-end.ts';
import { enterQueue, overflow, overflowToNumber, startMusic } from './site-queue.ts';
import { callRow, journal, moveTo, order, playOnce, queueOf, setReservation, tell } from './site-state.ts';
import type { Call, Plan, Site } from './site-state.ts';

/** How many arrivals are remembered; at 300 calls/s, those of the last quarter of a minute. */
const MAX_ARRIVED = 5_000;

function campaignOf(site: Site, dialled: string): Campaign | null {
  let fallback: Campaign | null = null;
  for (const campaign of site.centre.campaigns.values()) {
    if (campaign.numbers.includes(dialled)) return campaign;
    if (campaign.numbers.includes('*')) fallback = campaign;
  }
  return fallback;
}

/** A leg arrives: a feature code, a call of a campaign, or a number that nobody serves. */
export function legIncoming(site: Site, event: IncomingLeg): void {
  if (site.arrived.has(event.leg)) return;
  rememberArrival(site, event.leg);
  if (site.draining) return order(site, { type: 'leg.refuse', leg: event.leg, refusal: 'overload' });
  if (dialFeatureCode(site, event)) return;
  const campaign = campaignOf(site, event.dialled);
  if (campaign === null) return order(site, { type: 'leg.refuse', leg: event.leg, refusal: 'unknown-number' });
  const plan = planFor(site, campaign);
  const call = newCall(site, event, campaign, plan ?? { do: 'greet' });
  setReservation(site, call, lastAgentReservation(site, event.caller, campaign));
  site.calls.set(call.id, call);
  site.legs.set(event.leg, { role: 'caller', call: call.id });
  site.tally.offered += 1;
  journal(site, { kind: 'call', row: callRow(call, null) });
  tell(site, call, 'offered', event.diverted === null ? {} : { detail: `diverted/${event.diverted.reason}` });
  if (plan === null) {
    order(site, { type: 'leg.refuse', leg: event.leg, refusal: 'closed' });
    tell(site, call, 'deterred');
    return finishCall(site, call, 'deterred', 'system', event.leg);
  }
  order(site, { type: 'leg.answer', leg: event.leg });
}

function rememberArrival(site: Site, leg: LegId): void {
  site.arrived.add(leg);
  if (site.arrived.size <= MAX_ARRIVED) return;
  for (const oldest of site.arrived) {
    site.arrived.delete(oldest);
    break;
  }
}

/** What to do with a new call; null: refuse it without answering. */
function planFor(site: Site, campaign: Campaign): Plan | null {
  const calendar = campaign.calendar === null ? undefined : site.centre.calendars.get(campaign.calendar);
  if (calendar === undefined || isOpen(calendar, site.now)) return { do: 'greet' };
  return planForTarget(campaign.closed);
}

function planForTarget(target: OverflowTarget): Plan | null {
  switch (target.to) {
    case 'queue':
      return { do: 'queue', queue: target.queue };
    case 'number':
      return { do: 'number', number: target.number };
    case 'deterrence':
      return target.prompt === null ? null : { do: 'say-and-end', prompt: target.prompt, outcome: 'deterred' };
  }
}

function newCall(site: Site, event: IncomingLeg, campaign: Campaign, plan: Plan): Call {
  site.counter += 1;
  return {
    id: event.leg,
    line: event.line,
    caller: event.caller,
    callerName: event.callerName,
    dialled: event.dialled,
    arrivedAt: site.now,
    arrival: site.counter,
    campaign: campaign.id,
    plan,
    language: campaign.language,
    priority: campaign.priority,
    skills: [],
    state: { name: 'ringing' },
    since: site.now,
    sequence: 0,
    answeredAt: null,
    queue: null,
    joinedAt: null,
    place: null,
    front: false,
    hops: 0,
    numberTried: false,
    tries: new Map(),
    reservation: null,
    play: null,
    music: false,
    firstQueuedAt: null,
    bridgedAt: null,
    agent: null,
    talkSince: null,
    talkMs: 0,
    heldSince: null,
    holdMs: 0,
    transfers: 0,
    answered: false,
    overflowed: false,
  };
}

/** Nobody waits for an agent who is not there. */
function lastAgentReservation(site: Site, caller: string | null, { lastAgent }: Campaign): Call['reservation'] {
  if (lastAgent === null || caller === null) return null;
  const last = site.lastAgents.get(caller);
  if (last === undefined || site.now - last.at > lastAgent.withinMs) return null;
  const there = site.agents.get(last.agent)?.state.name;
  if (there === undefined || there === 'signed-out' || there === 'paused') return null;
  return { agent: last.agent, until: site.now + lastAgent.holdMs };
}

/** Our answer was acknowledged: the call begins to be served. */
export function callerAnswered(site: Site, call: Call): void {
  if (call.state.name !== 'ringing') return;
  call.answeredAt = site.now;
  tell(site, call, 'answered');
  const { plan } = call;
  switch (plan.do) {
    case 'greet':
      return greet(site, call);
    case 'queue':
      return enterQueue(site, call, plan.queue);
    case 'number':
      call.hops += 1;
      tell(site, call, 'overflowed', { detail: 'closed/number' });
      return overflowToNumber(site, call, plan.number, null);
    case 'say-and-end':
      tell(site, call, 'deterred');
      moveTo(site, call, {
        name: 'ending',
        play: playOnce(site, call, [{ prompt: plan.prompt }]),
        outcome: plan.outcome,
        stage: 'greeting',
      });
      return;
    default:
      return unreachable(plan);
  }
}

function greet(site: Site, call: Call): void {
  const campaign = call.campaign === null ? undefined : site.centre.campaigns.get(call.campaign);
  if (campaign?.greeting == null) return afterGreeting(site, call);
  tell(site, call, 'greeted');
  moveTo(site, call, { name: 'greeted', play: playOnce(site, call, [{ prompt: campaign.greeting }]) });
}

function afterGreeting(site: Site, call: Call): void {
  const target = call.campaign === null ? undefined : site.centre.campaigns.get(call.campaign)?.target;
  if (target === undefined) return sayAndEnd(site, call, 'all-busy', 'deterred');
  if (target.to === 'queue') return enterQueue(site, call, target.queue);
  tell(site, call, 'scenario-entered', { detail: target.scenario });
  enterScenario(site, call, target.scenario, null);
}

/** Runs the caller's scenario from `node` (null: its start) to what is next heard or done. */
function enterScenario(site: Site, call: Call, id: ScenarioId, node: string | null): void {
  const scenario = site.centre.scenarios.get(id);
  if (scenario === undefined) return sayAndEnd(site, call, 'all-busy', 'deterred');
  const { wish, changes } = runScenario(scenario, node ?? scenario.start, site.centre.calendars, site.now);
  call.priority = changes.priority ?? call.priority;
  call.language = changes.language ?? call.language;
  call.skills = withDemands(call.skills, changes.skills);
  site.deadlines.cancel(`menu:${call.id}`);
  switch (wish.wish) {
    case 'play':
    case 'menu': {
      const play =
        wish.prompts.length > 0
          ? playOnce(
              site,
              call,
              wish.prompts.map((prompt) => ({ prompt })),
            )
          : null;
      moveTo(site, call, { name: 'scenario', scenario: id, node: wish.node, play, attempts: 0 });
      if (play === null) scenarioPlayed(site, call);
      return;
    }
    case 'queue':
      return enterQueue(site, call, wish.queue);
    case 'number':
      return overflow(site, call, { to: 'number', number: wish.number }, 'scenario');
    case 'hangup':
      return sayAndEnd(site, call, wish.prompt, 'deterred');
    default:
      return unreachable(wish);
  }
}

/** The node's prompts were heard: go on, or wait for a key. */
function scenarioPlayed(site: Site, call: Call): void {
  const { state } = call;
  if (state.name !== 'scenario') return;
  const node = site.centre.scenarios.get(state.scenario)?.nodes[state.node];
  if (node?.kind === 'play') return enterScenario(site, call, state.scenario, node.next);
  if (node?.kind === 'menu') {
    site.deadlines.set(`menu:${call.id}`, site.now + node.timeoutMs);
    return;
  }
  // The scenario was changed while the caller listened: begin it again.
  enterScenario(site, call, state.scenario, null);
}

/** A key, or the end of waiting for one (`digit` null). Keys outside a menu mean nothing; the menu may be gone by then. */
export function scenarioDigit(site: Site, call: Call, digit: string | null): void {
  const { state } = call;
  if (state.name !== 'scenario') return;
  const node = site.centre.scenarios.get(state.scenario)?.nodes[state.node];
  if (node?.kind !== 'menu') return digit === null ? scenarioPlayed(site, call) : undefined;
  if (digit !== null) tell(site, call, 'digit');
  const answer = answerMenu(node, digit, state.attempts);
  if ('next' in answer) return enterScenario(site, call, state.scenario, answer.next);
  const prompts = answer.prompt === null ? node.prompts : [answer.prompt, ...node.prompts];
  site.deadlines.cancel(`menu:${call.id}`);
  const play =
    prompts.length > 0
      ? playOnce(
          site,
          call,
          prompts.map((prompt) => ({ prompt })),
        )
      : null;
  moveTo(site, call, { ...state, play, attempts: answer.attempts });
  if (play === null) scenarioPlayed(site, call);
}

/** Something that was played once has been heard to its end. A late end, of a play since replaced, changes nothing. */
export function callerHeard(site: Site, call: Call, play: PlayId): void {
  if (call.play !== play) return;
  call.play = null;
  site.deadlines.cancel(`heard:${call.id}`);
  const { state } = call;
  switch (state.name) {
    case 'greeted':
      return afterGreeting(site, call);
    case 'scenario':
      return scenarioPlayed(site, call);
    case 'queued':
    case 'offered': {
      const queue = queueOf(site, state.queue);
      if (queue !== null) startMusic(site, call, queue);
      return;
    }
    case 'ending':
      return finishCall(site, call, state.outcome, 'system');
    default:
      return;
  }
}
