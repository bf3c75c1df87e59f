import { newAgent } from './agent/machine.ts';
import { assert, unreachable } from './kernel/assert.ts';
import type { Centre } from './kernel/centre.ts';
import { Deadlines } from './kernel/deadlines.ts';
import type { Effect } from './kernel/effects.ts';
import { BasculeError } from './kernel/errors.ts';
import type { SiteEvent } from './kernel/events.ts';
import type { LegId } from './kernel/ids.ts';
import type { AgentSnapshot } from './kernel/journal.ts';
import { Random } from './kernel/random.ts';
import type { Instant } from './kernel/time.ts';
import { changeAgent, probeExtension, setReachable } from './site-agents.ts';
import { changeCentre } from './site-centre.ts';
import {
  audit,
  directFailed,
  legAnswered,
  legEnded,
  legFailed,
  legHeld,
  legResumed,
  legRinging,
  ringTimeout,
  transferRequested,
} from './site-conversation.ts';
import { dropLeg, finishCall } from './site-end.ts';
import { callerAnswered, callerHeard, legIncoming, scenarioDigit } from './site-flow.ts';
import { dispatch } from './site-offers.ts';
import { perform, serviceAnswered, serviceHeard } from './site-orders.ts';
import { announce, review } from './site-queue.ts';
import { callOfLeg, newTally, order } from './site-state.ts';
import type { Site } from './site-state.ts';

export type { Site } from './site-state.ts';
export { viewSite } from './site-view.ts';

export interface SiteOptions {
  readonly centre: Centre;
  /** Makes the ids given out here unique across restarts and nodes. */
  readonly prefix: string;
  readonly seed: number;
  readonly now: Instant;
  /** Agents as a previous run left them. */
  readonly agents: readonly AgentSnapshot[];
}

export function createSite({ centre, prefix, seed, now, agents }: SiteOptions): Site {
  const site: Site = {
    centre,
    prefix,
    random: new Random(seed),
    now,
    calls: new Map(),
    legs: new Map(),
    agents: new Map(),
    free: new Set(),
    extensions: new Map(),
    queues: new Map(),
    lines: new Map(),
    lastAgents: new Map(),
    deadlines: new Deadlines(),
    tally: newTally(),
    counter: 0,
    reservations: new Map(),
    arrived: new Set(),
    draining: false,
    suspects: new Set(),
    freed: new Set(),
    seeking: new Set(),
    records: [],
    orders: [],
  };
  for (const agent of centre.agents.values()) site.agents.set(agent.id, newAgent(agent.id, agent.extension, now));
  for (const snapshot of agents) restoreAgent(site, snapshot);
  return site;
}

/** An agent who was signed in before the restart is found so again; the extension is asked for at the first tick. */
function restoreAgent(site: Site, { agent, state, reason, extension }: AgentSnapshot): void {
  if (state === 'signed-out' || !site.agents.has(agent) || site.extensions.has(extension)) return;
  changeAgent(site, agent, { type: 'sign-in', extension });
  if (state === 'paused') changeAgent(site, agent, { type: 'pause', reason: reason ?? 'paused' });
  site.deadlines.set(`probe:${agent}`, site.now);
}

/**
 * One event. Deterministic: the same site, event and instant give the same effects. The durable writes come first in the
 * list, then the orders that depend on them. Late, duplicate or unknown events change nothing.
 */
export function step(site: Site, event: SiteEvent, now: Instant): readonly Effect[] {
  assert(now >= site.now, 'time does not go back');
  site.now = now;
  route(site, event);
  dispatch(site);
  const { records, orders } = site;
  site.records = [];
  site.orders = [];
  return orders.length === 0 ? records : records.length === 0 ? orders : records.concat(orders);
}

/** When `step` wants a `tick`; null: nothing is pending. */
export const nextDeadline = (site: Site): Instant | null => site.deadlines.next();

