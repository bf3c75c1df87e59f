/** Something to be done at a time; links of the slot's ring. Made once and scheduled again and again. */
export class Timer {
  at = 0;
  next: Timer | null = null;
  previous: Timer | null = null;
  readonly action: (now: number) => void;

  constructor(action: (now: number) => void) {
    this.action = action;
  }
}

const emptyRing = (): Timer => {
  const head = new Timer(() => undefined);
  head.next = head;
  head.previous = head;
  return head;
};

/**
 * One timer for everything that the media does: plays every 20 ms, RTCP every 5 s, silences. Scheduling and cancelling
 * are O(1) and leave no garbage, where a `setTimeout` a call would cost a heap operation a packet. Milliseconds throughout.
 */
export class TimerWheel {
  readonly #slots: Timer[] = [];
  readonly #slotMs: number;
  /** Slot numbers count from time 0 and only grow; this one and those before it have been run. */
  #done: number;
  #size = 0;
  readonly #due = emptyRing();

  constructor(now: number, slotMs = 5, slots = 256) {
    this.#slotMs = slotMs;
    this.#done = Math.floor(now / slotMs);
    for (let i = 0; i < slots; i++) this.#slots.push(emptyRing());
  }

  get size(): number {
    return this.#size;
  }

  /** When `advance` should next be called; the next slot's end, whether it holds something or not. */
  get nextAt(): number {
    return (this.#done + 1) * this.#slotMs;
  }

  /** An instant already past runs at the next `advance`. */
  schedule(timer: Timer, at: number): void {
    this.cancel(timer);
    timer.at = at;
    const slot = Math.max(Math.ceil(at / this.#slotMs), this.#done + 1);
    this.#append(this.#slots[slot % this.#slots.length] as Timer, timer);
  }

  cancel(timer: Timer): void {
    if (timer.next === null) return;
    (timer.previous as Timer).next = timer.next;
    timer.next.previous = timer.previous;
    timer.next = null;
    timer.previous = null;
    this.#size--;
  }

  /** An action may schedule and cancel any timer. After a long pause each slot is looked at once, not once a lap missed. */
  advance(now: number): void {
    const upTo = Math.floor(now / this.#slotMs);
    const from = Math.max(this.#done + 1, upTo - this.#slots.length + 1);
    for (let slot = from; slot <= upTo; slot++) {
      this.#done = slot;
      this.#runSlot(this.#slots[slot % this.#slots.length] as Timer, slot * this.#slotMs, now);
    }
  }

  /** Due timers move to a ring of their own first, so that an action may cancel one that has yet to run. */
  #runSlot(head: Timer, slotEnd: number, now: number): void {
    for (let timer = head.next as Timer; timer !== head; ) {
      const following = timer.next as Timer;
      if (timer.at <= slotEnd) {
        this.cancel(timer);
        this.#append(this.#due, timer);
      }
      timer = following;
    }
    for (let timer = this.#due.next as Timer; timer !== this.#due; timer = this.#due.next as Timer) {
      this.cancel(timer);
      timer.action(now);
    }
  }

  #append(head: Timer, timer: Timer): void {
    const last = head.previous as Timer;
    timer.next = head;
    timer.previous = last;
    last.next = timer;
    head.previous = timer;
    this.#size++;
  }
}
