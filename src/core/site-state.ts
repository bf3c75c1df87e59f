import type { AgentRecord } from './agent/machine.ts';
import { moveCall } from './call/machine.ts';
import type { CallState } from './call/machine.ts';
import { WaitingList } from './distribution/waiting.ts';
import type { Place } from './distribution/waiting.ts';
import { assert } from './kernel/assert.ts';
import type { Centre, Language, Queue, SkillDemand } from './kernel/centre.ts';
import type { Deadlines } from './kernel/deadlines.ts';
import type { Effect, PlayItem } from './kernel/effects.ts';
import type { AgentId, CallId, CampaignId, LegId, LineId, PlayId, QueueId } from './kernel/ids.ts';
import type { CallEventKind, CallRow, EndStage, JournalEntry, LiveCall, Outcome } from './kernel/journal.ts';
import type { Random } from './kernel/random.ts';
import { MINUTE } from './kernel/time.ts';
import type { Duration, Instant } from './kernel/time.ts';

/** What an incoming call does once it is answered. */
export type Plan =
  | { readonly do: 'greet' }
  | { readonly do: 'say-and-end'; readonly prompt: string; readonly outcome: Outcome }
  | { readonly do: 'number'; readonly number: string }
  | { readonly do: 'queue'; readonly queue: QueueId };

/** A call in progress. Fields change in place; `state` changes only through `moveTo`. */
export interface Call {
  readonly id: CallId;
  readonly line: LineId;
  readonly caller: string | null;
  readonly callerName: string | null;
  readonly dialled: string;
  readonly arrivedAt: Instant;
  readonly arrival: number;
  readonly campaign: CampaignId | null;
  plan: Plan;
  language: Language;
  priority: number;
  /** Asked for by the scenario, on top of the queue's. */
  skills: readonly SkillDemand[];
  state: CallState;
  since: Instant;
  /** Number of the last `call_events` row. */
  sequence: number;
  answeredAt: Instant | null;
  /** Queue it is in, or was in last. */
  queue: QueueId | null;
  /** When it joined that queue; kept through offers, failed overflows and a lost agent leg. */
  joinedAt: Instant | null;
  place: Place | null;
  front: boolean;
  /** Overflows between queues so far; bounded. */
  hops: number;
  /** An overflow to a number that failed is not tried again. */
  numberTried: boolean;
  tries: Map<AgentId, number>;
  reservation: { readonly agent: AgentId; readonly until: Instant } | null;
  /** The play whose end matters, and whether the waiting music runs. */
  play: PlayId | null;
  music: boolean;
  firstQueuedAt: Instant | null;
  bridgedAt: Instant | null;
  agent: AgentId | null;
  talkSince: Instant | null;
  talkMs: Duration;
  heldSince: Instant | null;
  holdMs: Duration;
  transfers: number;
  answered: boolean;
  overflowed: boolean;
}

export type LegRole =
  | { readonly role: 'caller'; readonly call: CallId }
  | { readonly role: 'agent'; readonly call: CallId; readonly agent: AgentId }
  /** Any telephone but a signed-in agent's. */
  | { readonly role: 'outside'; readonly call: CallId; readonly target: string }
  /** A feature code dialled by an agent: hears a confirmation, then is hung up. */
  | { readonly role: 'service'; prompt: string; play: PlayId | null };

export type Tally = { offered: number } & Record<Outcome, number>;

export interface QueueRun {
  waiting: WaitingList;
  /** Those of the waiting that ring at an agent. */
  readonly ringing: Set<CallId>;
  readonly tally: Tally;
  withinServiceLevel: number;
  waitSumMs: Duration;
  talking: number;
  meanHandlingMs: Duration | null;
  lastChosen: AgentId | null;
}

