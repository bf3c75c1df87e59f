import { execFile } from 'node:child_process';
import { appendFile, chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import type { Place } from './place.ts';

const run = promisify(execFile);

/** Name of the database and of its owner. */
export const DATABASE = 'bascule';

const INITDB_TIMEOUT_MS = 120_000;

/** PostgreSQL sees none of the daemon's environment, where secrets may be. */
export const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C' } as const;

/** Major version of the cluster, null when there is none yet. */
export const clusterMajor = async (cluster: string): Promise<number | null> => {
  const text = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => '');
  return text === '' ? null : Number.parseInt(text, 10);
};

/** `peer`: the kernel says who is at the other end of the socket, so there is no password to keep. */
const accessFiles = (account: Account): Readonly<Record<string, string>> => ({
  'pg_hba.conf': 'local all all peer map=bascule\nlocal replication all peer map=bascule\n',
  'pg_ident.conf': [...new Set([account.name, userInfo().username])].map((name) => `bascule ${name} ${DATABASE}\n`).join(''),
});

const settings = (
  place: Place,
): string => `# Written by bascule at each start. Put settings of yours into postgresql.conf, below the include.
listen_addresses = ''
port = 5432
unix_socket_directories = '${place.run.replaceAll("'", "''")}'
unix_socket_permissions = 0700
max_connections = 50
shared_buffers = 128MB
work_mem = 8MB
max_wal_size = 1GB
jit = off
timezone = 'UTC'
# The mirror reads the write-ahead log through a slot; a mirror that stays away must not fill the disk.
wal_level = logical
max_wal_senders = 6
max_replication_slots = 6
max_slot_wal_keep_size = 8GB
synchronous_commit = on
# One file a day of the week. No statements and no details: both would show telephone numbers.
logging_collector = on
log_directory = '${place.logs.replaceAll("'", "''")}'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_error_statement = panic
log_error_verbosity = terse
`;

const give = async (path: string, text: string, account: Account): Promise<void> => {
  await writeFile(path, text, { mode: 0o600 });
  if (process.getuid?.() === 0) await chown(path, account.uid, account.gid);
};

const initialise = async (binaries: Binaries, folder: string, account: Account, locale: string): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  const options = ['-D', folder, '-U', DATABASE, '-E', 'UTF8', `--locale=${locale}`, '--auth=peer', '--data-checksums'];
  await run(binaries.initdb, options, {
    uid: account.uid,
    gid: account.gid,
    cwd: '/',
    env: ENVIRONMENT,
    timeout: INITDB_TIMEOUT_MS,
  });
};

/** Makes the cluster if there is none, under another name until it is whole. Throws STO_EMBEDDED. */
const createCluster = async (place: Place, binaries: Binaries, account: Account, log: Log): Promise<void> => {
  const partial = `${place.cluster}.partial`;
  log.log('info', 'A database is being created', { path: place.cluster, version: binaries.version, account: account.name });
  try {
    // C.UTF-8 knows the case of accented letters; a host without it has C.
    await initialise(binaries, partial, account, 'C.UTF-8').catch(() => initialise(binaries, partial, account, 'C'));
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error).trim();
    const detail = said.split('\n').at(-1) ?? said;
    throw new BasculeError('STO_EMBEDDED', { detail: `initdb: ${detail}`, log: place.startLog }, { cause: error });
  }
  await appendFile(join(partial, 'postgresql.conf'), "\ninclude 'bascule.conf'\n");
  await rename(partial, place.cluster);
};

export const prepareCluster = async (place: Place, binaries: Binaries, account: Account, log: Log): Promise<void> => {
  if ((await stat(join(place.cluster, 'PG_VERSION')).catch(() => null)) === null) {
    await createCluster(place, binaries, account, log);
  }
  for (const [name, text] of Object.entries(accessFiles(account))) await give(join(place.cluster, name), text, account);
  await give(join(place.cluster, 'bascule.conf'), settings(place), account);
};
