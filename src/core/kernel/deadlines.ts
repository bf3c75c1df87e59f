import type { Instant } from './time.ts';

interface Entry {
  readonly key: string;
  readonly at: Instant;
  readonly order: number;
  live: boolean;
}

/**
 * Named deadlines as data: the site sets and cancels them, the runtime asks when the next one is and sends a `tick`.
 * A binary heap; a cancelled entry stays until it surfaces, or until the dead outnumber the living.
 */
export class Deadlines {
  #heap: Entry[] = [];
  readonly #byKey = new Map<string, Entry>();
  #order = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** Sets, or moves, the deadline called `key`. */
  set(key: string, at: Instant): void {
    const old = this.#byKey.get(key);
    if (old !== undefined) old.live = false;
    const entry: Entry = { key, at, order: this.#order++, live: true };
    this.#byKey.set(key, entry);
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#byKey.size) this.#compact();
  }

  cancel(key: string): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    entry.live = false;
    this.#byKey.delete(key);
  }

  /** The earliest deadline; null when there is none. */
  next(): Instant | null {
    this.#dropDead();
    return this.#heap[0]?.at ?? null;
  }

  /** Removes and names the earliest deadline that is due; equal instants come in the order they were set. */
  takeDue(now: Instant): string | null {
    this.#dropDead();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return null;
    this.#byKey.delete(first.key);
    this.#removeFirst();
    return first.key;
  }

  #dropDead(): void {
    while (this.#heap.length > 0 && !this.#heap[0]!.live) this.#removeFirst();
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #compact(): void {
    this.#heap = this.#heap.filter((entry) => entry.live).sort((a, b) => a.at - b.at || a.order - b.order);
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a]!;
    const y = this.#heap[b]!;
    return x.at !== y.at ? x.at < y.at : x.order < y.order;
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = x;
  }

  #up(start: number): void {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.#before(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(start: number): void {
    for (let i = start; ; ) {
      const left = 2 * i + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const least = right < this.#heap.length && this.#before(right, left) ? right : left;
      if (!this.#before(least, i)) return;
      this.#swap(i, least);
      i = least;
    }
  }
}
