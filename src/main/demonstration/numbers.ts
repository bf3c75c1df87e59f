/** The numbering plan of the demonstration. Numbers from outside lie in ranges kept for fiction: 01 99 00 and 06 39 98. */

export const DOMAIN = 'demonstration.invalid';
/** Where calls from outside say they come from. */
export const OUTSIDE_DOMAIN = 'operator.invalid';

export const SERVICE_USER = 'svc';
/** The second server's, which nobody registers while there is only one. */
export const WATCH_USER = 'watch';

export const RECEPTION_NUMBER = '0199001001';
export const URGENT_NUMBER = '0199001002';
export const BILLING_NUMBER = '0199001003';
/** A service that is never open: its callers are told so. */
export const CLOSED_NUMBER = '0199001004';

/** Somebody who is no agent: calls are transferred there. */
export const OUTSIDE_EXTENSION = '110';

export const CODES = { signIn: '*11', signOut: '*12', pause: '*13', resume: '*14' } as const;
/** Dialled after the pause code. */
export const BREAK_DIGITS = '1';

export interface DemonstrationAgent {
  readonly id: string;
  readonly name: string;
  readonly extension: string;
  readonly skills: Readonly<Record<string, number>>;
}

export const AGENTS: readonly DemonstrationAgent[] = [
  { id: 'camille', name: 'Camille Laurent', extension: '101', skills: { accueil: 8, facturation: 4 } },
  { id: 'hugo', name: 'Hugo Petit', extension: '102', skills: { accueil: 6, urgences: 5 } },
  { id: 'ines', name: 'Inès Moreau', extension: '103', skills: { urgences: 9, accueil: 5 } },
  { id: 'jules', name: 'Jules Garnier', extension: '104', skills: { facturation: 9 } },
  { id: 'lea', name: 'Léa Fontaine', extension: '105', skills: { facturation: 7, accueil: 7 } },
  { id: 'nadia', name: 'Nadia Benali', extension: '106', skills: { urgences: 7, facturation: 5, accueil: 3 } },
];

/** Agents and callers each have a pitch of their own, far enough apart to be told from one another by ear. */
export const agentPitchHz = (index: number): number => 400 + 25 * index;
export const callerPitchHz = (index: number): number => 1_000 + 50 * (index % 16);
export const OUTSIDE_PITCH_HZ = 300;

/** Shown numbers hide what identifies the caller: `06 39 xx xx 21`. */
export const masked = (number: string): string =>
  number.length === 10 ? `${number.slice(0, 2)} ${number.slice(2, 4)} xx xx ${number.slice(8)}` : number;
