import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import { type Account, canReach } from './account.ts';

/** Where everything of the embedded PostgreSQL lies. */
export interface Place {
  readonly home: string;
  readonly cluster: string;
  /** Folder of the Unix socket. */
  readonly run: string;
  readonly logs: string;
  /** What PostgreSQL says before its own log is open. */
  readonly startLog: string;
}

const POINTER = 'postgres.location';
const ELSEWHERE = '/var/lib/bascule';
/** `sun_path` holds 108 bytes with the final zero; `/.s.PGSQL.5432` follows the folder. */
const SOCKET_FOLDER_MAX = 107 - '/.s.PGSQL.5432'.length;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const ownFolder = async (path: string, account: Account): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const status = await lstat(path);
  // A link or another user's folder under a shared parent such as /tmp could lead the socket anywhere.
  if (!status.isDirectory() || (status.uid !== account.uid && status.uid !== process.getuid?.())) {
    throw new BasculeError('STO_EMBEDDED', { detail: `${path} belongs to somebody else`, log: path });
  }
  if (status.uid !== account.uid) await chown(path, account.uid, account.gid);
  await chmod(path, 0o700);
};

/**
 * The folder for the cluster: in the data folder, or in /var/lib/bascule when the account could not pass through the folders
 * above (/root is closed to others on Debian). A choice once made is written down beside: after a `chmod` of a parent, the
 * daemon must find its database again and not start an empty one.
 */
export const findHome = async (dataDir: string): Promise<string> => {
  await mkdir(dataDir, { recursive: true });
  const pointed = await readFile(join(dataDir, POINTER), 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  return pointed === '' ? join(await realpath(dataDir), 'postgres') : pointed;
};

export const preparePlace = async (dataDir: string, account: Account, log: Log): Promise<Place> => {
  let home = await findHome(dataDir);
  if (!(await canReach(home, account))) {
    if (await exists(join(home, 'cluster', 'PG_VERSION'))) {
      throw new BasculeError('STO_EMBEDDED', {
        detail: `account ${account.name} cannot pass through the folders above ${home}, where the database is`,
        log: 'the modes of those folders',
      });
    }
    home = join(ELSEWHERE, digest(home));
    log.log('warn', 'The data folder is closed to the account of PostgreSQL: the database is kept elsewhere', {
      account: account.name,
      dataDir,
      path: home,
    });
    await mkdir(ELSEWHERE, { recursive: true, mode: 0o755 });
    await writeFile(join(dataDir, POINTER), `${home}\n`);
  }
  await ownFolder(home, account);
  const logs = join(home, 'log');
  await ownFolder(logs, account);
  return {
    home,
    cluster: join(home, 'cluster'),
    run: await socketFolder(home, account),
    logs,
    startLog: join(logs, 'start.log'),
  };
};

const socketFolder = async (home: string, account: Account): Promise<string> => {
  let run = join(home, 'run');
  if (Buffer.byteLength(run) > SOCKET_FOLDER_MAX) {
    const parent = process.getuid?.() === 0 ? '/run' : '/tmp';
    run = join(parent, `bascule-${digest(home)}`);
  }
  await ownFolder(run, account);
  return run;
};
