import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import { type Account, chooseAccount } from './account.ts';
import { type Binaries, findBinaries, packageFolder } from './binaries.ts';
import { clusterMajor, DATABASE, prepareCluster } from './cluster.ts';
import { lockFolder } from './lock.ts';
import { findHome, type Place, preparePlace } from './place.ts';
import { adopt, launch, type Postmaster, readPidFile, signal, stopPostmaster } from './postmaster.ts';

export interface EmbeddedOptions {
  /** The daemon's data folder; PostgreSQL's is made inside, or elsewhere when its account cannot get there. */
  readonly dataDir: string;
  readonly log: Log;
  /** Folder of `postgres` and `initdb` to use instead of the npm package's. */
  readonly binaries?: string;
  /** How long a start may take, recovery after a crash included. */
  readonly startTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

export interface EmbeddedPostgres {
  /** For `pg`: by Unix socket, no password in it. */
  readonly url: string;
  /** Process of the postmaster now; 0 while it is being restarted. */
  readonly pid: number;
  /** Fast shutdown: open transactions are rolled back, the rest is on disk. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 20;
const SLOW_START_MS = 5_000;
const FIRST_BACK_OFF_MS = 100;
const LAST_BACK_OFF_MS = 10_000;
/** A server that lived this long had started well: the next crash is a new story. */
const STEADY_MS = 60_000;
/** Starts tried before the daemon's own start fails: children of a killed postmaster may hold its memory for a moment. */
const FIRST_START_ATTEMPTS = 5;

const backOff = (attempt: number): number => Math.min(FIRST_BACK_OFF_MS * 2 ** attempt, LAST_BACK_OFF_MS);

class Supervisor implements EmbeddedPostgres {
  readonly url: string;
  readonly #place: Place;
  readonly #binaries: Binaries;
  readonly #account: Account;
  readonly #log: Log;
  readonly #startTimeoutMs: number;
  readonly #stopTimeoutMs: number;
  readonly #unlock: () => void;
  #postmaster: Postmaster | null = null;
  #stopping = new AbortController();
  #stopped: Promise<void> | null = null;
  #supervision: Promise<void> = Promise.resolve();

  constructor(options: EmbeddedOptions, place: Place, binaries: Binaries, account: Account, unlock: () => void) {
    this.#place = place;
    this.#binaries = binaries;
    this.#account = account;
    this.#log = options.log;
    this.#unlock = unlock;
    this.#startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
    this.#stopTimeoutMs = options.stopTimeoutMs ?? STOP_TIMEOUT_MS;
    this.url = `postgresql:///${DATABASE}?host=${encodeURIComponent(place.run)}&user=${DATABASE}`;
  }

  get pid(): number {
    return this.#postmaster?.pid ?? 0;
  }

  async start(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#startOnce();
        break;
      } catch (error) {
        if (attempt + 1 >= FIRST_START_ATTEMPTS) throw error;
        await sleep(backOff(attempt));
      }
    }
    this.#supervision = this.#supervise();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#postmaster !== null) await stopPostmaster(this.#postmaster, this.#stopTimeoutMs);
    await this.#supervision;
    // A restart that was under way when the stop was asked for.
    if (this.#postmaster !== null) await stopPostmaster(this.#postmaster, this.#stopTimeoutMs);
    this.#unlock();
    this.#log.log('info', 'PostgreSQL is stopped');
  }

  async #startOnce(): Promise<void> {
    const startedAt = performance.now();
    const postmaster = (await adopt(this.#place, this.#binaries)) ?? launch(this.#place, this.#binaries, this.#account);
    this.#postmaster = postmaster;
    // What an adopted server was started with may be older than what was just written.
    if (postmaster.adopted) signal(postmaster.pid, 'SIGHUP');
    try {
      await this.#ready(postmaster);
      await this.#ensureDatabase();
    } catch (error) {
      await stopPostmaster(postmaster, this.#stopTimeoutMs);
      this.#postmaster = null;
      throw error;
    }
    this.#log.log('info', postmaster.adopted ? 'PostgreSQL was still running and is kept' : 'PostgreSQL is started', {
      pid: postmaster.pid,
      version: this.#binaries.version,
      durationMs: Math.round(performance.now() - startedAt),
    });
  }

