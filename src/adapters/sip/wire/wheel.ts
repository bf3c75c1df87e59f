/** Something that is to happen again and again until it is cancelled. */
export interface WheelEntry {
  /** Milliseconds of the wheel's clock. */
  due: number;
  /** Slot it lies in; -1 when it lies in none. */
  slot: number;
  /** Called when due, already out of the wheel; schedules itself again if it wants to. */
  fire(now: number): void;
}

const SLOTS = 128;

/**
 * One timer for everything the transport sends again. Adding and removing cost the same whatever is pending, and there
 * is no timer object a message. It ticks only while something lies in it.
 */
export class Wheel {
  private readonly slots: Set<WheelEntry>[] = Array.from({ length: SLOTS }, () => new Set());
  private readonly tickMs: number;
  private readonly now: () => number;
  private position = 0;
  private size = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(tickMs: number, now: () => number) {
    this.tickMs = tickMs;
    this.now = now;
  }

  get pending(): number {
    return this.size;
  }

  schedule(entry: WheelEntry, delayMs: number): void {
    this.cancel(entry);
    const now = this.now();
    if (this.timer === undefined) {
      this.position = this.tickOf(now);
      this.timer = setInterval(() => this.turn(), this.tickMs);
    }
    entry.due = now + delayMs;
    entry.slot = Math.max(this.tickOf(entry.due), this.position + 1) % SLOTS;
    (this.slots[entry.slot] as Set<WheelEntry>).add(entry);
    this.size++;
  }

  cancel(entry: WheelEntry): void {
    if (entry.slot < 0) return;
    (this.slots[entry.slot] as Set<WheelEntry>).delete(entry);
    entry.slot = -1;
    this.size--;
  }

  clear(): void {
    for (const slot of this.slots) {
      for (const entry of slot) entry.slot = -1;
      slot.clear();
    }
    this.size = 0;
    this.rest();
  }

  private tickOf(milliseconds: number): number {
    return Math.ceil(milliseconds / this.tickMs);
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Visits the slots that time has passed; after a long pause each is visited once. */
  private turn(): void {
    const now = this.now();
    const last = Math.floor(now / this.tickMs);
    const first = Math.max(this.position + 1, last - SLOTS + 1);
    this.position = Math.max(this.position, last);
    for (let tick = first; tick <= last; tick++) {
      const slot = this.slots[tick % SLOTS] as Set<WheelEntry>;
      for (const entry of slot) {
        // Due in a later turn of the wheel.
        if (entry.due > now) continue;
        this.cancel(entry);
        entry.fire(now);
      }
    }
    if (this.size === 0) this.rest();
  }
}
