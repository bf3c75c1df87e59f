import type { PlayItem } from '../kernel/effects.ts';
import { MINUTE } from '../kernel/time.ts';
import type { Duration } from '../kernel/time.ts';

/** Highest number that the shipped prompts can say. */
const LAST_NUMBER = 20;
const LAST_MINUTE = 15;

const prompt = (name: string): PlayItem => ({ prompt: name });

/** "You are number 3." */
export function positionItems(position: number): readonly PlayItem[] {
  return position > LAST_NUMBER ? [prompt('many-ahead')] : [prompt('position'), prompt(`number-${position}`)];
}

/** "Estimated wait: 4 minutes." An unknown wait is not announced. Rounded up, so that it is rather too long. */
export function estimateItems(estimateMs: Duration | null): readonly PlayItem[] {
  if (estimateMs === null) return [];
  const minutes = Math.ceil(estimateMs / MINUTE);
  const said =
    estimateMs < MINUTE ? 'less-than-a-minute' : minutes > LAST_MINUTE ? 'more-than-fifteen-minutes' : `minutes-${minutes}`;
  return [prompt('estimated-wait'), prompt(said)];
}
