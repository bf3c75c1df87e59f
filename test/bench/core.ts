import type { Centre } from '../../src/core/kernel/centre.ts';
import type { Effect } from '../../src/core/kernel/effects.ts';
import type { SiteEvent } from '../../src/core/kernel/events.ts';
import { createSite, nextDeadline, step, viewSite } from '../../src/core/site.ts';
import { agent, campaign, centre, queue } from '../core/support/centre.ts';
import { percentile, rounded } from './figures.ts';
import type { Options, Report } from './run.ts';

const QUEUES = ['sales', 'support', 'german', 'vip'];

/** Four queues that share the agents; one asks for a skill that one agent in ten has, all have rules and announcements. */
function busyCentre(agents: number): Centre {
  const rules = [
    { when: { kind: 'waited', longerThanMs: 3_600_000 }, target: { to: 'deterrence', prompt: null } },
    { when: { kind: 'estimated-wait', longerThanMs: 36_000_000 }, target: { to: 'deterrence', prompt: null } },
    { when: { kind: 'no-agent' }, target: { to: 'deterrence', prompt: null } },
  ] as const;
  const german = [{ skill: 'german', minLevel: 5, relax: [{ afterMs: 600_000, minLevel: 1 }] }];
  return centre({
    queues: QUEUES.map((id) =>
      queue(id, {
        skills: id === 'german' ? german : [],
        weight: id === 'vip' ? 10 : 0,
        ageingMs: id === 'support' ? 60_000 : null,
        capacity: 5_000,
        overflow: rules,
        announceEveryMs: 30_000,
        wrapUpMs: 0,
      }),
    ),
    agents: Array.from({ length: agents }, (_, index) =>
      agent(`a${index + 1}`, {
        extension: String(1_001 + index),
        skills: index % 10 === 0 ? [{ skill: 'german', level: 7 }] : [],
      }),
    ),
    campaigns: QUEUES.map((id, index) =>
      campaign(id, id, { numbers: [String(8_000 + index)], lastAgent: { withinMs: 3_600_000, holdMs: 2_000 } }),
    ),
  });
}

/** A site driven as fast as it goes, with the cost of each step by kind of event. */
class Load {
  readonly site;
  readonly us = new Map<string, number[]>();
  readonly #legs: string[] = [];
  #now = 1_700_000_000_000;
  #calls = 0;

  constructor(agents: number) {
    this.site = createSite({ centre: busyCentre(agents), prefix: 'b', seed: 1, now: this.#now, agents: [] });
    for (const id of this.site.centre.agents.keys()) {
      this.step({ type: 'order', order: { kind: 'agent.signIn', agent: id, extension: null }, by: 'bench', reply: null });
    }
  }

  step(event: SiteEvent, kind: string = event.type): void {
    const before = performance.now();
    const effects = step(this.site, event, this.#now);
    const us = (performance.now() - before) * 1_000;
    const list = this.us.get(kind);
    if (list === undefined) this.us.set(kind, [us]);
    else list.push(us);
    this.#take(effects);
  }

  #take(effects: readonly Effect[]): void {
    for (const effect of effects) if (effect.type === 'leg.call') this.#legs.push(effect.leg);
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (let at = nextDeadline(this.site); at !== null && at <= end; at = nextDeadline(this.site)) {
      this.#now = Math.max(this.#now, at);
      this.step({ type: 'tick' });
    }
    this.#now = end;
  }

  arrive(): void {
    const leg = `c${++this.#calls}`;
    const caller = `01990${this.#calls % 5_000}`;
    const dialled = String(8_000 + (this.#calls % QUEUES.length));
    this.step({ type: 'leg.incoming', leg, line: 'main', caller, callerName: null, dialled, diverted: null });
    this.step({ type: 'leg.answered', leg }, 'caller answered');
  }

  /** Every telephone that rings is answered; gives back how many. */
  answerAll(): number {
    const ringing = this.#legs.splice(0);
    for (const leg of ringing) {
      this.step({ type: 'leg.ringing', leg });
      this.step({ type: 'leg.answered', leg }, 'agent answered');
    }
    return ringing.length;
  }

  /** The conversation that has lasted longest ends, and its agent takes the next call. */
  endOldest(): void {
    for (const call of this.site.calls.values()) {
      if (call.state.name !== 'bridged') continue;
      this.step({ type: 'leg.ended', leg: call.id, cause: 'remote' }, 'hang-up, next offer');
      return;
    }
  }

  legs(): ReadonlySet<string> {
    return new Set(this.site.legs.keys());
  }
}

/**
 * What deciding costs: calls through four queues to busy agents while many wait, at a given rate of virtual time. No network, no
 * media, no database. Options: agents, waiting, calls, rate (calls/s).
 */
export const run = (options: Options = new Map(), say: (line: string) => void = () => {}): Promise<Report> => {
  const agents = options.get('agents') ?? 200;
  const waiting = options.get('waiting') ?? 1_000;
  const calls = options.get('calls') ?? 20_000;
  const rate = options.get('rate') ?? 300;
  const load = new Load(agents);
  for (let i = 0; i < agents + waiting; i++) load.arrive();
  load.answerAll();
  say(`${agents} agents talk, ${waiting} callers wait`);
  load.us.clear();
  const begun = performance.now();
  for (let i = 0; i < calls; i++) {
    load.pass(1_000 / rate);
    load.arrive();
    load.endOldest();
    load.answerAll();
  }
  const usPerCall = ((performance.now() - begun) * 1_000) / calls;
  for (let i = 0; i < 20; i++) {
    load.step({ type: 'centre.changed', centre: { ...load.site.centre } });
    load.step({ type: 'lines.audit', legs: load.legs() });
    load.step({ type: 'order', order: { kind: 'agent.signOut', agent: 'nobody' }, by: 'bench', reply: null }, 'refused order');
  }
  const before = performance.now();
  for (let i = 0; i < 20; i++) viewSite(load.site);
  const viewMs = (performance.now() - before) / 20;
  const steps = Object.fromEntries(
    [...load.us].map(([kind, us]) => [
      kind,
      {
        p50_us: rounded(percentile(us, 0.5)),
        p99_us: rounded(percentile(us, 0.99)),
        max_ms: rounded(us.reduce((a, b) => Math.max(a, b), 0) / 1_000),
      },
    ]),
  );
  return Promise.resolve({
    bench: 'core',
    agents,
    waiting: load.site.calls.size - agents,
    us_per_call: rounded(usPerCall, 1),
    cpu_pct_at_rate: rounded((usPerCall * rate) / 10_000, 1),
    view_ms: rounded(viewMs),
    steps,
  });
};
