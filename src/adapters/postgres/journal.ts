import { BasculeError } from '../../core/kernel/errors.ts';
import type { JournalEntry } from '../../core/kernel/journal.ts';
import type { Log } from '../../ports/log.ts';
import type { Spool } from '../../ports/spool.ts';
import type { Journal, JournalStatus } from '../../ports/store.ts';
import { Backlog, type Batch } from './backlog.ts';
import { describe, failureOf, stateOf, unavailable } from './failures.ts';
import { type Link, openLink } from './link.ts';
import { keyOf } from './statement.ts';

export interface JournalOptions {
  readonly url: string;
  readonly node: string;
  readonly epoch: number;
  readonly spool: Spool;
  readonly log: Log;
  /** The oldest entry of a batch waits this long at most for others. */
  readonly flushIntervalMs?: number;
  readonly batchEntries?: number;
  /** Batches on their way at once. */
  readonly pipelineDepth?: number;
  /** Entries held in memory; from half of it on they go to the spool, beyond it they are refused. */
  readonly memoryEntries?: number;
  readonly spoolEntries?: number;
  readonly answerTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

/** More than the port asks for: what an operator should see. */
export interface PostgresJournalStatus extends JournalStatus {
  /** Entries that found memory and spool full: lost, and counted. */
  readonly refused: number;
  /** Entries that PostgreSQL will never take, kept in the table `rejected` of node.db. */
  readonly rejected: number;
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
}

const DEFAULTS = {
  flushIntervalMs: 10,
  batchEntries: 500,
  pipelineDepth: 4,
  memoryEntries: 20_000,
  spoolEntries: 2_000_000,
  answerTimeoutMs: 10_000,
  stopTimeoutMs: 5_000,
};
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;
const SPOOL_RETRY_MS = 1_000;
/** Spool pieces written in one turn of the loop: about a millisecond each. */
const SPILL_PIECES = 4;

interface Sent {
  readonly batch: Batch;
  /** Why it was refused; undefined while it is on its way. */
  error?: unknown;
}

/** The journal on PostgreSQL; see ports/store.ts for what it promises. */
export class PostgresJournal implements Journal {
  readonly #options: JournalOptions & typeof DEFAULTS;
  readonly #log: Log;
  readonly #spool: Spool;
  readonly #backlog: Backlog;
  #link: Link | null = null;
  #sent: Sent[] = [];
  #written = 0;
  #refused = 0;
  #flushWaiters: Waiter[] = [];
  #drainWaiters: (() => void)[] = [];
  /** Entries in memory have waited long enough. */
  #due = false;
  #timer: NodeJS.Timeout | null = null;
  #turn: NodeJS.Immediate | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #retries = 0;
  /** Told once per outage, not once per attempt. */
  #awayTold = false;
  #fullTold = false;
  #spoolTold = false;
  #stopping = false;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#log = options.log;
    this.#spool = options.spool;
    this.#backlog = new Backlog(options.spool, this.#options.batchEntries);
  }

  /** Tries to connect once; without the database the journal works all the same, by the spool. */
  async start(): Promise<void> {
    const { entries } = this.#spool.extent();
    if (entries > 0) this.#log.log('info', 'The spool holds writes of before: they go to the database first', { entries });
    await this.#connect();
  }

