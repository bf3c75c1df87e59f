import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';

const run = promisify(execFile);

/** The system account that PostgreSQL runs under. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const OWN_ACCOUNT = 'bascule';

const number = async (flag: '-u' | '-g', user: string): Promise<number | null> => {
  try {
    const value = Number((await run('id', [flag, user])).stdout.trim());
    return Number.isInteger(value) ? value : null;
  } catch {
    return null;
  }
};

/** The account of that name or number, by the system's own directory (files, LDAP …); null when there is none. */
const lookUp = async (user: string): Promise<Account | null> => {
  const uid = await number('-u', user);
  const gid = await number('-g', user);
  if (uid === null || gid === null || uid === 0) return null;
  const name = await run('id', ['-un', user]).then(
    ({ stdout }) => stdout.trim(),
    () => user,
  );
  return { name, uid, gid };
};

const created = async (log: Log): Promise<Account | null> => {
  try {
    await run('useradd', [
      '--system',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      OWN_ACCOUNT,
    ]);
  } catch {
    return null;
  }
  log.log('info', 'A system account was created for PostgreSQL, which refuses to run as root', { account: OWN_ACCOUNT });
  return lookUp(OWN_ACCOUNT);
};

/**
 * PostgreSQL refuses to run as root. As root: the owner of the cluster when there is one, else the first of `bascule`,
 * `postgres`, a new system account `bascule`, `nobody`. Otherwise: the account of the daemon.
 */
export const chooseAccount = async (cluster: string, log: Log): Promise<Account> => {
  if (process.getuid?.() !== 0) {
    const own = userInfo();
    return { name: own.username, uid: own.uid, gid: own.gid };
  }
  const owner = await stat(cluster).catch(() => null);
  if (owner !== null && owner.uid !== 0) {
    return (await lookUp(String(owner.uid))) ?? { name: String(owner.uid), uid: owner.uid, gid: owner.gid };
  }
  const chosen = (await lookUp(OWN_ACCOUNT)) ?? (await lookUp('postgres')) ?? (await created(log)) ?? (await lookUp('nobody'));
  if (chosen === null) {
    throw new BasculeError('STO_EMBEDDED', {
      detail: 'PostgreSQL refuses to run as root and no other account was found or could be created',
      log: 'the system’s accounts (useradd)',
    });
  }
  return chosen;
};

/** Whether the account may pass through every folder above `path`, by the mode bits (access lists are not looked at). */
export const canReach = async (path: string, account: Account): Promise<boolean> => {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const status = await stat(folder).catch(() => null);
    if (status === null) return false;
    const bit = status.uid === account.uid ? 0o100 : status.gid === account.gid ? 0o010 : 0o001;
    if ((status.mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
};
