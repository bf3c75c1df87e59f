import type { Order } from '../../../src/core/kernel/events.ts';
import type { Telephone, Wire, World } from './world.ts';
import { NUMBERS, OUTSIDE, around, chance, changedCentre, pick } from './world-centre.ts';

const SECOND = 1_000;
const CALLERS = ['0199000001', '0199000002', '0199000003', null];
const AGENTS = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'nobody'];
const EXTENSIONS = ['101', '102', '103', '104', '105', '106', '107', '108'];
const CODES = ['*11', '*12', '*131', '*139', '*13', '*14'];

/** Does `act` again and again, at random, until the day is over. */
function habit(world: World, meanMs: number, act: () => void): void {
  world.after(around(world.random, meanMs), () => {
    if (world.closing) return;
    act();
    habit(world, meanMs, act);
  });
}

export function population(world: World): void {
  const { random, site } = world;
  world.add('never-was', '', true).state = 'gone';
  for (const extension of EXTENSIONS) world.telephones.set(extension, { extension, reachable: true, wire: null });
  for (const agent of site.centre.agents.keys()) order(world, { kind: 'agent.signIn', agent, extension: null });
  const busyness = 2 * SECOND + random.below(10 * SECOND);
  habit(world, busyness, () => arrive(world));
  habit(world, 5 * SECOND, () => order(world, randomOrder(world)));
  habit(world, 30 * SECOND, () => world.step({ type: 'centre.changed', centre: changedCentre(random, site.centre) }));
  habit(world, 60 * SECOND, () => lineOutage(world));
  habit(world, 20 * SECOND, () => toggleTelephone(world));
  habit(world, 15 * SECOND, () => strayEvent(world));
  habit(world, 600 * SECOND, () => {
    world.step({ type: 'drain', on: true });
    world.after(around(random, 10 * SECOND), () => world.step({ type: 'drain', on: false }));
  });
  habit(world, 3_600 * SECOND, () => world.step({ type: 'stop' }));
}

/** The evening: telephones and lines work again, and everybody hangs up, one or the other without a word. */
export function shutDown(world: World): void {
  world.lineUp = true;
  for (const telephone of world.telephones.values()) {
    telephone.reachable = true;
    world.tell({ type: 'extension.state', extension: telephone.extension, reachable: true }, telephone.extension);
  }
  for (const wire of world.wires.values()) {
    if (wire.state !== 'gone') world.after(world.random.below(20 * SECOND), () => world.end(wire, chance(world.random, 0.1)));
  }
}

function arrive(world: World): void {
  const { random } = world;
  const fromInside = chance(random, 0.1);
  const dialled = fromInside ? pick(random, CODES) : pick(random, NUMBERS);
  const caller = fromInside ? pick(random, EXTENSIONS) : pick(random, CALLERS);
  const wire = world.add(`c${world.wires.size + 1}`, dialled, true);
  const diverted = chance(random, 0.1) ? { from: '8', reason: 'busy' } : null;
  world.tell({ type: 'leg.incoming', leg: wire.id, line: 'main', caller, callerName: null, dialled, diverted }, wire.id);
  world.after(around(random, chance(random, 0.2) ? 300 : 60 * SECOND), () => world.end(wire, chance(random, 0.05)));
  for (let keys = random.below(4); keys > 0; keys--) {
    world.after(around(random, 8 * SECOND), () => {
      if (wire.state !== 'up') return;
      const type = pick(random, ['leg.digit', 'media.digit'] as const);
      world.tell({ type, leg: wire.id, digit: pick(random, ['1', '2', '3', '4', '9']) }, wire.id);
    });
  }
  if (chance(random, 0.1)) world.after(around(random, 20 * SECOND), () => hold(world, wire));
}

/** The site calls an agent's telephone. */
export function telephoneRings(world: World, wire: Wire, telephone: Telephone, replaces: boolean): void {
  const { random } = world;
  if (telephone.wire !== null) return world.fail(wire, 'busy');
  if (!telephone.reachable && !replaces)
    return world.fail(wire, pick(random, ['unreachable', 'unknown-number', 'error'] as const));
  telephone.wire = wire;
  if (replaces) {
    world.after(around(random, 200), () => (chance(random, 0.2) ? world.end(wire) : pickUp(world, wire)));
    return;
  }
  if (chance(random, 0.85)) world.tell({ type: 'leg.ringing', leg: wire.id }, wire.id);
  const mood = random.next();
  if (mood < 0.1) world.after(around(random, 2 * SECOND), () => world.end(wire));
  else if (mood < 0.13) world.after(around(random, 2 * SECOND), () => world.end(wire, true));
  else if (mood < 0.85 || world.closing) world.after(around(random, 4 * SECOND), () => pickUp(world, wire));
}

export function outsideRings(world: World, wire: Wire): void {
  const { random } = world;
  if (!OUTSIDE.includes(wire.target)) return world.fail(wire, 'unknown-number');
  const mood = random.next();
  if (mood < 0.4) world.after(around(random, 3 * SECOND), () => world.end(wire));
  else if (mood < 0.8) world.after(around(random, 4 * SECOND), () => pickUp(world, wire));
}

