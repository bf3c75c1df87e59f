import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded.ts';
import { silentLog } from './entries.ts';

/** A daemon to be killed: starts the embedded PostgreSQL of the folder given and waits. */
const postgres = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', log: silentLog });
process.stdout.write(`postmaster ${postgres.pid}\n`);
setInterval(() => undefined, 60_000);
