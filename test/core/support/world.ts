import { createHash } from 'node:crypto';
import type { Effect } from '../../../src/core/kernel/effects.ts';
import type { FailureCause, SiteEvent } from '../../../src/core/kernel/events.ts';
import { Random } from '../../../src/core/kernel/random.ts';
import { createSite, nextDeadline, step } from '../../../src/core/site.ts';
import type { Site } from '../../../src/core/site.ts';
import { Agenda } from './agenda.ts';
import { checkSite } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { checkOffers } from './offers.ts';
import { chance, randomCentre } from './world-centre.ts';
import { outsideRings, population, shutDown, telephoneRings, transferAnswered } from './world-people.ts';

const MINUTE = 60_000;
const AUDIT_EVERY = 15_000;
/** Long enough for several audits after the last telephone is down. */
const HEALING = 3 * MINUTE;
/** Plans for another day are dropped by then. */
const NEVER_ENDS = 24 * 60 * MINUTE;

type Sound = { readonly hears: 'nothing' | 'play' | 'end-of-play' } | { readonly hears: 'leg'; readonly leg: string };

/** One leg as the PABX knows it. */
export interface Wire {
  readonly id: string;
  readonly incoming: boolean;
  readonly target: string;
  state: 'trying' | 'up' | 'gone';
  /** The site has neither let go of it nor been told that it ended. */
  wanted: boolean;
  sound: Sound;
  play: number | null;
  direct: boolean;
}

/** An agent's telephone: one call at a time. */
export interface Telephone {
  readonly extension: string;
  reachable: boolean;
  wire: Wire | null;
}

export interface WorldResult {
  readonly log: string;
  readonly steps: number;
  readonly calls: number;
  readonly tally: Site['tally'];
}

const wrong = (rule: string, detail: string): never => {
  throw new Error(`${rule}: ${detail}`);
};

/**
 * A PABX, its callers, its telephones and its supervisors in virtual time, all from one seed. Messages come late, twice or
 * out of order; telephones vanish without a word. After a working day the faults stop, everybody hangs up, and nothing
 * may be left.
 */
