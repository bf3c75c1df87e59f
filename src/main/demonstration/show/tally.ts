import type { News, NewsKind } from '../people/scene.ts';

/** What the simulated people lived through: the demonstration's own count, beside the daemon's. */
export interface Tally extends Readonly<Record<NewsKind, number>> {
  /** Conversations in which the caller recognised the voice of whom it talked to. */
  readonly heard: number;
}

const NOTHING: Tally = {
  arrived: 0,
  answered: 0,
  talked: 0,
  abandoned: 0,
  'sent-away': 0,
  ignored: 0,
  rejected: 0,
  held: 0,
  resumed: 0,
  transferred: 0,
  'signed-in': 0,
  paused: 0,
  back: 0,
  heard: 0,
};

export const emptyTally = (): Tally => ({ ...NOTHING });

export function counted(tally: Tally, news: News): Tally {
  const heard = news.kind === 'talked' && news.heard ? 1 : 0;
  return { ...tally, [news.kind]: tally[news.kind] + 1, heard: tally.heard + heard };
}

const calls = (count: number): string => `${count} ${count === 1 ? 'call' : 'calls'}`;

/** One line: what became of the calls that are over. */
export function tallyLine(tally: Tally): string {
  const inProgress = tally.arrived - tally.talked - tally.abandoned - tally['sent-away'];
  const sound = tally.talked === 0 ? '' : ` (voice recognised in ${tally.heard})`;
  const parts = [
    `${tally.talked} talked with somebody${sound}`,
    `${tally.abandoned} hung up waiting`,
    `${tally['sent-away']} told that nobody can answer`,
    ...(inProgress > 0 ? [`${inProgress} in progress`] : []),
  ];
  return `${calls(tally.arrived)}: ${parts.join(', ')}`;
}
