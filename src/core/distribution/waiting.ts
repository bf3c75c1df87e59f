import { assert } from '../kernel/assert.ts';
import type { Queue } from '../kernel/centre.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/time.ts';

/**
 * A call's place. Compared field by field in this order; lower goes first, so the larger-is-better fields are negated.
 * `key` is the instant of joining, made earlier by priority where the queue ages: with linear ageing at one rate,
 * "priority p plus wait" orders calls for ever as "joined p × ageingMs earlier" does, so a place never has to move.
 */
export interface Place {
  readonly call: CallId;
  /** 0 for a call whose conversation broke on the agent's side, 1 otherwise. */
  readonly front: 0 | 1;
  /** Minus the priority where it is strict, else 0. */
  readonly strict: number;
  readonly key: number;
  /** Order of arrival at the site; makes the order total. */
  readonly arrival: number;
}

export function placeOf(
  queue: Queue,
  call: {
    readonly id: CallId;
    readonly priority: number;
    readonly joinedAt: Instant;
    readonly front: boolean;
    readonly arrival: number;
  },
): Place {
  const priority = queue.priority + call.priority;
  return {
    call: call.id,
    front: call.front ? 0 : 1,
    strict: queue.ageingMs === null ? -priority : 0,
    key: queue.ageingMs === null ? call.joinedAt : call.joinedAt - priority * queue.ageingMs,
    arrival: call.arrival,
  };
}

/** Negative when `a` goes before `b`. */
export const comparePlaces = (a: Place, b: Place): number =>
  a.front - b.front || a.strict - b.strict || a.key - b.key || a.arrival - b.arrival;

/** The calls of one queue in the order they will be served. Binary search both ways. */
export class WaitingList {
  #places: Place[] = [];

  get length(): number {
    return this.#places.length;
  }

  add(place: Place): void {
    this.#places.splice(this.#index(place), 0, place);
  }

  remove(place: Place): void {
    const index = this.#index(place);
    assert(this.#places[index]?.call === place.call, 'a waiting call is in its list');
    this.#places.splice(index, 1);
  }

  /** 1 for the next to be served. */
  position(place: Place): number {
    return this.#index(place) + 1;
  }

  *[Symbol.iterator](): IterableIterator<Place> {
    yield* this.#places;
  }

  #index(place: Place): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(this.#places[middle]!, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
