import { assert } from '../kernel/assert.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { AgentId, CallId, LegId } from '../kernel/ids.ts';
import type { AgentActionKind } from '../kernel/journal.ts';
import type { Duration, Instant } from '../kernel/time.ts';

/** What an agent is doing; each state carries only its own fields. */
export type AgentState =
  | { readonly name: 'signed-out' }
  | { readonly name: 'ready' }
  /** Ready, but left in peace for a while after a rejected or unanswered call. */
  | { readonly name: 'resting'; readonly until: Instant }
  | { readonly name: 'reserved' | 'ringing' | 'talking'; readonly call: CallId; readonly leg: LegId }
  | { readonly name: 'wrap-up'; readonly until: Instant; readonly call: CallId }
  | { readonly name: 'paused'; readonly reason: string };

export type AgentStateName = AgentState['name'];

export interface AgentRecord {
  readonly id: AgentId;
  readonly extension: string;
  /** False when the PABX said that the extension is not there; such an agent is not rung. */
  readonly reachable: boolean;
  readonly state: AgentState;
  readonly since: Instant;
  /** Since when without a call, for `longest-idle`. */
  readonly idleSince: Instant;
  readonly callsAnswered: number;
  /** Ring-no-answers in a row, and in all. */
  readonly noAnswersInARow: number;
  readonly noAnswers: number;
  /** Asked for during a call, done after it. */
  readonly afterCall: { readonly to: 'pause'; readonly reason: string } | { readonly to: 'sign-out' } | null;
}

export type AgentEvent =
  | { readonly type: 'sign-in'; readonly extension: string }
  | { readonly type: 'sign-out' }
  | { readonly type: 'pause'; readonly reason: string }
  | { readonly type: 'resume' }
  | { readonly type: 'reserve'; readonly call: CallId; readonly leg: LegId }
  /** A colleague passes a caller on in person: it does not ask whether the agent is free, and what was asked for waits. */
  | { readonly type: 'hand-over'; readonly call: CallId; readonly leg: LegId }
  | { readonly type: 'ring' }
  | { readonly type: 'answer' }
  /** The offer is over through no doing of the agent: caller gone, or another agent was faster. */
  | { readonly type: 'release' }
  /** The offer failed on the agent's side. `autoPauseAfter` 0: never pause by itself. */
  | { readonly type: 'no-answer'; readonly restMs: Duration; readonly autoPauseAfter: number; readonly pauseReason: string }
  | { readonly type: 'reject'; readonly restMs: Duration }
  | { readonly type: 'end-call'; readonly wrapUpMs: Duration }
  | { readonly type: 'end-wrap-up' }
  | { readonly type: 'rested' };

export type AgentEventName = AgentEvent['type'];

/** `refused`: told to who ordered it. `ignored`: too late to matter. `impossible`: the site would be wrong to send it. */
export type AgentCell = readonly AgentStateName[] | 'refused' | 'ignored' | 'impossible';

/**
 * The total table: for each state and event, where it may lead. A missing cell does not compile; `apply` asserts it.
 */