export class World {
  readonly random: Random;
  readonly agenda = new Agenda();
  readonly site: Site;
  readonly wires = new Map<string, Wire>();
  readonly telephones = new Map<string, Telephone>();
  readonly #ledger = new Ledger();
  readonly #log = createHash('sha1');
  readonly #lastTold = new Map<string, number>();
  now = 1_700_000_000_000;
  #healed = false;
  lineUp = true;
  /** The day is over: no faults, no new work. */
  closing = false;
  steps = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    const centre = randomCentre(this.random);
    this.site = createSite({ centre, prefix: 'w', seed, now: this.now, agents: [] });
  }

  /** Runs the day, then the evening. Throws at the first broken statement. */
  run(minutes: number): WorldResult {
    const end = this.now + minutes * MINUTE;
    population(this);
    this.#audits();
    this.#until(end);
    this.closing = true;
    shutDown(this);
    this.#until(this.now + HEALING);
    this.#healed = true;
    this.#until(this.now + NEVER_ENDS, true);
    this.#nothingIsLeft();
    return { log: this.#log.digest('hex'), steps: this.steps, calls: this.#ledger.stories.size, tally: { ...this.site.tally } };
  }

  after(ms: number, act: () => void): void {
    this.agenda.plan(this.now + ms, act);
  }

  #until(end: number, quiet = false): void {
    for (;;) {
      const act = this.agenda.next();
      const deadline = nextDeadline(this.site);
      if (quiet && act === null && deadline === null) return;
      const at = Math.min(act ?? Infinity, deadline ?? Infinity);
      if (at > end) break;
      this.now = Math.max(this.now, at);
      if (deadline !== null && deadline <= this.now) this.step({ type: 'tick' });
      else this.agenda.take(this.now)!();
    }
    if (quiet) wrong('end', 'deadlines without end');
    this.now = end;
  }

  /** An event on its way to the site: a little late, sometimes much, sometimes twice. */
  tell(event: SiteEvent, about: string): void {
    let at = this.now + this.random.below(40);
    if (!this.closing && chance(this.random, 0.02)) {
      at += this.random.below(3_000);
    } else {
      at = Math.max(at, this.#lastTold.get(about) ?? 0);
      this.#lastTold.set(about, at);
    }
    this.agenda.plan(at, () => this.step(event));
    if (!this.closing && chance(this.random, 0.02)) this.agenda.plan(at + this.random.below(5_000), () => this.step(event));
  }

  step(event: SiteEvent): void {
    if (event.type === 'leg.ended' || event.type === 'leg.failed') {
      const wire = this.wires.get(event.leg);
      if (wire !== undefined) wire.wanted = false;
    }
    const effects = step(this.site, event, this.now);
    this.steps += 1;
    this.#log.update(JSON.stringify([this.now, event.type, effects]));
    this.#ledger.take(effects);
    for (const effect of effects) this.#perform(effect);
    checkSite(this.site);
    // A change of settings sends calls on after it has offered others: for those who arrive so late, the order is that of the next step.
    if (event.type !== 'centre.changed') checkOffers(this.site, effects);
    this.#checkSound();
  }

  add(id: string, target: string, incoming: boolean): Wire {
    if (this.wires.has(id)) wrong('legs', `${id} is called twice`);
    const wire: Wire = {
      id,
      incoming,
      target,
      state: 'trying',
      wanted: true,
      sound: { hears: 'nothing' },
      play: null,
      direct: false,
    };
    this.wires.set(id, wire);
    return wire;
  }

  /** The far end ends the leg; a lost BYE says nothing. */
  end(wire: Wire, silently = false): void {
    if (wire.state === 'gone') return;
    const wasUp = wire.state === 'up' || wire.incoming;
    this.#gone(wire);
    if (silently) return;
    if (wasUp) this.tell({ type: 'leg.ended', leg: wire.id, cause: 'remote' }, wire.id);
    else this.fail(wire, 'rejected');
  }

  fail(wire: Wire, cause: FailureCause): void {
    this.#gone(wire);
    this.tell({ type: 'leg.failed', leg: wire.id, cause, status: null }, wire.id);
  }

  #gone(wire: Wire): void {
    wire.state = 'gone';
    const telephone = this.telephones.get(wire.target);
    if (telephone?.wire === wire) telephone.wire = null;
  }

  #audits(): void {
    this.after(AUDIT_EVERY, () => {
      const legs = new Set<string>();
      for (const { id, state } of this.wires.values()) if (state !== 'gone') legs.add(id);
      this.step({ type: 'lines.audit', legs });
      if (!this.#healed) this.#audits();
    });
  }

  #wire(leg: string): Wire {
    return this.wires.get(leg) ?? wrong('legs', `an order for ${leg}, which never was`);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'leg.answer': {
        const wire = this.#wire(effect.leg);
        this.after(20 + this.random.below(200), () => {
          if (wire.state !== 'trying') return;
          wire.state = 'up';
          this.tell({ type: 'leg.answered', leg: wire.id }, wire.id);
        });
        return;
      }
      case 'leg.refuse':
        this.#let(effect.leg);
        return;
      case 'leg.hangup':
        this.#let(effect.leg);
        return;
      case 'leg.call':
        return this.#call(effect);
      case 'leg.transferOutcome':
        if (effect.outcome === 'accepted') transferAnswered(this, this.#wire(effect.leg));
        return;
      case 'leg.direct':
        for (const leg of [effect.first, effect.second]) this.#wire(leg).direct = true;
        if (chance(this.random, 0.2)) this.#refuseDirect(effect.first, effect.second);
        return;
      case 'leg.relay':
        this.#wire(effect.leg).direct = false;
        return;
      case 'leg.probe':
        if (this.#wire(effect.leg).state === 'gone') this.tell({ type: 'leg.ended', leg: effect.leg, cause: 'lost' }, effect.leg);
        return;
      case 'extension.probe': {
        const { extension } = effect;
        this.tell(
          { type: 'extension.state', extension, reachable: this.telephones.get(extension)?.reachable ?? false },
          extension,
        );
        return;
      }
      case 'media.play':
        return this.#play(effect);
      case 'media.bridge':
        this.#wire(effect.first).sound = { hears: 'leg', leg: effect.second };
        this.#wire(effect.second).sound = { hears: 'leg', leg: effect.first };
        for (const leg of [effect.first, effect.second]) this.#wire(leg).play = null;
        return;
      case 'media.quiet':
        this.#wire(effect.leg).sound = { hears: 'nothing' };
        return;
      case 'leg.ring':
      case 'record':
      case 'reply':
        return;
    }
  }

  #refuseDirect(first: string, second: string): void {
    for (const leg of [first, second]) this.#wire(leg).direct = false;
    this.tell({ type: 'leg.directFailed', leg: this.random.below(2) === 0 ? first : second }, first);
  }

  #let(leg: string): void {
    const wire = this.#wire(leg);
    wire.wanted = false;
    if (wire.state === 'gone') return;
    const crossing = !wire.incoming && wire.state === 'trying';
    this.#gone(wire);
    if (crossing) this.tell({ type: 'leg.failed', leg, cause: 'cancelled', status: 487 }, leg);
    else if (chance(this.random, 0.3)) this.tell({ type: 'leg.ended', leg, cause: 'local' }, leg);
  }

  #call({ leg, target, replaces }: Extract<Effect, { type: 'leg.call' }>): void {
    const agent = this.site.extensions.get(target);
    for (const other of agent === undefined ? [] : this.wires.values()) {
      if (!other.incoming && other.target === target && other.wanted && other.state !== 'gone') {
        wrong('D3', `${target} is called by ${leg} while ${other.id} is there`);
      }
    }
    const record = agent === undefined ? undefined : this.site.agents.get(agent);
    if (
      record !== undefined &&
      (!('leg' in record.state) || record.state.leg !== leg || (!record.reachable && replaces === null))
    ) {
      wrong('D11', `${target} rings while its agent is ${record.state.name}, ${record.reachable ? 'reachable' : 'unreachable'}`);
    }
    const wire = this.add(leg, target, false);
    if (!this.lineUp) return this.fail(wire, 'line-unavailable');
    const telephone = this.telephones.get(target);
    if (telephone !== undefined) return telephoneRings(this, wire, telephone, replaces !== null);
    outsideRings(this, wire);
  }

  #play({ leg, play, items, loop }: Extract<Effect, { type: 'media.play' }>): void {
    const wire = this.#wire(leg);
    wire.sound = { hears: 'play' };
    wire.play = play;
    if (loop) return;
    this.after(items.length * 700, () => {
      const replaced = wire.play !== play || wire.state === 'gone';
      if (!replaced) wire.sound = { hears: 'end-of-play' };
      if (replaced ? chance(this.random, 0.1) : this.closing || !chance(this.random, 0.01)) {
        this.tell({ type: 'media.finished', leg, play }, leg);
      }
    });
  }

  /** Whoever is in conversation hears the partner and nobody else; whoever waits hears something. */
  #checkSound(): void {
    for (const { id, state } of this.site.calls.values()) {
      const caller = this.#wire(id);
      switch (state.name) {
        case 'bridged': {
          const partner = this.#wire(state.leg);
          if (hears(caller) !== state.leg || hears(partner) !== id) wrong('D21', `${id} and ${state.leg} do not hear each other`);
          break;
        }
        case 'held': {
          const [by, other] = state.by === id ? [caller, this.#wire(state.leg)] : [this.#wire(state.leg), caller];
          if (by.sound.hears !== 'nothing' || other.sound.hears !== 'play')
            wrong('D21', `${id} is held and hears ${other.sound.hears}`);
          break;
        }
        case 'ringing':
        case 'ended':
          break;
        default:
          if (caller.sound.hears !== 'play' && caller.sound.hears !== 'end-of-play') {
            if (state.name !== 'scenario') wrong('D21', `${id} is ${state.name} and hears ${caller.sound.hears}`);
          }
      }
      if (!(state.name === 'bridged' && state.direct) && caller.direct)
        wrong('D21', `${id} is ${state.name} and its sound goes elsewhere`);
    }
  }

  #nothingIsLeft(): void {
    const { calls, legs, agents, deadlines, suspects, reservations } = this.site;
    if (calls.size > 0) wrong('end', `calls ${[...calls.keys()].join(' ')}`);
    if (legs.size > 0) wrong('end', `legs ${[...legs.keys()].join(' ')}`);
    if (suspects.size > 0) wrong('end', `suspects ${[...suspects].join(' ')}`);
    if (deadlines.size > 0) wrong('end', `${deadlines.size} deadlines`);
    if (reservations.size > 0) wrong('end', `${reservations.size} reservations`);
    for (const { id, state } of agents.values()) {
      if (!['signed-out', 'ready', 'paused'].includes(state.name)) wrong('end', `${id} is ${state.name}`);
    }
    for (const { id, state } of this.wires.values()) if (state !== 'gone') wrong('end', `${id} is still up`);
    for (const { name, size } of [...this.site.queues].map(([name, run]) => ({ name, size: run.talking }))) {
      if (size !== 0) wrong('end', `${name} counts ${size} conversations`);
    }
    this.#ledger.close(this.site);
  }
}

const hears = ({ sound }: Wire): string | null => (sound.hears === 'leg' ? sound.leg : null);
