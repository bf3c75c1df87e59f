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

/** One line of less than 80 characters: what became of the calls that are over. */
export function tallyLine(tally: Tally): string {
  const inProgress = tally.arrived - tally.talked - tally.abandoned - tally['sent-away'];
  const parts = [
    `${tally.talked} talked${tally.talked === 0 ? '' : ` (${tally.heard} heard the other)`}`,
    `${tally.abandoned} gave up`,
    `${tally['sent-away']} sent away`,
    ...(inProgress > 0 ? [`${inProgress} in progress`] : []),
  ];
  return `${tally.arrived} ${tally.arrived === 1 ? 'call' : 'calls'}: ${parts.join(', ')}`;
}
