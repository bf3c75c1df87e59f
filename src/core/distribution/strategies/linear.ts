import { best, byId } from './types.ts';
import type { Choose } from './types.ts';

/** Always the first free one in the order set by the administrator. */
export const linear: Choose = (candidates) => [best(candidates, (a, b) => a.order - b.order || byId(a, b))];
