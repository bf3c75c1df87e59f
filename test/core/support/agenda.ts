import { Deadlines } from '../../../src/core/kernel/deadlines.ts';

/** What is to happen in virtual time; things due at the same instant happen in the order they were planned. */
export class Agenda {
  readonly #due = new Deadlines();
  readonly #acts = new Map<string, () => void>();
  #count = 0;

  get size(): number {
    return this.#acts.size;
  }

  plan(at: number, act: () => void): void {
    const key = String(++this.#count);
    this.#due.set(key, at);
    this.#acts.set(key, act);
  }

  next(): number | null {
    return this.#due.next();
  }

  /** Removes and gives back the next thing due by `now`. */
  take(now: number): (() => void) | null {
    const key = this.#due.takeDue(now);
    if (key === null) return null;
    const act = this.#acts.get(key)!;
    this.#acts.delete(key);
    return act;
  }
}