export const AGENT_TABLE: Readonly<Record<AgentStateName, Readonly<Record<AgentEventName, AgentCell>>>> = {
  'signed-out': {
    'sign-in': ['ready'],
    'sign-out': 'refused',
    pause: 'refused',
    resume: 'refused',
    reserve: 'impossible',
    'hand-over': 'impossible',
    ring: 'ignored',
    answer: 'ignored',
    release: 'ignored',
    'no-answer': 'ignored',
    reject: 'ignored',
    'end-call': 'ignored',
    'end-wrap-up': 'ignored',
    rested: 'ignored',
  },
  ready: {
    'sign-in': 'refused',
    'sign-out': ['signed-out'],
    pause: ['paused'],
    resume: 'ignored',
    reserve: ['reserved'],
    'hand-over': ['reserved'],
    ring: 'ignored',
    answer: 'ignored',
    release: 'ignored',
    'no-answer': 'ignored',
    reject: 'ignored',
    'end-call': 'ignored',
    'end-wrap-up': 'ignored',
    rested: 'ignored',
  },
  resting: {
    'sign-in': 'refused',
    'sign-out': ['signed-out'],
    pause: ['paused'],
    resume: ['ready'],
    reserve: 'impossible',
    'hand-over': ['reserved'],
    ring: 'ignored',
    answer: 'ignored',
    release: 'ignored',
    'no-answer': 'ignored',
    reject: 'ignored',
    'end-call': 'ignored',
    'end-wrap-up': 'ignored',
    rested: ['ready'],
  },
  reserved: {
    'sign-in': 'refused',
    'sign-out': ['signed-out'],
    pause: ['paused'],
    resume: ['reserved'],
    reserve: 'impossible',
    'hand-over': 'impossible',
    ring: ['ringing'],
    answer: ['talking'],
    release: ['ready', 'paused'],
    'no-answer': ['resting', 'paused'],
    reject: ['resting', 'paused'],
    'end-call': 'impossible',
    'end-wrap-up': 'ignored',
    rested: 'ignored',
  },
  ringing: {
    'sign-in': 'refused',
    'sign-out': ['signed-out'],
    pause: ['paused'],
    resume: ['ringing'],
    reserve: 'impossible',
    'hand-over': 'impossible',
    ring: 'ignored',
    answer: ['talking'],
    release: ['ready', 'paused'],
    'no-answer': ['resting', 'paused'],
    reject: ['resting', 'paused'],
    'end-call': 'impossible',
    'end-wrap-up': 'ignored',
    rested: 'ignored',
  },
  talking: {
    'sign-in': 'refused',
    'sign-out': ['talking'],
    pause: ['talking'],
    resume: ['talking'],
    reserve: 'impossible',
    'hand-over': 'impossible',
    ring: 'ignored',
    answer: 'ignored',
    release: 'impossible',
    'no-answer': 'impossible',
    reject: 'impossible',
    'end-call': ['wrap-up', 'ready', 'paused', 'signed-out'],
    'end-wrap-up': 'ignored',
    rested: 'ignored',
  },
  'wrap-up': {
    'sign-in': 'refused',
    'sign-out': ['signed-out'],
    pause: ['paused'],
    resume: ['ready'],
    reserve: 'impossible',
    'hand-over': ['reserved'],
    ring: 'ignored',
    answer: 'ignored',
    release: 'ignored',
    'no-answer': 'ignored',
    reject: 'ignored',
    'end-call': 'ignored',
    'end-wrap-up': ['ready', 'paused'],
    rested: 'ignored',
  },
  paused: {
    'sign-in': 'refused',
    'sign-out': ['signed-out'],
    pause: ['paused'],
    resume: ['ready'],
    reserve: 'impossible',
    'hand-over': ['reserved'],
    ring: 'ignored',
    answer: 'ignored',
    release: 'ignored',
    'no-answer': 'ignored',
    reject: 'ignored',
    'end-call': 'ignored',
    'end-wrap-up': 'ignored',
    rested: 'ignored',
  },
};

/** What `agent_actions` is told of a step. */
export interface AgentAction {
  readonly event: AgentActionKind;
  readonly reason: string | null;
  readonly call: CallId | null;
}

export type AgentResult =
  | { readonly agent: AgentRecord; readonly actions: readonly AgentAction[]; readonly refused: null }
  | { readonly agent: AgentRecord; readonly actions: readonly []; readonly refused: ErrorCode };

export const newAgent = (id: AgentId, extension: string, now: Instant): AgentRecord => ({
  id,
  extension,
  reachable: true,
  state: { name: 'signed-out' },
  since: now,
  idleSince: now,
  callsAnswered: 0,
  noAnswersInARow: 0,
  noAnswers: 0,
  afterCall: null,
});

/** The call an agent is held for or talks in; null otherwise. */
export const callOf = (state: AgentState): CallId | null => ('call' in state && state.name !== 'wrap-up' ? state.call : null);

const action = (event: AgentActionKind, call: CallId | null = null, reason: string | null = null): AgentAction => ({
  event,
  reason,
  call,
});

const ready = (agent: AgentRecord, now: Instant, idleSince: Instant): AgentRecord => ({
  ...agent,
  state: { name: 'ready' },
  since: now,
  idleSince,
  afterCall: null,
});

const paused = (agent: AgentRecord, reason: string, now: Instant): AgentRecord => ({
  ...agent,
  state: { name: 'paused', reason },
  since: now,
  afterCall: null,
});

const signedOut = (agent: AgentRecord, now: Instant): AgentRecord => ({
  ...agent,
  state: { name: 'signed-out' },
  since: now,
  noAnswersInARow: 0,
  afterCall: null,
});

const done = (agent: AgentRecord, ...actions: AgentAction[]): AgentResult => ({ agent, actions, refused: null });

/**
 * One step of an agent. Pure; refusals come back as an error code, never thrown.
 * Source: requirements W3, C1; distribution/SPEC.md.
 */
export function applyToAgent(agent: AgentRecord, event: AgentEvent, now: Instant): AgentResult {
  const cell = AGENT_TABLE[agent.state.name][event.type];
  if (cell === 'ignored') return done(agent);
  if (cell === 'refused') {
    return { agent, actions: [], refused: event.type === 'sign-in' ? 'AGT_SIGNED_IN' : 'AGT_NOT_SIGNED_IN' };
  }
  assert(cell !== 'impossible', `agent ${agent.state.name} got ${event.type}`);
  const result = change(agent, event, now);
  assert(cell.includes(result.agent.state.name), `agent ${agent.state.name} + ${event.type} led to ${result.agent.state.name}`);
  return result;
}

