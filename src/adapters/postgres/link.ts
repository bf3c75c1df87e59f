import { Client } from 'pg';
import type { JournalEntry } from '../../core/kernel/journal.ts';
import { BATCH_STATEMENT, batchParameters } from './statement.ts';

export interface LinkOptions {
  readonly url: string;
  readonly node: string;
  readonly epoch: number;
  /** A batch that is not answered within this time: the connection is given up. */
  readonly answerTimeoutMs: number;
  readonly onLost: (error: unknown) => void;
}

/** The journal's one connection. Batches are sent without waiting for one another and taken in order. */
export interface Link {
  /** Rejects with the server's error. When a batch is rejected, those sent after it are too. */
  write(entries: readonly JournalEntry[]): Promise<void>;
  /** After a rejected batch, once all that were sent are settled: go on from the last that was taken. */
  resume(): void;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** First half of the advisory lock's key; the second is the node's name. */
const LOCK_CLASS = 1_113_682_764;

/**
 * The lock is the old connection's until its backend is gone. A backend that was frozen, or that waits for the mirror, may
 * still have batches of ours to read: were they taken after what the new connection writes, old rows would replace newer ones.
 * It is waited for and never cancelled: cancelling a commit that waits for the mirror makes it a local one.
 *
 * No statement_timeout for the same reason. The keep-alive is for a backend whose client's machine is gone: it must not hold
 * the lock for TCP's two hours.
 */
const SESSION = `
  SET bascule.batch = '0';
  SET plan_cache_mode = force_generic_plan;
  SET jit = off;
  SET tcp_keepalives_idle = 5;
  SET tcp_keepalives_interval = 5;
  SET tcp_keepalives_count = 3;
  SET tcp_user_timeout = 20000;
  SET lock_timeout = '4s'`;

/** Something that is wrong with the entries before they are sent; a data exception like those of the server. */
const unwritable = (cause: unknown): Error =>
  Object.assign(new Error('The entry has not the form of its kind', { cause }), { code: '22000' });

class PipelinedLink implements Link {
  readonly #client: Client;
  readonly #options: LinkOptions;
  #sent = 0;
  #previous = 0;
  #taken = 0;
  #lost = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#client = new Client({
      connectionString: options.url,
      application_name: `bascule journal ${options.node}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: options.answerTimeoutMs,
      keepAlive: true,
      pipeline: true,
    });
    this.#client.on('error', (error) => this.#lose(error));
    this.#client.on('end', () => this.#lose(new Error('Connection terminated')));
  }

  async open(): Promise<void> {
    try {
      await this.#client.connect();
      await this.#client.query(SESSION);
      await this.#client.query(`SELECT pg_advisory_lock($1, hashtext($2))`, [LOCK_CLASS, this.#options.node]);
      await this.#client.query('SET lock_timeout = 0');
    } catch (error) {
      // The caller learns it from here, and only once.
      this.#lost = true;
      void this.close();
      throw error;
    }
  }

  async write(entries: readonly JournalEntry[]): Promise<void> {
    const number = ++this.#sent;
    let values: string[];
    try {
      values = batchParameters(entries, this.#options, { number, previous: this.#previous });
    } catch (error) {
      throw unwritable(error);
    } finally {
      this.#previous = number;
    }
    await this.#client.query({ name: 'batch', text: BATCH_STATEMENT, values });
    this.#taken = number;
  }

  resume(): void {
    this.#previous = this.#taken;
  }

  async close(): Promise<void> {
    this.#lost = true;
    // A server that does not answer does not hang up either.
    const late = setTimeout(() => this.#socket().destroy(), CLOSE_TIMEOUT_MS);
    await this.#client.end().catch(() => undefined);
    clearTimeout(late);
  }

  #socket(): { destroy(): void } {
    return (this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
  }

  #lose(error: unknown): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#socket().destroy();
    this.#options.onLost(error);
  }
}

/** Connects. Rejects with the error of the network or the server. */
export const openLink = async (options: LinkOptions): Promise<Link> => {
  const link = new PipelinedLink(options);
  await link.open();
  return link;
};
