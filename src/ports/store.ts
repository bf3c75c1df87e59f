import type { Centre } from '../core/kernel/centre.ts';
import type { AgentSnapshot, JournalEntry } from '../core/kernel/journal.ts';
import type { Instant } from '../core/kernel/time.ts';

/**
 * Where calls and agents' actions are written as they happen (C6). `append` is synchronous and never blocks: entries are
 * batched, pipelined, and spooled to the node's own file while the database is away. Order is kept; nothing is lost, nothing
 * is there twice.
 */
export interface Journal {
  append(entry: JournalEntry): void;
  /** Resolves when everything appended so far is durable: in the database or in the spool. */
  flush(): Promise<void>;
  status(): JournalStatus;
  stop(): Promise<void>;
}

export interface JournalStatus {
  readonly databaseReachable: boolean;
  /** Entries in memory, not yet written anywhere. */
  readonly queued: number;
  /** Entries in the node's file, waiting for the database. */
  readonly spooled: number;
  readonly written: number;
}

/** Kinds of object that the centre's configuration is made of. */
export type CentreKind = 'queue' | 'agent' | 'skill' | 'campaign' | 'hours' | 'scenario' | 'pause-reason' | 'settings';

export interface CentreChange {
  readonly kind: CentreKind;
  readonly id: string;
  /** The whole new object (plain JSON, validated by the caller); null removes it. */
  readonly document: unknown;
}

/** The centre's configuration in the database. */
export interface CentreRepository {
  /** Reads and assembles everything; holidays are expanded. */
  load(): Promise<Centre>;
  /** One transaction: the changes, their history with `by` and `at`. */
  apply(changes: readonly CentreChange[], by: string, at: Instant): Promise<void>;
  documents(kind: CentreKind): Promise<readonly { readonly id: string; readonly document: unknown }[]>;
}

/** What a starting node finds: agents as they were, calls that a dead process left open. */
export interface Recovery {
  agents(): Promise<readonly AgentSnapshot[]>;
  /** Closes as `lost` every call that has no end, and forgets their live rows. Returns how many. */
  closeLostCalls(at: Instant): Promise<number>;
}

/** Past calls, for `bascule calls --ended`. */
export interface CallHistory {
  recent(limit: number): Promise<readonly Readonly<Record<string, unknown>>[]>;
}