function pickUp(world: World, wire: Wire): void {
  if (wire.state !== 'trying') return;
  wire.state = 'up';
  world.tell({ type: 'leg.answered', leg: wire.id }, wire.id);
  converse(world, wire);
}

/** What somebody on the telephone may do next. */
function converse(world: World, wire: Wire): void {
  const { random } = world;
  world.after(around(random, 12 * SECOND), () => {
    if (wire.state !== 'up') return;
    const mood = world.closing ? 0 : random.next();
    if (mood < 0.35) return world.end(wire);
    if (mood < 0.42) return world.end(wire, true);
    if (mood < 0.6) hold(world, wire);
    else if (mood < 0.85) transfer(world, wire);
    else if (mood < 0.93) world.tell({ type: 'media.silent', leg: wire.id, forMs: 15 * SECOND }, wire.id);
    else world.tell({ type: 'media.digit', leg: wire.id, digit: '1' }, wire.id);
    converse(world, wire);
  });
}

function hold(world: World, wire: Wire): void {
  if (wire.state !== 'up') return;
  world.tell({ type: 'leg.held', leg: wire.id }, wire.id);
  if (!chance(world.random, 0.8)) return;
  world.after(around(world.random, 5 * SECOND), () => {
    if (wire.state === 'up') world.tell({ type: 'leg.resumed', leg: wire.id }, wire.id);
  });
}

function transfer(world: World, wire: Wire): void {
  const { random } = world;
  const target = pick(random, [...EXTENSIONS, ...EXTENSIONS, ...NUMBERS, ...OUTSIDE]);
  const replaces = chance(random, 0.3) ? 'dialogue;to-tag=1;from-tag=2' : null;
  world.tell({ type: 'leg.transferRequested', leg: wire.id, target, replaces }, wire.id);
}

/** Many telephones hang up as soon as their transfer is accepted. */
export function transferAnswered(world: World, wire: Wire): void {
  if (chance(world.random, 0.5)) world.after(around(world.random, 500), () => world.end(wire));
}

function order(world: World, wanted: Order): void {
  world.step({ type: 'order', order: wanted, by: 'supervisor', reply: chance(world.random, 0.5) ? world.steps : null });
}

function randomOrder(world: World): Order {
  const { random, site } = world;
  const agent = pick(random, AGENTS);
  const calls = [...site.calls.keys(), 'no-call'];
  const call = pick(random, calls);
  return pick<Order>(random, [
    { kind: 'agent.signIn', agent, extension: chance(random, 0.2) ? pick(random, EXTENSIONS) : null },
    { kind: 'agent.signIn', agent, extension: null },
    { kind: 'agent.signIn', agent, extension: null },
    { kind: 'agent.signOut', agent },
    { kind: 'agent.pause', agent, reason: pick(random, ['lunch', 'break', 'no-reason']) },
    { kind: 'agent.resume', agent },
    { kind: 'agent.resume', agent },
    { kind: 'agent.resume', agent },
    { kind: 'agent.endWrapUp', agent },
    { kind: 'call.hangup', call },
    { kind: 'call.move', call, queue: pick(random, ['q1', 'q2', 'q3', 'q4', 'no-queue']) },
    { kind: 'call.reserve', call, agent, forMs: 1 + random.below(20 * SECOND) },
    { kind: 'call.reserve', call, agent, forMs: 1 + random.below(20 * SECOND) },
  ]);
}

function lineOutage(world: World): void {
  world.lineUp = false;
  world.tell({ type: 'line.state', line: 'main', registered: false, reason: 'timeout' }, 'main');
  world.after(around(world.random, 4 * SECOND), () => {
    world.lineUp = true;
    world.tell({ type: 'line.state', line: 'main', registered: true, reason: null }, 'main');
  });
}

/** A telephone is unplugged, or plugged in again; half of the time nobody says so. */
function toggleTelephone(world: World): void {
  const telephone = world.telephones.get(pick(world.random, EXTENSIONS))!;
  telephone.reachable = !telephone.reachable;
  const { extension, reachable } = telephone;
  if (!reachable && telephone.wire !== null) world.end(telephone.wire, true);
  if (chance(world.random, 0.5)) world.tell({ type: 'extension.state', extension, reachable }, extension);
}

/** Events about legs that never were, or that are long gone. */
function strayEvent(world: World): void {
  const { random, wires } = world;
  const gone = [...wires.values()].filter(({ state }) => state === 'gone');
  const leg = pick(random, gone).id;
  world.step(
    pick(random, [
      { type: 'leg.answered', leg },
      { type: 'leg.ringing', leg },
      { type: 'leg.failed', leg, cause: 'busy', status: 486 },
      { type: 'leg.ended', leg, cause: 'remote' },
      { type: 'leg.held', leg },
      { type: 'leg.resumed', leg },
      { type: 'leg.digit', leg, digit: '1' },
      { type: 'leg.transferRequested', leg, target: '101', replaces: null },
      { type: 'leg.directFailed', leg },
      { type: 'media.finished', leg, play: 1 },
      { type: 'media.silent', leg, forMs: 1 },
      { type: 'extension.state', extension: '999', reachable: false },
      { type: 'tick' },
    ]),
  );
}
