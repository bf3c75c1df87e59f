import type { JournalEntry } from '../core/kernel/journal.ts';

/** Entries that were appended one after the other: the first has `position`, the next `position + 1`, and so on. */
export interface SpoolRow {
  readonly position: number;
  readonly entries: readonly JournalEntry[];
}

/** What the spool holds now. Positions are 0 when it is empty. */
export interface SpoolExtent {
  readonly first: number;
  readonly last: number;
  readonly entries: number;
}

/**
 * Where the journal keeps its writes while the database is away: a file of the node, read back in order of position.
 * All calls are synchronous and short; the caller gives pieces of some hundred entries. They throw BasculeError
 * STO_NODE_STATE when the file cannot be written (a full disk): nothing of the piece was kept then.
 */
export interface Spool {
  /** Safe from a crash of the process on return, from a power cut once `sync` has resolved. Same position: replaced. */
  put(position: number, entries: readonly JournalEntry[]): void;
  sync(): Promise<void>;
  /** Rows with positions after `after`, oldest first, up to `limit` entries; at least one row if there is any. */
  read(after: number, limit: number): readonly SpoolRow[];
  /** Forgets every row whose position is `through` or less. */
  remove(through: number): void;
  extent(): SpoolExtent;
  /** Sets aside an entry that the database will never take, with its reason. False: the limit of such entries is reached. */
  reject(key: string, entry: JournalEntry, code: string, message: string): boolean;
  rejected(): number;
}