export interface Site {
  centre: Centre;
  /** Makes ids unique across restarts. */
  readonly prefix: string;
  readonly random: Random;
  /** Instant of the step in progress. */
  now: Instant;
  readonly calls: Map<CallId, Call>;
  readonly legs: Map<LegId, LegRole>;
  readonly agents: Map<AgentId, AgentRecord>;
  /** Agents ready, reachable and without a call. */
  readonly free: Set<AgentId>;
  /** Extension → agent signed in there. */
  readonly extensions: Map<string, AgentId>;
  readonly queues: Map<QueueId, QueueRun>;
  readonly lines: Map<LineId, boolean>;
  readonly lastAgents: Map<string, { readonly agent: AgentId; readonly at: Instant }>;
  readonly deadlines: Deadlines;
  readonly tally: Tally;
  counter: number;
  /** Agent → calls kept for that agent, lapsed or not; no entry is empty. */
  readonly reservations: Map<AgentId, Set<CallId>>;
  /** Legs that arrived lately: an arrival told twice is taken once, even when its call is already over. */
  readonly arrived: Set<LegId>;
  draining: boolean;
  /** Legs that one audit missed on either side; a second one in a row heals them. */
  suspects: ReadonlySet<LegId>;
  /** Who became free, and which calls look for somebody, in this step; `dispatch` empties both. */
  readonly freed: Set<AgentId>;
  readonly seeking: Set<CallId>;
  /** Of the step in progress: what must be durable first, then the rest. */
  records: Effect[];
  orders: Effect[];
}

export const newTally = (): Tally => ({ offered: 0, answered: 0, abandoned: 0, overflowed: 0, deterred: 0, lost: 0 });

const newQueueRun = (): QueueRun => ({
  waiting: new WaitingList(),
  ringing: new Set(),
  tally: newTally(),
  withinServiceLevel: 0,
  waitSumMs: 0,
  talking: 0,
  meanHandlingMs: null,
  lastChosen: null,
});

export function nextId(site: Site): string {
  site.counter += 1;
  return `${site.prefix}-${site.counter.toString(36)}`;
}

export const order = (site: Site, effect: Effect): void => void site.orders.push(effect);

export const journal = (site: Site, record: JournalEntry): void => void site.records.push({ type: 'record', record });

export const queueOf = (site: Site, id: QueueId): Queue | null => site.centre.queues.get(id) ?? null;

/** The running side of a queue; made when first needed, so that a queue created at run time just works. */
export function queueRun(site: Site, id: QueueId): QueueRun {
  let run = site.queues.get(id);
  if (run === undefined) {
    run = newQueueRun();
    site.queues.set(id, run);
  }
  return run;
}

export function callOfLeg(site: Site, leg: LegId): Call | null {
  const role = site.legs.get(leg);
  return role === undefined || role.role === 'service' ? null : (site.calls.get(role.call) ?? null);
}

export function moveTo(site: Site, call: Call, state: CallState): void {
  const before = call.state;
  call.state = moveCall(before, state);
  if (before.name === 'offered' && state.name !== 'offered') queueRun(site, before.queue).ringing.delete(call.id);
  if (state.name === 'offered' && before.name !== 'offered') queueRun(site, state.queue).ringing.add(call.id);
  call.since = site.now;
  if (state.name !== 'ended') journal(site, { kind: 'live-call', live: liveCall(call) });
}

function liveCall(call: Call): LiveCall {
  const { state } = call;
  const conversation = state.name === 'bridged' || state.name === 'held' ? state : null;
  return {
    call: call.id,
    campaign: call.campaign,
    state: state.name,
    callerLeg: call.id,
    agentLeg: conversation?.leg ?? null,
    agent: conversation?.agent ?? null,
    queue: call.queue,
    place: call.place?.key ?? null,
    priority: call.priority,
    caller: call.caller,
    dialled: call.dialled,
    line: call.line,
    arrivedAt: call.arrivedAt,
    queuedAt: call.joinedAt,
    bridgedAt: call.bridgedAt,
  };
}

