import type { Centre } from '../../core/kernel/centre.ts';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { AgentSnapshot } from '../../core/kernel/journal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { CentreDocument } from '../../wire/centre.ts';
import { assembleCentre } from '../../wire/centre.ts';
import type { Store } from './store.ts';

const KEY = 'centre';
const RETRY_MS = 5_000;

/** What a daemon begins with. `late` resolves with the database's own centre when only the node's copy was to be had. */
export interface Beginning {
  readonly centre: Centre;
  readonly agents: readonly AgentSnapshot[];
  readonly late: Promise<Centre> | null;
}

/** Keeps a copy of the centre in the node's file, so that calls can be answered while PostgreSQL is away at a start. */
export function rememberCentre(store: Store, documents: readonly CentreDocument[]): void {
  store.nodeState.set(KEY, JSON.stringify(documents));
}

function remembered(store: Store): Centre | null {
  const text = store.nodeState.get(KEY);
  return text === null ? null : assembleCentre(JSON.parse(text) as CentreDocument[]);
}

/** Reads the centre and the agents, and closes as lost the calls that a dead process left open. */
export async function begin(store: Store, clock: Clock, log: Log): Promise<Beginning> {
  const startedAt = clock.now();
  const read = async (): Promise<Beginning> => {
    await store.prepare();
    const lost = await store.recovery.closeLostCalls(startedAt);
    if (lost > 0) log.log('warn', 'Calls of an earlier run were closed as lost', { calls: lost });
    return { centre: await store.centres.load(), agents: await store.recovery.agents(), late: null };
  };
  try {
    return await read();
  } catch (error) {
    const copy = error instanceof BasculeError && error.code === 'STO_UNAVAILABLE' ? remembered(store) : null;
    if (copy === null) throw error;
    log.log('error', 'PostgreSQL is away: started on the node’s copy of the centre, agents sign in anew', {
      error: String(error),
    });
    return { centre: copy, agents: [], late: retry(async () => (await read()).centre, clock) };
  }
}

async function retry<T>(action: () => Promise<T>, clock: Clock): Promise<T> {
  for (;;) {
    await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof BasculeError) || error.code !== 'STO_UNAVAILABLE') throw error;
    }
  }
}
