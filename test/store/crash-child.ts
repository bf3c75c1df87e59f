import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { startJournal } from '../../src/adapters/postgres/journal.ts';
import { callEntries, silentLog } from './entries.ts';

/**
 * A daemon's journal to be killed: writes calls without end and prints how many are durable. Arguments: URL of the database,
 * node.db, prefix of the calls, time of the first.
 */
const [url = '', file = '', prefix = '', at = '0'] = process.argv.slice(2);
const { spool } = openNodeState(file);
const journal = await startJournal({ url, node: 'a', epoch: 1, spool, log: silentLog });
for (let calls = 0; ; calls++) {
  for (const entry of callEntries(`${prefix}-${calls}`, Number(at) + calls)) journal.append(entry);
  if (calls % 5 === 4) {
    await journal.flush();
    process.stdout.write(`durable ${calls + 1}\n`);
  }
}