  append(entry: JournalEntry): void {
    if (this.#stopping || this.#backlog.pending >= this.#options.memoryEntries) {
      this.#refuse();
      return;
    }
    this.#backlog.push(entry);
    if (this.#backlog.pending >= this.#options.batchEntries) this.#soon();
    else this.#timer ??= setTimeout(() => this.#onDue(), this.#options.flushIntervalMs);
  }

  flush(): Promise<void> {
    const position = this.#backlog.next;
    if (this.#backlog.durableBefore(this.#batches()) >= position) return Promise.resolve();
    this.#due = true;
    this.#soon();
    return new Promise((resolve) => this.#flushWaiters.push({ position, resolve }));
  }

  /** Resolves when nothing is left to be written, true; or after `timeoutMs`, false. Recovery waits for it. */
  async drained(timeoutMs: number): Promise<boolean> {
    const idle = (): boolean => this.#backlog.empty && this.#sent.length === 0;
    if (idle()) return true;
    this.#due = true;
    this.#soon();
    let late: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => this.#drainWaiters.push(resolve)),
      new Promise<void>((resolve) => {
        late = setTimeout(resolve, timeoutMs);
      }),
    ]);
    clearTimeout(late);
    return idle();
  }

  status(): PostgresJournalStatus {
    const onTheirWay = this.#sent.reduce((sum, { batch }) => sum + (batch.spooled ? 0 : batch.entries.length), 0);
    return {
      databaseReachable: this.#link !== null,
      queued: this.#backlog.pending + this.#backlog.returned + onTheirWay,
      spooled: this.#spool.extent().entries,
      written: this.#written,
      refused: this.#refused,
      rejected: this.#spool.rejected(),
    };
  }

  /** Writes what is in memory to the database, or within `stopTimeoutMs` to the spool. The spool itself is not waited for. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#link !== null) {
      let late: NodeJS.Timeout | undefined;
      const giveUp = new Promise<void>((resolve) => {
        late = setTimeout(resolve, this.#options.stopTimeoutMs);
      });
      await Promise.race([this.flush(), giveUp]);
      clearTimeout(late);
    }
    this.#closed = true;
    for (const timer of [this.#timer, this.#retryTimer]) if (timer !== null) clearTimeout(timer);
    if (this.#turn !== null) clearImmediate(this.#turn);
    const link = this.#link;
    this.#link = null;
    this.#shelve();
    this.#spillAll();
    await this.#sync();
    await link?.close();
  }

  #refuse(): void {
    this.#refused += 1;
    if (this.#fullTold) return;
    this.#fullTold = true;
    const full = new BasculeError('STO_SPOOL_FULL', { limit: this.#options.spoolEntries });
    this.#log.log('error', full.message, { code: full.code, remedy: full.remedy, ...this.status() });
  }

  #batches(): readonly Batch[] {
    return this.#sent.map(({ batch }) => batch);
  }

  #onDue(): void {
    this.#timer = null;
    this.#due = true;
    this.#pump();
  }

  #soon(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = null;
      this.#pump();
    });
  }

  /** Moves entries on: to the database as far as the pipeline goes, else to the spool. */
  #pump(): void {
    if (this.#closed) return;
    try {
      this.#send();
      this.#spillIfNeeded();
      this.#spoolTold = false;
    } catch (error) {
      this.#onSpoolError(error);
    }
    if (this.#backlog.pending === 0) this.#due = false;
    if (this.#backlog.unsynced) void this.#sync();
    this.#settle();
  }

  #send(): void {
    const link = this.#link;
    if (link === null || this.#sent.some(({ error }) => error !== undefined)) return;
    while (this.#sent.length < this.#options.pipelineDepth) {
      const batch = this.#backlog.take(this.#due);
      if (batch === null) return;
      const sent: Sent = { batch };
      this.#sent.push(sent);
      link.write(batch.entries).then(
        () => this.#onTaken(link, sent),
        (error: unknown) => this.#onRefused(link, sent, error),
      );
    }
  }

  /**
   * Memory goes to the spool while the database is away, while older entries wait there, and when the database is so slow that
   * memory fills. What would not fit stays in memory, until that is full too.
   */
  #spillIfNeeded(): void {
    const { memoryEntries, spoolEntries, batchEntries } = this.#options;
    const { pending, unread } = this.#backlog;
    const waiting = this.#link === null || unread;
    if (!(waiting && (this.#due || pending >= batchEntries)) && pending < memoryEntries / 2) return;
    if (pending === 0 || this.#spool.extent().entries + pending > spoolEntries) return;
    this.#backlog.spill(SPILL_PIECES);
    if (this.#backlog.pending > 0) this.#soon();
  }

  #onTaken(link: Link, sent: Sent): void {
    if (link !== this.#link) return;
    this.#written += sent.batch.entries.length;
    this.#forget(sent);
    this.#awayTold = false;
    this.#fullTold = false;
    this.#retries = 0;
    this.#finishFailure(link);
    this.#pump();
  }

  #onRefused(link: Link, sent: Sent, error: unknown): void {
    if (link !== this.#link) return;
    sent.error = error ?? new Error('unknown');
    this.#finishFailure(link);
  }

  /** Removes a batch that is done with, from the pipeline and from the spool. */
  #forget(sent: Sent): void {
    this.#sent = this.#sent.filter((other) => other !== sent);
    try {
      this.#backlog.done(sent.batch);
    } catch (error) {
      // Its rows will be written again after the next start, which changes nothing.
      this.#onSpoolError(error);
    }
  }

  /**
   * A batch was refused. Once those behind it have come back too: when it is the database's fault the connection is given up;
   * when it is a record's, the batch is halved until the record is alone, and that one is set aside.
   */
  #finishFailure(link: Link): void {
    const [first] = this.#sent;
    if (first === undefined || this.#sent.some(({ error }) => error === undefined)) return;
    if (failureOf(first.error) === 'database') {
      this.#onLost(first.error);
      void link.close();
      return;
    }
    link.resume();
    const rest = this.#sent.slice(1).map(({ batch }) => batch);
    this.#sent = [];
    if (first.batch.entries.length > 1) {
      this.#backlog.giveBack([...Backlog.halves(first.batch), ...rest]);
    } else {
      this.#setAside(first);
      this.#backlog.giveBack(rest);
    }
    this.#pump();
  }

  #setAside({ batch, error }: Sent): void {
    const [entry] = batch.entries as [JournalEntry];
    const rejection = new BasculeError('STO_REJECTED', { key: keyOf(entry), state: stateOf(error) });
    this.#log.log('error', rejection.message, { code: rejection.code, remedy: rejection.remedy });
    try {
      if (!this.#spool.reject(keyOf(entry), entry, stateOf(error), describe(error))) this.#refused += 1;
      this.#backlog.done(batch);
    } catch (failure) {
      this.#onSpoolError(failure);
    }
  }

  #onLost(error: unknown): void {
    this.#link = null;
    if (!this.#awayTold) {
      this.#awayTold = true;
      const away = unavailable(error) ?? new BasculeError('STO_UNAVAILABLE', { detail: describe(error) });
      this.#log.log('error', away.message, { code: away.code, remedy: away.remedy });
    }
    this.#shelve();
    this.#due = true;
    this.#soon();
    this.#retry();
    this.#settle();
  }

  /** Batches that were on their way go to the spool at once: the process may be the next to go. */
  #shelve(): void {
    this.#backlog.giveBack(this.#batches());
    this.#sent = [];
    try {
      this.#backlog.shelve();
    } catch (error) {
      this.#onSpoolError(error);
    }
  }

  /** At the end of the daemon; beyond the spool's limit if need be, by no more than memory holds. */
  #spillAll(): void {
    try {
      this.#backlog.spill(Number.POSITIVE_INFINITY);
    } catch (error) {
      this.#onSpoolError(error);
    }
  }

  #retry(): void {
    if (this.#closed || this.#retryTimer !== null) return;
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** this.#retries, LAST_RETRY_MS);
    this.#retries += 1;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      void this.#connect();
    }, waitMs);
  }

  async #connect(): Promise<void> {
    const { url, node, epoch, answerTimeoutMs } = this.#options;
    let opened: Link | null = null;
    const onLost = (error: unknown): void => {
      if (opened !== null && opened === this.#link) this.#onLost(error);
    };
    try {
      opened = await openLink({ url, node, epoch, answerTimeoutMs, onLost });
    } catch (error) {
      if (!this.#closed) this.#onLost(error);
      return;
    }
    if (this.#closed) {
      await opened.close();
      return;
    }
    this.#link = opened;
    const { entries } = this.#spool.extent();
    this.#log.log('info', 'The journal is connected to PostgreSQL', { spooled: entries });
    this.#pump();
  }

  async #sync(): Promise<void> {
    if (!this.#backlog.unsynced) return;
    try {
      await this.#backlog.sync();
    } catch (error) {
      this.#onSpoolError(error);
      return;
    }
    this.#settle();
    if (this.#backlog.unsynced && !this.#closed) await this.#sync();
  }

  /** Nothing moves to or from a file that cannot be used: entries wait in memory, and it is tried again. */
  #onSpoolError(error: unknown): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#onDue(), SPOOL_RETRY_MS);
    if (this.#spoolTold) return;
    this.#spoolTold = true;
    const code = error instanceof BasculeError ? error.code : 'STO_NODE_STATE';
    this.#log.log('error', 'The spool cannot be used', { code, error: describe(error) });
  }

  #settle(): void {
    if (this.#flushWaiters.length > 0) {
      const durable = this.#backlog.durableBefore(this.#batches());
      while ((this.#flushWaiters[0]?.position ?? Number.POSITIVE_INFINITY) <= durable) this.#flushWaiters.shift()?.resolve();
    }
    if (this.#drainWaiters.length > 0 && this.#backlog.empty && this.#sent.length === 0) {
      for (const resolve of this.#drainWaiters.splice(0)) resolve();
    }
  }
}

/** A journal that has tried to connect. */
export const startJournal = async (options: JournalOptions): Promise<PostgresJournal> => {
  const journal = new PostgresJournal(options);
  await journal.start();
  return journal;
};
