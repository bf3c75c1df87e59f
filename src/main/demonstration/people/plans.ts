import { BILLING_NUMBER, CLOSED_NUMBER, OUTSIDE_EXTENSION, RECEPTION_NUMBER, URGENT_NUMBER } from '../numbers.ts';
import type { Random } from '../random.ts';

/** What a caller will do, all decided when the telephone is picked up. Durations in milliseconds. */
export interface CallerPlan {
  /** Fictional mobile and landline ranges (06 39 98, 04 65 71) of the French numbering plan. */
  readonly number: string;
  readonly dialled: string;
  /** Name of what is dialled, as people call it. */
  readonly campaign: string;
  /** Key pressed in the menu, if there is one; some press a wrong one, some none. */
  readonly key: string | null;
  readonly patienceMs: number;
  readonly talkMs: number;
}

/** What an agent will do with a call that rings. */
export interface AnswerPlan {
  readonly reaction: 'answer' | 'ignore' | 'reject';
  readonly afterMs: number;
  readonly talkMs: number;
  readonly hold: { readonly afterMs: number; readonly forMs: number } | null;
  /** Sends the caller there once it has talked for a while. */
  readonly transferTo: string | null;
  /** Takes a break when the call is over. */
  readonly pauseMs: number | null;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Caller number `index` of the demonstration; numbers repeat only after ten thousand calls. */
export function planCaller(random: Random, index: number): CallerPlan {
  const prefix = random.pick([
    [3, '063998'],
    [1, '046571'],
  ]);
  const subscriber = (index * 3_571 + 421) % 10_000;
  const [campaign, dialled] = random.pick<readonly [string, string]>([
    [45, ['Accueil', RECEPTION_NUMBER]],
    [20, ['Urgences', URGENT_NUMBER]],
    [30, ['Facturation', BILLING_NUMBER]],
    [5, ['Archives', CLOSED_NUMBER]],
  ]);
  const key = random.pick<string | null>([
    [65, '1'],
    [20, '2'],
    [8, '7'],
    [7, null],
  ]);
  // One in six is in a hurry: those are the abandons, in the greeting or in the queue.
  const hurried = random.chance(1 / 6);
  return {
    number: `${prefix}${twoDigits(Math.floor(subscriber / 100))}${twoDigits(subscriber % 100)}`,
    dialled,
    campaign,
    key: campaign === 'Facturation' ? key : null,
    patienceMs: hurried ? random.between(2_000, 12_000) : random.between(40_000, 90_000),
    talkMs: random.between(8_000, 25_000),
  };
}

export function planAnswer(random: Random): AnswerPlan {
  const reaction = random.pick<AnswerPlan['reaction']>([
    [84, 'answer'],
    [9, 'ignore'],
    [7, 'reject'],
  ]);
  const afterMs = random.between(1_000, 4_000);
  const talkMs = random.between(8_000, 25_000);
  const held = random.chance(0.15);
  const transferred = random.chance(0.1);
  const rests = random.chance(0.06);
  return {
    reaction,
    afterMs,
    talkMs,
    hold: held ? { afterMs: random.between(2_000, 4_000), forMs: random.between(2_000, 4_000) } : null,
    transferTo: transferred && !held ? OUTSIDE_EXTENSION : null,
    pauseMs: rests ? random.between(10_000, 20_000) : null,
  };
}
