import type { Scenario, ScenarioNode } from '../kernel/centre.ts';
import { BasculeError } from '../kernel/errors.ts';

/** The nodes that may follow a node. */
const following = (node: ScenarioNode): readonly string[] => {
  switch (node.kind) {
    case 'play':
    case 'set':
      return [node.next];
    case 'menu':
      return [...new Set([...Object.values(node.choices), node.otherwise])];
    case 'hours':
      return [node.open, node.closed];
    default:
      return [];
  }
};

const nodeOf = (scenario: Scenario, name: string): ScenarioNode | undefined =>
  Object.hasOwn(scenario.nodes, name) ? scenario.nodes[name] : undefined;

/** Nodes that a caller can get to from the start. */
const reachable = (scenario: Scenario): ReadonlySet<string> => {
  const seen = new Set<string>();
  const open = [scenario.start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = nodeOf(scenario, name);
    if (node === undefined || seen.has(name)) continue;
    seen.add(name);
    open.push(...following(node));
  }
  return seen;
};

/** Only menus, prompts and ends let time pass: going round the others alone would never end. */
const isSilent = (node: ScenarioNode): boolean =>
  node.kind === 'set' || node.kind === 'hours' || (node.kind === 'play' && node.prompts.length === 0);

/** Nodes from which a caller can go on without ever waiting: the ones left when those that lead only to time are taken away. */
const silentLoops = (scenario: Scenario): readonly string[] => {
  const left = new Set(Object.keys(scenario.nodes).filter((name) => isSilent(scenario.nodes[name]!)));
  for (let changed = true; changed; ) {
    changed = false;
    for (const name of left) {
      if (following(scenario.nodes[name]!).some((next) => left.has(next))) continue;
      left.delete(name);
      changed = true;
    }
  }
  return [...left];
};

/** Nodes that lead to an end (queue, number, hang-up). */
const ending = (scenario: Scenario): ReadonlySet<string> => {
  const done = new Set<string>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, node] of Object.entries(scenario.nodes)) {
      if (done.has(name)) continue;
      const next = following(node);
      if (next.length > 0 && !next.some((other) => done.has(other))) continue;
      done.add(name);
      changed = true;
    }
  }
  return done;
};

/** The program can be run from its start to an end, whatever the caller does. */
export const validateScenario = (scenario: Scenario): readonly BasculeError[] => {
  const wrong = (key: string, detail: string, remedy: string): BasculeError =>
    new BasculeError('CTR_INVALID', { kind: 'scenario', id: scenario.id, key, detail, remedy });
  if (nodeOf(scenario, scenario.start) === undefined) {
    return [wrong('start', `names the node “${scenario.start}”, which does not exist`, 'Name one of its nodes.')];
  }
  const errors: BasculeError[] = [];
  for (const [name, node] of Object.entries(scenario.nodes)) {
    for (const next of following(node)) {
      if (nodeOf(scenario, next) !== undefined) continue;
      errors.push(wrong(`nodes.${name}`, `goes to the node “${next}”, which does not exist`, 'Add the node, or name another.'));
    }
  }
  if (errors.length > 0) return errors;
  const known = reachable(scenario);
  for (const name of Object.keys(scenario.nodes)) {
    if (!known.has(name)) errors.push(wrong(`nodes.${name}`, 'cannot be reached from the start', 'Lead to it, or remove it.'));
  }
  const loops = silentLoops(scenario);
  if (loops.length > 0) {
    const detail = `the nodes ${loops.join(', ')} can go round for ever without letting the caller hear or choose`;
    errors.push(wrong('nodes', detail, 'Put a prompt, a menu or an end into the loop.'));
  }
  const ends = ending(scenario);
  for (const name of known) {
    if (!ends.has(name))
      errors.push(wrong(`nodes.${name}`, 'leads to no end: no queue, number or hangup follows', 'Lead to one.'));
  }
  return errors;
};
