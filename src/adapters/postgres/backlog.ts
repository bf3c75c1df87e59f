import type { JournalEntry } from '../../core/kernel/journal.ts';
import type { Spool, SpoolRow } from '../../ports/spool.ts';

/** Entries that go to the database together. */
export interface Batch {
  /** Of its first entry, in the order of `append`; the others follow by one. */
  readonly position: number;
  readonly entries: readonly JournalEntry[];
  /** Rows of the spool up to this position are done with when this batch is; null: none. */
  readonly spoolThrough: number | null;
  /** Also in the spool: nothing is lost with it. */
  readonly spooled: boolean;
}

const NONE = Number.POSITIVE_INFINITY;
const lowest = (batches: readonly Batch[]): number =>
  batches.reduce((least, batch) => (batch.spooled ? least : Math.min(least, batch.position)), NONE);

/**
 * What is not in the database yet, in the order it was appended, wherever it is: batches that came back, rows of the spool,
 * entries in memory. Every entry has a position, so that the next to go is always the lowest. Calls of the spool may throw
 * STO_NODE_STATE; nothing has moved then.
 */
export class Backlog {
  readonly #spool: Spool;
  readonly #batchEntries: number;
  #pending: JournalEntry[] = [];
  #next: number;
  #returned: Batch[] = [];
  /** Rows up to here have been taken. */
  #cursor = 0;
  #ahead: readonly SpoolRow[] = [];
  #unread: boolean;
  #unsynced = NONE;
  #syncing = NONE;

  constructor(spool: Spool, batchEntries: number) {
    this.#spool = spool;
    this.#batchEntries = batchEntries;
    const extent = spool.extent();
    this.#next = extent.last + 1;
    this.#unread = extent.entries > 0;
  }

  /** Position that the next entry will get. */
  get next(): number {
    return this.#next;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Entries of batches that came back and are only in memory. */
  get returned(): number {
    return this.#returned.reduce((sum, batch) => sum + (batch.spooled ? 0 : batch.entries.length), 0);
  }

  /** Rows of the spool wait to be taken: what is newer has to wait behind them. */
  get unread(): boolean {
    return this.#unread;
  }

  get empty(): boolean {
    return this.#pending.length === 0 && this.#returned.length === 0 && !this.#unread;
  }

  push(entry: JournalEntry): void {
    this.#pending.push(entry);
    this.#next += 1;
  }

  /** The oldest entries that nobody has taken. Entries in memory only if `memory`, or if they fill a batch. */
  take(memory: boolean): Batch | null {
    const back = this.#returned[0];
    const rows = this.#rows().filter((row) => back === undefined || row.position < back.position);
    const last = rows.at(-1);
    if (last !== undefined) {
      this.#ahead = this.#ahead.slice(rows.length);
      this.#cursor = last.position;
      return {
        position: rows[0]?.position ?? last.position,
        entries: rows.length === 1 ? last.entries : rows.flatMap((row) => row.entries),
        spoolThrough: last.position,
        spooled: true,
      };
    }
    if (back !== undefined) return this.#returned.shift() ?? null;
    if (this.#pending.length === 0 || (!memory && this.#pending.length < this.#batchEntries)) return null;
    return { ...this.#head(true), spoolThrough: null, spooled: false };
  }

  /** Takes batches back in front of what is newer. */
  giveBack(batches: readonly Batch[]): void {
    this.#returned = [...batches, ...this.#returned].sort((a, b) => a.position - b.position);
  }

  /** In two halves, oldest first; the spool's rows are done with when the second is. */
  static halves(batch: Batch): readonly [Batch, Batch] {
    const middle = batch.entries.length >> 1;
    return [
      { ...batch, entries: batch.entries.slice(0, middle), spoolThrough: null },
      { ...batch, position: batch.position + middle, entries: batch.entries.slice(middle) },
    ];
  }

  done(batch: Batch): void {
    if (batch.spoolThrough !== null) this.#spool.remove(batch.spoolThrough);
  }

  /** Puts into the spool all that came back; what is there already will be read again from the start. */
  shelve(): void {
    this.#cursor = 0;
    this.#ahead = [];
    this.#returned = this.#returned.filter((batch) => !batch.spooled);
    this.#unread = this.#spool.extent().entries > 0;
    while (this.#returned.length > 0) {
      const [batch] = this.#returned as [Batch];
      this.#put(batch.position, batch.entries);
      this.#returned.shift();
    }
  }

  /** Moves up to `pieces` batches of entries from memory to the spool. */
  spill(pieces: number): void {
    for (let piece = 0; piece < pieces && this.#pending.length > 0; piece++) {
      const { position, entries } = this.#head(false);
      this.#put(position, entries);
      this.#pending.splice(0, entries.length);
    }
  }

  /** Everything before this position is in the database or safely in the spool, given the batches on their way. */
  durableBefore(onTheirWay: readonly Batch[]): number {
    return Math.min(this.#next - this.#pending.length, lowest(this.#returned), lowest(onTheirWay), this.#unsynced, this.#syncing);
  }

  /** The spool has entries that a power cut would take. */
  get unsynced(): boolean {
    return this.#unsynced !== NONE && this.#syncing === NONE;
  }

  async sync(): Promise<void> {
    this.#syncing = this.#unsynced;
    this.#unsynced = NONE;
    try {
      await this.#spool.sync();
    } catch (error) {
      this.#unsynced = Math.min(this.#unsynced, this.#syncing);
      throw error;
    } finally {
      this.#syncing = NONE;
    }
  }

  #rows(): readonly SpoolRow[] {
    if (this.#unread && this.#ahead.length === 0) {
      this.#ahead = this.#spool.read(this.#cursor, this.#batchEntries);
      this.#unread = this.#ahead.length > 0;
    }
    return this.#ahead;
  }

  #put(position: number, entries: readonly JournalEntry[]): void {
    this.#spool.put(position, entries);
    this.#unread = true;
    this.#unsynced = Math.min(this.#unsynced, position);
  }

  #head(remove: boolean): { readonly position: number; readonly entries: readonly JournalEntry[] } {
    const position = this.#next - this.#pending.length;
    const count = Math.min(this.#pending.length, this.#batchEntries);
    return { position, entries: remove ? this.#pending.splice(0, count) : this.#pending.slice(0, count) };
  }
}
