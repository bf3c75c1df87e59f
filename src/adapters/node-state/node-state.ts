import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Spool } from '../../ports/spool.ts';
import { SqliteSpool } from './spool.ts';

/**
 * The schema of node.db by steps; `user_version` says how many were done. A step that was released is never edited.
 * The file is the node's own: it is never mirrored, and a lost one costs what was still spooled.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
   CREATE TABLE spool (position INTEGER PRIMARY KEY, count INTEGER NOT NULL, entries TEXT NOT NULL) STRICT;
   CREATE TABLE rejected (
     key TEXT PRIMARY KEY, entry TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL
   ) WITHOUT ROWID, STRICT;`,
];

/** Another process may hold the file for the moment of a transaction; the daemon itself never waits longer than this. */
const BUSY_TIMEOUT_MS = 1_000;
/** The spool's two million entries are about 600 MB. */
const MAX_BYTES = 4 * 1024 ** 3;

export interface NodeStateOptions {
  /** Refused entries kept for the operator to look at. */
  readonly rejectedLimit?: number;
  /** The file never grows beyond this. */
  readonly maxBytes?: number;
}

/** What this node keeps for itself across restarts: small values, and the journal's spool. */
export interface NodeState {
  readonly spool: Spool;
  /** How often the file was opened by a daemon, this time included: with a counter it makes ids that never come twice. */
  readonly boot: number;
  get(key: string): string | null;
  set(key: string, value: string): void;
  close(): void;
}

const sqliteError = (file: string, error: unknown): BasculeError => {
  const { code, message } = error as { code?: string; message?: string };
  return new BasculeError(
    'STO_NODE_STATE',
    { file, detail: `${code ?? 'error'}: ${message ?? String(error)}` },
    { cause: error },
  );
};

const migrate = (database: Database.Database): void => {
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length) throw new BasculeError('STO_MIGRATION', { found: version, known: MIGRATIONS.length });
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    database.transaction(() => {
      database.exec(sql);
      database.pragma(`user_version = ${index + 1}`);
    })();
  }
};

/** Opens the file, creating it. Throws STO_NODE_STATE (unusable file), STO_MIGRATION (written by a newer version). */
export const openNodeState = (file: string, options: NodeStateOptions = {}): NodeState => {
  const guarded = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw error instanceof BasculeError ? error : sqliteError(file, error);
    }
  };
  const database = guarded(() => {
    mkdirSync(dirname(file), { recursive: true });
    const opened = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    opened.pragma('journal_mode = WAL');
    // A commit does not wait for the disk: `sync` does, off the loop. A crash of the process loses nothing in either case.
    opened.pragma('synchronous = NORMAL');
    migrate(opened);
    const pageSize = opened.pragma('page_size', { simple: true }) as number;
    opened.pragma(`max_page_count = ${Math.floor((options.maxBytes ?? MAX_BYTES) / pageSize)}`);
    return opened;
  });
  const read = database.prepare<[string], { value: string }>('SELECT value FROM state WHERE key = ?');
  const write = database.prepare<[string, string]>(
    'INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  /** Small values are rare and matter: they wait for the disk. */
  const writeThrough = (key: string, value: string): void => {
    database.pragma('synchronous = FULL');
    try {
      write.run(key, value);
    } finally {
      database.pragma('synchronous = NORMAL');
    }
  };
  const get = (key: string): string | null => guarded(() => read.get(key)?.value ?? null);
  const boot = Number(get('boot') ?? 0) + 1;
  guarded(() => writeThrough('boot', String(boot)));
  return {
    boot,
    spool: new SqliteSpool(database, file, guarded, options.rejectedLimit),
    get,
    set: (key, value) => guarded(() => writeThrough(key, value)),
    close: () => guarded(() => database.close()),
  };
};
