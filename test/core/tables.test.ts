import { describe, expect, it } from 'vitest';
import { AGENT_TABLE, applyToAgent, newAgent } from '../../src/core/agent/machine.ts';
import type { AgentEvent, AgentEventName, AgentRecord, AgentState, AgentStateName } from '../../src/core/agent/machine.ts';
import { CALL_TABLE, moveCall, otherLegs } from '../../src/core/call/machine.ts';
import type { CallState, CallStateName } from '../../src/core/call/machine.ts';
import { ERRORS } from '../../src/core/kernel/errors.ts';

const NOW = 1_000_000;

const AGENT_STATES: Readonly<Record<AgentStateName, AgentState>> = {
  'signed-out': { name: 'signed-out' },
  ready: { name: 'ready' },
  resting: { name: 'resting', until: NOW + 1 },
  reserved: { name: 'reserved', call: 'c', leg: 'l' },
  ringing: { name: 'ringing', call: 'c', leg: 'l' },
  talking: { name: 'talking', call: 'c', leg: 'l' },
  'wrap-up': { name: 'wrap-up', until: NOW + 1, call: 'c' },
  paused: { name: 'paused', reason: 'lunch' },
};

/** Each event in all the variants that may lead elsewhere. */
const AGENT_EVENTS: Readonly<Record<AgentEventName, readonly AgentEvent[]>> = {
  'sign-in': [{ type: 'sign-in', extension: '101' }],
  'sign-out': [{ type: 'sign-out' }],
  pause: [{ type: 'pause', reason: 'lunch' }],
  resume: [{ type: 'resume' }],
  reserve: [{ type: 'reserve', call: 'd', leg: 'm' }],
  'hand-over': [{ type: 'hand-over', call: 'd', leg: 'm' }],
  ring: [{ type: 'ring' }],
  answer: [{ type: 'answer' }],
  release: [{ type: 'release' }],
  'no-answer': [0, 1, 2].map((autoPauseAfter) => ({ type: 'no-answer', restMs: 5, autoPauseAfter, pauseReason: 'auto' })),
  reject: [{ type: 'reject', restMs: 5 }],
  'end-call': [
    { type: 'end-call', wrapUpMs: 0 },
    { type: 'end-call', wrapUpMs: 5 },
  ],
  'end-wrap-up': [{ type: 'end-wrap-up' }],
  rested: [{ type: 'rested' }],
};

/** What may have been asked for in each state and wait for its end. */
const AFTER_CALL: Readonly<Partial<Record<AgentStateName, readonly AgentRecord['afterCall'][]>>> = {
  reserved: [null, { to: 'pause', reason: 'lunch' }],
  ringing: [null, { to: 'pause', reason: 'lunch' }],
  talking: [null, { to: 'pause', reason: 'lunch' }, { to: 'sign-out' }],
  'wrap-up': [null, { to: 'pause', reason: 'lunch' }],
};

const agentsIn = (state: AgentStateName): readonly AgentRecord[] =>
  (AFTER_CALL[state] ?? [null]).map((afterCall) => ({
    ...newAgent('a', '101', NOW - 10),
    state: AGENT_STATES[state],
    afterCall,
  }));

const names = <T extends string>(table: Readonly<Record<T, unknown>>): readonly T[] => Object.keys(table) as T[];