function route(site: Site, event: SiteEvent): void {
  switch (event.type) {
    case 'leg.incoming':
      return legIncoming(site, event);
    case 'leg.ringing':
      return legRinging(site, event.leg);
    case 'leg.answered':
      return routeAnswered(site, event.leg);
    case 'leg.failed':
      return legFailed(site, event.leg, event.cause);
    case 'leg.ended':
      return legEnded(site, event.leg, event.cause);
    case 'leg.digit':
    case 'media.digit': {
      const call = callOfLeg(site, event.leg);
      if (call !== null && call.id === event.leg) scenarioDigit(site, call, event.digit);
      return;
    }
    case 'leg.held':
      return legHeld(site, event.leg);
    case 'leg.resumed':
      return legResumed(site, event.leg);
    case 'leg.transferRequested':
      return transferRequested(site, event.leg, event.target, event.replaces);
    case 'leg.directFailed':
      return directFailed(site, event.leg);
    case 'line.state':
      return void site.lines.set(event.line, event.registered);
    case 'extension.state': {
      const agent = site.extensions.get(event.extension);
      if (agent !== undefined) setReachable(site, agent, event.reachable);
      return;
    }
    case 'lines.audit':
      return audit(site, event.legs);
    case 'media.finished': {
      const call = callOfLeg(site, event.leg);
      if (call === null) serviceHeard(site, event.leg, event.play);
      else if (call.id === event.leg) callerHeard(site, call, event.play);
      return;
    }
    case 'media.silent':
      if (site.legs.has(event.leg)) order(site, { type: 'leg.probe', leg: event.leg });
      return;
    case 'order':
      return takeOrder(site, event);
    case 'centre.changed':
      return changeCentre(site, event.centre);
    case 'drain':
      site.draining = event.on;
      return;
    case 'stop':
      return stop(site);
    case 'tick':
      return tick(site);
    default:
      return unreachable(event);
  }
}

function routeAnswered(site: Site, leg: LegId): void {
  const role = site.legs.get(leg);
  // Nobody wants this leg any more: its cancellation crossed the answer.
  if (role === undefined) return order(site, { type: 'leg.hangup', leg });
  if (role.role === 'service') return serviceAnswered(site, leg);
  if (role.role === 'caller') return callerAnswered(site, site.calls.get(role.call)!);
  legAnswered(site, leg);
}

function takeOrder(site: Site, event: Extract<SiteEvent, { type: 'order' }>): void {
  let error: { readonly code: string; readonly detail: string } | null = null;
  try {
    perform(site, event.order, event.by);
  } catch (thrown) {
    if (!(thrown instanceof BasculeError)) throw thrown;
    error = { code: thrown.code, detail: JSON.stringify(thrown.fields) };
  }
  if (event.reply !== null) order(site, { type: 'reply', reply: event.reply, error });
}

function stop(site: Site): void {
  site.draining = true;
  for (const call of [...site.calls.values()]) finishCall(site, call, 'lost', 'system');
  for (const leg of [...site.legs.keys()]) dropLeg(site, leg);
}

/** Every deadline that has come, in order. */
function tick(site: Site): void {
  for (let key = site.deadlines.takeDue(site.now); key !== null; key = site.deadlines.takeDue(site.now)) {
    const colon = key.indexOf(':');
    deadline(site, key.slice(0, colon), key.slice(colon + 1));
  }
}

function deadline(site: Site, kind: string, id: string): void {
  switch (kind) {
    case 'ring':
      return ringTimeout(site, id);
    case 'wrap':
      return void changeAgent(site, id, { type: 'end-wrap-up' });
    case 'rest':
      return void changeAgent(site, id, { type: 'rested' });
    case 'probe':
      return probeExtension(site, id);
    default:
      return callDeadline(site, kind, id);
  }
}

function callDeadline(site: Site, kind: string, id: string): void {
  const call = site.calls.get(id);
  if (call === undefined) return;
  if (kind === 'review') return review(site, call);
  if (kind === 'announce') return announce(site, call);
  if (kind === 'heard') return void (call.play !== null && callerHeard(site, call, call.play));
  assert(kind === 'menu', `a deadline of kind ${kind}`);
  scenarioDigit(site, call, null);
}