/** Writes one row of the call's story. */
export function tell(
  site: Site,
  call: Call,
  event: CallEventKind,
  about: { readonly agent?: AgentId; readonly leg?: LegId; readonly detail?: string } = {},
): void {
  call.sequence += 1;
  journal(site, {
    kind: 'call-event',
    call: call.id,
    sequence: call.sequence,
    at: site.now,
    event,
    queue: call.queue,
    agent: about.agent ?? null,
    leg: about.leg ?? null,
    detail: about.detail ?? null,
  });
}

/** The `calls` row as it is now; `end` closes it. */
export function callRow(
  call: Call,
  end: {
    readonly at: Instant;
    readonly outcome: Outcome;
    readonly stage: EndStage;
    readonly by: 'caller' | 'agent' | 'system';
  } | null,
): CallRow {
  const waitedUntil = call.bridgedAt ?? end?.at ?? null;
  return {
    call: call.id,
    campaign: call.campaign,
    queue: call.queue,
    agent: call.agent,
    line: call.line,
    caller: call.caller,
    dialled: call.dialled,
    arrivedAt: call.arrivedAt,
    answeredAt: call.answeredAt,
    queuedAt: call.firstQueuedAt,
    bridgedAt: call.bridgedAt,
    endedAt: end?.at ?? null,
    outcome: end?.outcome ?? null,
    stage: end?.stage ?? null,
    endedBy: end?.by ?? null,
    waitMs: call.firstQueuedAt === null || waitedUntil === null ? null : waitedUntil - call.firstQueuedAt,
    talkMs: call.answered ? call.talkMs : null,
    holdMs: call.answered ? call.holdMs : null,
    transfers: call.transfers,
  };
}

/** A message whose end was never reported is taken as heard after this long, or its caller would wait for ever. */
const LONGEST_MESSAGE: Duration = 10 * MINUTE;

/** Plays something once to the caller whose end matters; replaces the music. */
export function playOnce(site: Site, call: Call, items: readonly PlayItem[]): PlayId {
  const play = startPlay(site, call.id, call.language, items, false);
  call.play = play;
  call.music = false;
  site.deadlines.set(`heard:${call.id}`, site.now + LONGEST_MESSAGE);
  return play;
}

/** Music, or ringing, until something else is ordered. */
export function playLoop(site: Site, leg: LegId, language: Language, item: PlayItem): void {
  startPlay(site, leg, language, [item], true);
}

export function startPlay(site: Site, leg: LegId, language: Language, items: readonly PlayItem[], loop: boolean): PlayId {
  assert(items.length > 0, 'something to play');
  site.counter += 1;
  order(site, { type: 'media.play', leg, play: site.counter, language, items, loop });
  return site.counter;
}

/** The conversation's clock: talk time runs while two parties hear each other. */
export function startTalk(site: Site, call: Call): void {
  if (call.talkSince === null) call.talkSince = site.now;
}

export function stopTalk(site: Site, call: Call): void {
  if (call.talkSince !== null) call.talkMs += site.now - call.talkSince;
  call.talkSince = null;
  endHold(site, call);
}

/** The hold's clock: it runs while the talk's stands still. */
export function startHold(site: Site, call: Call): void {
  stopTalk(site, call);
  call.heldSince = site.now;
}

export function endHold(site: Site, call: Call): void {
  if (call.heldSince !== null) call.holdMs += site.now - call.heldSince;
  call.heldSince = null;
}

/** Keeps the call for one agent, or (null) for anybody, and the index of such calls with it. */
export function setReservation(site: Site, call: Call, reservation: Call['reservation']): void {
  const { reservations } = site;
  if (call.reservation !== null) {
    const kept = reservations.get(call.reservation.agent);
    kept?.delete(call.id);
    if (kept?.size === 0) reservations.delete(call.reservation.agent);
  }
  if (reservation !== null) {
    const kept = reservations.get(reservation.agent);
    if (kept === undefined) reservations.set(reservation.agent, new Set([call.id]));
    else kept.add(call.id);
  }
  call.reservation = reservation;
}

/** Whether the call is kept for an agent at this instant. */
export const isKept = (site: Site, call: Call): boolean => call.reservation !== null && call.reservation.until > site.now;