describe('the agent’s table', () => {
  for (const state of names(AGENT_TABLE)) {
    it(`A1: ${state}: every event leads where the table says, and everywhere it says`, () => {
      for (const event of names(AGENT_EVENTS)) {
        const cell = AGENT_TABLE[state][event];
        const reached = new Set<string>();
        for (const agent of agentsIn(state)) {
          for (const variant of AGENT_EVENTS[event]) {
            if (cell === 'impossible') {
              expect(() => applyToAgent(agent, variant, NOW), `${state} + ${event}`).toThrow(/Impossible/);
              continue;
            }
            const result = applyToAgent(agent, variant, NOW);
            if (cell === 'ignored') expect(result, `${state} + ${event}`).toEqual({ agent, actions: [], refused: null });
            else if (cell === 'refused') expect(ERRORS, `${state} + ${event}`).toHaveProperty(result.refused!);
            else reached.add(result.agent.state.name);
            if (cell === 'refused') expect(result).toMatchObject({ agent, actions: [] });
          }
        }
        if (Array.isArray(cell)) expect(reached, `${state} + ${event}`).toEqual(new Set(cell));
      }
    });
  }

  it('A2: whatever happens, somebody at a call has one and the others have none', () => {
    for (const state of names(AGENT_TABLE)) {
      for (const event of names(AGENT_EVENTS)) {
        if (!Array.isArray(AGENT_TABLE[state][event])) continue;
        for (const agent of agentsIn(state)) {
          for (const variant of AGENT_EVENTS[event]) {
            const after = applyToAgent(agent, variant, NOW).agent;
            const atCall = ['reserved', 'ringing', 'talking'].includes(after.state.name);
            expect('leg' in after.state, `${state} + ${event}`).toBe(atCall);
            if (!atCall && after.state.name !== 'wrap-up') expect(after.afterCall, `${state} + ${event}`).toBe(null);
          }
        }
      }
    }
  });

  it('A3: what was asked for during a call is done after it, the last wish counts', () => {
    const run = (...events: AgentEvent[]): AgentRecord =>
      events.reduce((agent, event) => applyToAgent(agent, event, NOW).agent, agentsIn('talking')[0]!);
    const end = { type: 'end-call', wrapUpMs: 5 } as const;
    const pause = { type: 'pause', reason: 'lunch' } as const;
    expect(run(pause, end).state.name).toBe('wrap-up');
    expect(run(pause, end, { type: 'end-wrap-up' }).state).toEqual({ name: 'paused', reason: 'lunch' });
    expect(run({ type: 'sign-out' }, end).state.name).toBe('signed-out');
    expect(run({ type: 'sign-out' }, pause, end, { type: 'end-wrap-up' }).state.name).toBe('paused');
    expect(run(pause, { type: 'resume' }, end, { type: 'end-wrap-up' }).state.name).toBe('ready');
  });

  it('A4: only an answer or a resume forgets the calls that rang out', () => {
    const rangOut = { type: 'no-answer', restMs: 5, autoPauseAfter: 3, pauseReason: 'auto' } as const;
    const offer = { type: 'reserve', call: 'c', leg: 'l' } as const;
    const run = (...events: AgentEvent[]): AgentRecord =>
      events.reduce((agent, event) => applyToAgent(agent, event, NOW).agent, agentsIn('ready')[0]!);
    const once: readonly AgentEvent[] = [offer, rangOut, { type: 'rested' }];
    expect(run(...once, ...once).noAnswersInARow).toBe(2);
    expect(run(...once, ...once, offer, { type: 'reject', restMs: 5 }, { type: 'rested' }, ...once).state).toEqual({
      name: 'paused',
      reason: 'auto',
    });
    expect(run(...once, offer, { type: 'answer' }).noAnswersInARow).toBe(0);
    expect(run(...once, ...once, ...once).noAnswers).toBe(3);
  });
});

const CALL_STATES: Readonly<Record<CallStateName, CallState>> = {
  ringing: { name: 'ringing' },
  greeted: { name: 'greeted', play: 1 },
  scenario: { name: 'scenario', scenario: 's', node: 'n', play: null, attempts: 0 },
  queued: { name: 'queued', queue: 'q' },
  offered: { name: 'offered', queue: 'q', offers: [{ agent: 'a', leg: 'l', since: 0 }] },
  bridged: { name: 'bridged', agent: 'a', leg: 'l', direct: false },
  held: { name: 'held', agent: 'a', leg: 'l', by: 'l' },
  transferring: { name: 'transferring', agent: 'a', agentLeg: 'l', leg: 'm', toAgent: null, heldBy: null },
  overflowing: { name: 'overflowing', leg: 'l', fromQueue: 'q' },
  ending: { name: 'ending', play: 1, outcome: 'deterred', stage: 'queue' },
  ended: { name: 'ended' },
};

describe('the call’s table', () => {
  for (const from of names(CALL_TABLE)) {
    it(`C1: ${from}: moves as the table says, and no other way`, () => {
      for (const to of names(CALL_TABLE)) {
        const move = () => moveCall(CALL_STATES[from], CALL_STATES[to]);
        if (CALL_TABLE[from][to]) expect(move()).toBe(CALL_STATES[to]);
        else expect(move, `${from} → ${to}`).toThrow(/Impossible/);
      }
    });
  }

  it('C2: every state but the first can be reached, every state can end, and nothing follows the end', () => {
    const reached = new Set<CallStateName>(['ringing']);
    for (const from of reached) for (const to of names(CALL_TABLE)) if (CALL_TABLE[from][to]) reached.add(to);
    expect([...reached].sort()).toEqual([...names(CALL_TABLE)].sort());
    for (const from of names(CALL_TABLE)) expect(CALL_TABLE[from].ended, from).toBe(from !== 'ended');
    expect(Object.values(CALL_TABLE.ended)).not.toContain(true);
  });

  it('C3: a call is never offered to nobody', () => {
    expect(() => moveCall(CALL_STATES.queued, { name: 'offered', queue: 'q', offers: [] })).toThrow(/Impossible/);
  });

  it('C4: the legs of a state are all named, once each', () => {
    const legs = names(CALL_STATES).map((name) => [name, otherLegs(CALL_STATES[name])] as const);
    expect(Object.fromEntries(legs.filter(([, list]) => list.length > 0))).toEqual({
      offered: ['l'],
      bridged: ['l'],
      held: ['l'],
      transferring: ['m', 'l'],
      overflowing: ['l'],
    });
  });
});
