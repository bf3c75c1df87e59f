import { join } from 'node:path';
import { holidayExpander } from '../../adapters/calendar/holidays.ts';
import { startEmbeddedPostgres } from '../../adapters/embedded-postgres/embedded.ts';
import type { NodeState } from '../../adapters/node-state/node-state.ts';
import { openNodeState } from '../../adapters/node-state/node-state.ts';
import { PostgresCallHistory, PostgresRecovery } from '../../adapters/postgres/calls.ts';
import { PostgresCentreRepository } from '../../adapters/postgres/centre.ts';
import type { PostgresJournal } from '../../adapters/postgres/journal.ts';
import { startJournal } from '../../adapters/postgres/journal.ts';
import { migrate } from '../../adapters/postgres/migrate.ts';
import { openDatabase } from '../../adapters/postgres/pool.ts';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { CallHistory, CentreRepository, Recovery } from '../../ports/store.ts';

export interface StoreOptions {
  readonly dataDir: string;
  readonly node: string;
  /** Of an outside PostgreSQL, password included; null: the embedded one. */
  readonly url: string | null;
  readonly spoolLimit: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** Everything of this node that lasts. */
export interface Store {
  readonly nodeState: NodeState;
  readonly journal: PostgresJournal;
  readonly centres: CentreRepository;
  readonly recovery: Recovery;
  readonly history: CallHistory;
  /** The schema is up to date; rejects while an outside PostgreSQL is away. */
  prepare(): Promise<void>;
  /** The journal first, so that what it still holds reaches the database before that stops. */
  stop(): Promise<void>;
}

/** How long a start waits for writes that an earlier run left in the spool. */
const DRAIN_WITHIN_MS = 30_000;
/** Epoch of a node that has no partner: the failover protocol counts on from it. */
const FIRST_EPOCH = 1;

export async function openStore({ dataDir, node, url, spoolLimit, log, clock }: StoreOptions): Promise<Store> {
  const nodeState = openNodeState(join(dataDir, 'node.db'));
  const embedded = url === null ? await startEmbeddedPostgres({ dataDir, log }) : null;
  const address = url ?? embedded!.url;
  const database = openDatabase(address, log);
  let prepared: Promise<void> | null = null;
  const prepare = (): Promise<void> => {
    prepared ??= migrate(address, log).then(
      () => {},
      (error: unknown) => {
        prepared = null;
        throw error;
      },
    );
    return prepared;
  };
  await prepare().catch((error: unknown) => {
    // An outside PostgreSQL may come up later than we do; a schema that is too new stays too new.
    if (embedded !== null || !(error instanceof BasculeError) || error.code !== 'STO_UNAVAILABLE') throw error;
  });
  const journal = await startJournal({
    url: address,
    node,
    epoch: FIRST_EPOCH,
    spool: nodeState.spool,
    log,
    spoolEntries: spoolLimit,
  });
  return {
    nodeState,
    journal,
    centres: new PostgresCentreRepository({ database, log, expandHolidays: holidayExpander(log, () => clock.now()) }),
    recovery: new PostgresRecovery({ database, node, epoch: FIRST_EPOCH, drained: () => journal.drained(DRAIN_WITHIN_MS) }),
    history: new PostgresCallHistory(database),
    prepare,
    async stop() {
      await journal.stop();
      await database.close();
      await embedded?.stop();
      nodeState.close();
    },
  };
}
