import type { Centre } from '../../../src/core/kernel/centre.ts';
import type { Effect } from '../../../src/core/kernel/effects.ts';
import type { Order, SiteEvent } from '../../../src/core/kernel/events.ts';
import type { AgentSnapshot, CallEventKind, CallRow, JournalEntry } from '../../../src/core/kernel/journal.ts';
import { createSite, nextDeadline, step, viewSite } from '../../../src/core/site.ts';
import type { Site } from '../../../src/core/site.ts';
import { checkSite } from './invariants.ts';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;

/** A site on the bench: events by hand, time by hand, every invariant checked after each step. */
export class Bench {
  readonly site: Site;
  now = 1_000_000;
  /** Effects since the last `take`. */
  effects: Effect[] = [];
  readonly records: JournalEntry[] = [];
  #calls = 0;
  #reply = 0;

  constructor(centre: Centre, agents: readonly AgentSnapshot[] = [], seed = 1) {
    this.site = createSite({ centre, prefix: 't', seed, now: this.now, agents });
  }

  send(event: SiteEvent): void {
    const effects = step(this.site, event, this.now);
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.type === 'record') this.records.push(effect.record);
    }
    checkSite(this.site);
  }

  /** Lets time pass; deadlines come when they are due. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let at = nextDeadline(this.site); at !== null && at <= end; at = nextDeadline(this.site)) {
      this.now = Math.max(this.now, at);
      this.send({ type: 'tick' });
    }
    this.now = end;
  }

  order(order: Order): { readonly code: string; readonly detail: string } | null {
    const reply = ++this.#reply;
    this.send({ type: 'order', order, by: 'test', reply });
    const answers = this.all('reply');
    return answers[answers.length - 1]!.error;
  }

  signIn(...agents: readonly string[]): void {
    for (const agent of agents) this.order({ kind: 'agent.signIn', agent, extension: null });
    this.take();
  }

  /** A caller arrives and our answer is acknowledged. Returns the call. */
  call(dialled = '8000', caller: string | null = '0199000001'): string {
    const leg = this.ring(dialled, caller);
    this.send({ type: 'leg.answered', leg });
    return leg;
  }

  ring(dialled = '8000', caller: string | null = '0199000001'): string {
    const leg = `c${++this.#calls}`;
    this.send({ type: 'leg.incoming', leg, line: 'main', caller, callerName: null, dialled, diverted: null });
    return leg;
  }

  all<T extends Effect['type']>(type: T): readonly Of<T>[] {
    return this.effects.filter((effect): effect is Of<T> => effect.type === type);
  }

  /** Takes the effects so far, so that the next look sees only what is new. */
  take(): readonly Effect[] {
    const taken = this.effects;
    this.effects = [];
    return taken;
  }

  /** The leg now ringing, or called, at an agent. */
  legOf(agent: string): string {
    const { state } = this.site.agents.get(agent)!;
    if (!('leg' in state)) throw new Error(`${agent} is ${state.name}`);
    return state.leg;
  }

  answer(agent: string): string {
    const leg = this.legOf(agent);
    this.send({ type: 'leg.ringing', leg });
    this.send({ type: 'leg.answered', leg });
    return leg;
  }

  hangup(leg: string): void {
    this.send({ type: 'leg.ended', leg, cause: 'remote' });
  }

  state(agent: string): string {
    return this.site.agents.get(agent)!.state.name;
  }

  callState(call: string): string {
    return this.site.calls.get(call)?.state.name ?? 'ended';
  }

  /** The closed row of a call. */
  row(call: string): CallRow {
    const rows = this.records.filter((one) => one.kind === 'call' && one.row.call === call && one.row.endedAt !== null);
    if (rows.length !== 1 || rows[0]!.kind !== 'call') throw new Error(`${rows.length} closed rows for ${call}`);
    return rows[0]!.row;
  }

  story(call: string): readonly CallEventKind[] {
    return this.records.flatMap((one) => (one.kind === 'call-event' && one.call === call ? [one.event] : []));
  }

  view(): ReturnType<typeof viewSite> {
    return viewSite(this.site);
  }
}
