import type { Centre, OverflowTarget, ScenarioNode, SkillDemand } from '../kernel/centre.ts';

/** An object of the centre naming another. Kinds are those of commands: `hours` for a calendar. */
export interface Reference {
  readonly kind: string;
  readonly id: string;
  readonly otherKind: string;
  readonly other: string;
}

type Named = Omit<Reference, 'kind' | 'id'>;

const toSkill = ({ skill }: { readonly skill: string }): Named => ({ otherKind: 'skill', other: skill });

const ofTarget = (target: OverflowTarget): readonly Named[] =>
  target.to === 'queue' ? [{ otherKind: 'queue', other: target.queue }] : [];

const ofDemands = (demands: readonly SkillDemand[]): readonly Named[] => demands.map(toSkill);

const ofNode = (node: ScenarioNode): readonly Named[] => {
  switch (node.kind) {
    case 'queue':
      return [{ otherKind: 'queue', other: node.queue }];
    case 'hours':
      return [{ otherKind: 'hours', other: node.calendar }];
    case 'set':
      return ofDemands(node.skills);
    default:
      return [];
  }
};

/** Every naming of one object by another, in the order of the centre's objects. */
export const references = (centre: Centre): readonly Reference[] => {
  const found: Reference[] = [];
  const add = (kind: string, id: string, named: readonly Named[]): void => {
    for (const one of named) found.push({ kind, id, ...one });
  };
  for (const queue of centre.queues.values()) {
    add('queue', queue.id, [
      ...ofDemands(queue.skills),
      ...ofTarget(queue.capacityTarget),
      ...queue.overflow.flatMap(({ target }) => ofTarget(target)),
    ]);
  }
  for (const agent of centre.agents.values()) add('agent', agent.id, agent.skills.map(toSkill));
  for (const campaign of centre.campaigns.values()) {
    const { target } = campaign;
    add('campaign', campaign.id, [
      ...(campaign.calendar === null ? [] : [{ otherKind: 'hours', other: campaign.calendar }]),
      ...ofTarget(campaign.closed),
      target.to === 'queue' ? { otherKind: 'queue', other: target.queue } : { otherKind: 'scenario', other: target.scenario },
    ]);
  }
  for (const scenario of centre.scenarios.values()) add('scenario', scenario.id, Object.values(scenario.nodes).flatMap(ofNode));
  return found;
};

/** Who names the object, as `campaign “sales”`; empty when it may be removed. */
export const usersOf = (centre: Centre, kind: string, id: string): readonly string[] => [
  ...new Set(
    references(centre)
      .filter(
        (reference) =>
          reference.otherKind === kind && reference.other === id && !(reference.kind === kind && reference.id === id),
      )
      .map((reference) => `${reference.kind} “${reference.id}”`),
  ),
];