function change(agent: AgentRecord, event: AgentEvent, now: Instant): AgentResult {
  const { state } = agent;
  switch (event.type) {
    case 'sign-in':
      return done(
        { ...ready(agent, now, now), extension: event.extension, reachable: true },
        action('signed-in'),
        action('ready'),
      );
    case 'sign-out':
      if (state.name === 'talking') return done({ ...agent, afterCall: { to: 'sign-out' } });
      return done(signedOut(agent, now), action('signed-out'));
    case 'pause':
      if (state.name === 'talking') return done({ ...agent, afterCall: { to: 'pause', reason: event.reason } });
      return done(paused(agent, event.reason, now), action('paused', null, event.reason));
    case 'resume':
      if (callOf(state) !== null) return done(agent.afterCall === null ? agent : { ...agent, afterCall: null });
      return done({ ...ready(agent, now, now), noAnswersInARow: 0 }, action('ready'));
    case 'reserve':
      return done(
        { ...agent, state: { name: 'reserved', call: event.call, leg: event.leg }, since: now },
        action('reserved', event.call),
      );
    case 'hand-over':
      return done(
        {
          ...agent,
          state: { name: 'reserved', call: event.call, leg: event.leg },
          since: now,
          afterCall: state.name === 'paused' ? { to: 'pause', reason: state.reason } : agent.afterCall,
        },
        action('reserved', event.call),
      );
    case 'ring':
      assert(state.name === 'reserved', 'only a reserved agent starts ringing');
      return done({ ...agent, state: { ...state, name: 'ringing' }, since: now }, action('ringing', state.call));
    case 'answer':
      assert(state.name === 'reserved' || state.name === 'ringing', 'only an offer is answered');
      return done(
        {
          ...agent,
          state: { ...state, name: 'talking' },
          since: now,
          callsAnswered: agent.callsAnswered + 1,
          noAnswersInARow: 0,
        },
        action('talking', state.call),
      );
    case 'release':
      if (agent.afterCall?.to === 'pause') return pauseAtLast(agent, agent.afterCall.reason, now);
      return done(ready(agent, now, agent.idleSince), action('ready'));
    case 'no-answer':
      return noAnswer(agent, event, now);
    case 'reject':
      if (agent.afterCall?.to === 'pause')
        return pauseAtLast(agent, agent.afterCall.reason, now, action('rejected', callOf(state)));
      return done(
        { ...agent, state: { name: 'resting', until: now + event.restMs }, since: now },
        action('rejected', callOf(state)),
      );
    case 'end-call':
      return endCall(agent, event.wrapUpMs, now);
    case 'end-wrap-up':
      if (agent.afterCall?.to === 'pause') return pauseAtLast(agent, agent.afterCall.reason, now);
      return done(ready(agent, now, now), action('ready'));
    case 'rested':
      return done(ready(agent, now, now), action('ready'));
  }
}

/** The pause that was asked for in a call, or that a hand-over interrupted. */
const pauseAtLast = (agent: AgentRecord, reason: string, now: Instant, ...first: AgentAction[]): AgentResult =>
  done(paused(agent, reason, now), ...first, action('paused', null, reason));

function noAnswer(agent: AgentRecord, event: Extract<AgentEvent, { type: 'no-answer' }>, now: Instant): AgentResult {
  const call = callOf(agent.state);
  const noAnswersInARow = agent.noAnswersInARow + 1;
  const counted = { ...agent, noAnswersInARow, noAnswers: agent.noAnswers + 1 };
  if (event.autoPauseAfter > 0 && noAnswersInARow >= event.autoPauseAfter) {
    return done(
      { ...paused(counted, event.pauseReason, now), noAnswersInARow: 0 },
      action('ring-no-answer', call),
      action('paused', null, event.pauseReason),
    );
  }
  if (agent.afterCall?.to === 'pause') return pauseAtLast(counted, agent.afterCall.reason, now, action('ring-no-answer', call));
  return done({ ...counted, state: { name: 'resting', until: now + event.restMs }, since: now }, action('ring-no-answer', call));
}

function endCall(agent: AgentRecord, wrapUpMs: Duration, now: Instant): AgentResult {
  const { state, afterCall } = agent;
  assert(state.name === 'talking', 'only a conversation ends');
  if (afterCall?.to === 'sign-out') return done(signedOut(agent, now), action('signed-out'));
  if (wrapUpMs > 0) {
    return done(
      { ...agent, state: { name: 'wrap-up', until: now + wrapUpMs, call: state.call }, since: now, idleSince: now },
      action('wrap-up', state.call),
    );
  }
  if (afterCall?.to === 'pause') return pauseAtLast(agent, afterCall.reason, now);
  return done(ready(agent, now, now), action('ready'));
}