  /** Waits until the server takes connections. Throws STO_EMBEDDED with its own last words when it does not. */
  async #ready(postmaster: Postmaster): Promise<void> {
    let end: string | null = null;
    void postmaster.gone.then((how) => {
      end = how;
    });
    const begun = performance.now();
    for (let said = false; ; ) {
      const file = await readPidFile(this.#place.cluster);
      if (file?.pid === postmaster.pid && file.status === 'ready') return;
      const waited = performance.now() - begun;
      if (end !== null) throw await this.#failure(end);
      if (this.#stopping.signal.aborted) throw await this.#failure('stopped');
      if (waited > this.#startTimeoutMs) throw await this.#failure(`not ready after ${this.#startTimeoutMs} ms`);
      if (waited > SLOW_START_MS && !said) {
        said = true;
        this.#log.log('warn', 'PostgreSQL takes long to start: it may be recovering from a crash', { pid: postmaster.pid });
      }
      await sleep(READY_POLL_MS);
    }
  }

  async #failure(end: string): Promise<BasculeError> {
    const words = (await readFile(this.#place.startLog, 'utf8').catch(() => '')).trim().split('\n');
    const last = words.findLast((line) => line.includes('FATAL')) ?? words.at(-1) ?? '';
    return new BasculeError('STO_EMBEDDED', {
      detail: [end, last].filter((part) => part !== '').join(': '),
      log: this.#place.logs,
    });
  }

  async #ensureDatabase(): Promise<void> {
    const client = new Client({
      connectionString: this.url.replace(`/${DATABASE}?`, '/postgres?'),
      connectionTimeoutMillis: 10_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Restarts a server that ends by itself, for as long as the daemon lives. */
  async #supervise(): Promise<void> {
    const stopping = this.#stopping.signal;
    for (let attempt = 0; !stopping.aborted; attempt++) {
      const since = performance.now();
      const end = (await this.#postmaster?.gone) ?? 'not started';
      if (stopping.aborted) return;
      this.#postmaster = null;
      if (performance.now() - since > STEADY_MS) attempt = 0;
      const waitMs = backOff(attempt);
      this.#log.log('error', 'PostgreSQL has ended unexpectedly and is started again', {
        code: 'STO_EMBEDDED',
        end,
        attempt,
        waitMs,
      });
      await sleep(waitMs, undefined, { signal: stopping }).catch(() => undefined);
      if (stopping.aborted) return;
      await this.#startOnce().catch((error: unknown) => {
        if (!stopping.aborted)
          this.#log.log('error', 'PostgreSQL could not be started', { code: 'STO_EMBEDDED', error: String(error) });
      });
    }
  }
}

/**
 * Starts the daemon's own PostgreSQL, creating its cluster the first time, and keeps it running until `stop`. Throws
 * STO_EMBEDDED (it does not start, or no programs), STO_IN_USE (another daemon has the folder).
 */
export const startEmbeddedPostgres = async (options: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const { dataDir, log } = options;
  const account = await chooseAccount(join(await findHome(dataDir), 'cluster'), log);
  const place = await preparePlace(dataDir, account, log);
  const unlock = lockFolder(join(place.home, 'lock.db'), place.home);
  try {
    const binaries = await findBinaries({
      home: place.home,
      account,
      clusterMajor: await clusterMajor(place.cluster),
      folder: options.binaries ?? null,
      packaged: packageFolder(),
      log,
      logFile: place.logs,
    });
    await prepareCluster(place, binaries, account, log);
    const supervisor = new Supervisor(options, place, binaries, account, unlock);
    await supervisor.start();
    return supervisor;
  } catch (error) {
    unlock();
    throw error;
  }
};
