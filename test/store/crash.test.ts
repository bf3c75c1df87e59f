import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { startJournal } from '../../src/adapters/postgres/journal.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Postgres } from '../support/postgres.ts';
import { Program } from '../support/process.ts';
import { callEntries, silentLog } from './entries.ts';
import { tablesAfter } from './model.ts';
import { freshDatabase, readTables, startAgain } from './support.ts';

const AT = 1_800_000_000_000;
const origin = { node: 'a', epoch: 1 };

let server: Postgres;
beforeAll(async () => {
  server = await Postgres.start();
});
afterAll(async () => server.stop());

/** Lets a process write until it has said that this many calls are durable, does `meanwhile`, then kills it. */
const writeAndDie = async (url: string, file: string, prefix: string, meanwhile: () => Promise<void>): Promise<number> => {
  const child = new Program(
    process.execPath,
    [fileURLToPath(new URL('./crash-child.ts', import.meta.url)), url, file, prefix, String(AT)],
    {
      name: 'writer',
    },
  );
  const durable = (): number => Number([...child.output.matchAll(/durable (\d+)\n/g)].at(-1)?.[1] ?? 0);
  await child.until('some durable calls', () => durable() >= 50);
  await meanwhile();
  const before = durable();
  await child.until('more durable calls', () => durable() >= before + 50);
  await child.stop('SIGKILL');
  return durable();
};

const nothing = async (): Promise<void> => undefined;

describe('the daemon’s process is killed', () => {
  it('in each state of the database: what was flushed is there once, and nothing is there in part wrong', {
    timeout: 60_000,
  }, async () => {
    const url = await freshDatabase(server);
    const file = join(temporaryFolder('crash'), 'node.db');
    const durable: Record<string, number> = {};
    durable['present'] = await writeAndDie(url, file, 'present', nothing);
    durable['leaving'] = await writeAndDie(url, file, 'leaving', () => server.kill());
    durable['away'] = await writeAndDie(url, file, 'away', nothing);
    durable['coming'] = await writeAndDie(url, file, 'coming', () => startAgain(server));

    const { spool } = openNodeState(file);
    const journal = await startJournal({ url, ...origin, spool, log: silentLog });
    expect(await journal.drained(30_000)).toBe(true);
    const found = await readTables(url);
    const flushed = Object.entries(durable).flatMap(([prefix, calls]) =>
      Array.from({ length: calls }, (_, call) => callEntries(`${prefix}-${call}`, AT + call)).flat(),
    );
    for (const [table, rows] of Object.entries(tablesAfter(flushed, origin))) expect(found[table]).toMatchObject(rows);
    // Beyond what was flushed, at most what was on its way: what the next calls would have written, and nothing else.
    const begun = Object.entries(durable).flatMap(([prefix, calls]) =>
      Array.from({ length: calls + 5 }, (_, call) => callEntries(`${prefix}-${call}`, AT + call)).flat(),
    );
    const possible = tablesAfter(begun, origin);
    for (const table of ['call_events', 'agent_actions']) expect(possible[table]).toMatchObject(found[table] ?? {});
    expect(Object.keys(possible['calls'] ?? {})).toEqual(expect.arrayContaining(Object.keys(found['calls'] ?? {})));
    await journal.stop();
  });
});
