import type { CentreDocument } from '../../wire/centre.ts';
import { readWhole } from '../../wire/whole.ts';
import {
  AGENTS,
  BILLING_NUMBER,
  BREAK_DIGITS,
  CLOSED_NUMBER,
  CODES,
  OUTSIDE_EXTENSION,
  RECEPTION_NUMBER,
  URGENT_NUMBER,
} from './numbers.ts';

const queueOf = (name: string, own: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  name,
  weight: 100,
  ringTimeoutMs: '12s',
  wrapUpMs: '4s',
  rejectDelayMs: '3s',
  noAnswerDelayMs: '5s',
  autoPauseAfter: 2,
  capacity: 8,
  announceEveryMs: '20s',
  serviceLevelMs: '15s',
  ...own,
});

/** What an administrator would have set up, as `bascule import` would be given it: three queues, six agents, a menu, a closed service. */
const whole = {
  settings: { featureCodes: CODES },
  skills: { accueil: { name: 'Accueil' }, urgences: { name: 'Urgences' }, facturation: { name: 'Facturation' } },
  pauseReasons: { pause: { name: 'Pause', digits: BREAK_DIGITS }, reunion: { name: 'Réunion', digits: '2' } },
  hours: {
    ferme: {
      name: 'Toujours fermé',
      week: {
        monday: 'closed',
        tuesday: 'closed',
        wednesday: 'closed',
        thursday: 'closed',
        friday: 'closed',
        saturday: 'closed',
        sunday: 'closed',
      },
    },
  },
  queues: {
    accueil: queueOf('Accueil', { strategy: 'longest-idle', skills: [{ skill: 'accueil', minLevel: 3 }] }),
    // An emergency passes before every other call, and after 15 s anybody who knows a little of it will do.
    urgences: queueOf('Urgences', {
      strategy: 'skill-level',
      weight: 500,
      priority: 50,
      skills: [{ skill: 'urgences', minLevel: 7, relax: [{ afterMs: '15s', minLevel: 1 }] }],
      wrapUpMs: '2s',
      announceEveryMs: null,
      serviceLevelMs: '10s',
    }),
    // Who has waited for a minute is better served by the reception than by nobody.
    facturation: queueOf('Facturation', {
      strategy: 'fewest-calls',
      skills: [{ skill: 'facturation', minLevel: 4 }],
      capacity: 5,
      overflow: [{ when: { kind: 'waited', longerThanMs: '1m' }, target: { to: 'queue', queue: 'accueil' } }],
    }),
  },
  agents: Object.fromEntries(
    AGENTS.map(({ id, name, extension, skills }, order) => [id, { name, extension, skills, order: order + 1 }]),
  ),
  scenarios: {
    'choix-facturation': {
      name: 'Choix de la facturation',
      start: 'choix',
      nodes: {
        // 1: the bills. 2: somebody of the management, who is no agent.
        choix: { kind: 'menu', prompts: ['menu'], choices: { 1: 'file', 2: 'direction' }, attempts: 2, otherwise: 'file' },
        file: { kind: 'queue', queue: 'facturation' },
        direction: { kind: 'number', number: OUTSIDE_EXTENSION },
      },
    },
  },
  campaigns: {
    accueil: { name: 'Accueil', numbers: [RECEPTION_NUMBER], target: { to: 'queue', queue: 'accueil' } },
    // An emergency hears no greeting.
    urgences: {
      name: 'Urgences',
      numbers: [URGENT_NUMBER],
      greeting: null,
      target: { to: 'queue', queue: 'urgences' },
      priority: 50,
    },
    facturation: {
      name: 'Facturation',
      numbers: [BILLING_NUMBER],
      target: { to: 'scenario', scenario: 'choix-facturation' },
    },
    archives: { name: 'Archives', numbers: [CLOSED_NUMBER], calendar: 'ferme', target: { to: 'queue', queue: 'accueil' } },
  },
};

/** The demonstration's centre, validated as any import is. Throws what is wrong with it, which a test keeps from happening. */
export function demonstrationCentre(): readonly CentreDocument[] {
  const { entries, errors } = readWhole(whole);
  if (errors.length > 0) throw new AggregateError(errors, 'The demonstration centre is not valid');
  return entries;
}
