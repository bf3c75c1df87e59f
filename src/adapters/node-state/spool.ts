import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type Database from 'better-sqlite3';
import type { JournalEntry } from '../../core/kernel/journal.ts';
import type { Spool, SpoolExtent, SpoolRow } from '../../ports/spool.ts';

type Guard = <T>(action: () => T) => T;

interface StoredRow {
  readonly position: number;
  readonly count: number;
  readonly entries: string;
}

const REJECTED_LIMIT = 10_000;

/** The spool in node.db. A row holds the entries of one batch, for one insert costs as much as the text of fifty entries. */
export class SqliteSpool implements Spool {
  readonly #guard: Guard;
  readonly #walPath: string;
  readonly #rejectedLimit: number;
  readonly #put: Database.Statement<[number, number, string]>;
  readonly #read: Database.Statement<[number], StoredRow>;
  readonly #size: Database.Statement<[number], { count: number }>;
  readonly #removed: Database.Statement<[number], { count: number | null }>;
  readonly #remove: Database.Statement<[number]>;
  readonly #bounds: Database.Statement<[], { first: number | null; last: number | null; count: number | null }>;
  readonly #reject: Database.Statement<[string, string, string, string, string]>;
  readonly #rejectedCount: Database.Statement<[], { count: number }>;
  #entries: number;
  #rejected: number;

  constructor(database: Database.Database, file: string, guard: Guard, rejectedLimit = REJECTED_LIMIT) {
    this.#guard = guard;
    this.#walPath = `${file}-wal`;
    this.#rejectedLimit = rejectedLimit;
    this.#put = database.prepare('INSERT OR REPLACE INTO spool (position, count, entries) VALUES (?, ?, ?)');
    this.#read = database.prepare('SELECT position, count, entries FROM spool WHERE position > ? ORDER BY position');
    this.#size = database.prepare('SELECT count FROM spool WHERE position = ?');
    this.#removed = database.prepare('SELECT sum(count) AS count FROM spool WHERE position <= ?');
    this.#remove = database.prepare('DELETE FROM spool WHERE position <= ?');
    this.#bounds = database.prepare(
      'SELECT min(position) AS first, max(position + count - 1) AS last, sum(count) AS count FROM spool',
    );
    this.#reject = database.prepare('INSERT OR REPLACE INTO rejected (key, entry, code, message, at) VALUES (?, ?, ?, ?, ?)');
    this.#rejectedCount = database.prepare('SELECT count(*) AS count FROM rejected');
    this.#entries = guard(() => this.#bounds.get()?.count ?? 0);
    this.#rejected = guard(() => this.#rejectedCount.get()?.count ?? 0);
  }

  put(position: number, entries: readonly JournalEntry[]): void {
    this.#guard(() => {
      const replaced = this.#size.get(position)?.count ?? 0;
      this.#put.run(position, entries.length, JSON.stringify(entries));
      this.#entries += entries.length - replaced;
    });
  }

  /**
   * Flushes the write-ahead log's file in the thread pool: the commit has put the pages there, only the disk is missing.
   * A log that SQLite has emptied meanwhile was moved into the database with a flush of its own.
   */
  async sync(): Promise<void> {
    const handle = await open(this.#walPath, 'r+');
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  read(after: number, limit: number): readonly SpoolRow[] {
    return this.#guard(() => {
      const rows: SpoolRow[] = [];
      let entries = 0;
      for (const row of this.#read.iterate(after)) {
        if (rows.length > 0 && entries + row.count > limit) break;
        entries += row.count;
        rows.push({ position: row.position, entries: JSON.parse(row.entries) as JournalEntry[] });
        if (entries >= limit) break;
      }
      return rows;
    });
  }

  remove(through: number): void {
    this.#guard(() => {
      const count = this.#removed.get(through)?.count ?? 0;
      this.#remove.run(through);
      this.#entries -= count;
    });
  }

  extent(): SpoolExtent {
    if (this.#entries === 0) return { first: 0, last: 0, entries: 0 };
    const bounds = this.#guard(() => this.#bounds.get());
    return { first: bounds?.first ?? 0, last: bounds?.last ?? 0, entries: this.#entries };
  }

  reject(key: string, entry: JournalEntry, code: string, message: string): boolean {
    if (this.#rejected >= this.#rejectedLimit) return false;
    this.#guard(() => {
      const text = JSON.stringify(entry);
      // The same record again is the same row; another record of the same key is worth a row of its own.
      const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
      this.#reject.run(`${key}#${digest}`, text, code, message, new Date().toISOString());
      this.#rejected = this.#rejectedCount.get()?.count ?? this.#rejected;
    });
    return true;
  }

  rejected(): number {
    return this.#rejected;
  }
}
