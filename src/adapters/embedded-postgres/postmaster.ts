import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { ENVIRONMENT } from './cluster.ts';
import type { Place } from './place.ts';

/** A running postmaster: our child, or one that an earlier daemon left behind. */
export interface Postmaster {
  readonly pid: number;
  readonly adopted: boolean;
  /** Resolves when the process is gone, with what is known of its end. */
  readonly gone: Promise<string>;
}

/** Between looks at a process that is not our child. */
const POLL_MS = 200;

interface PidFile {
  readonly pid: number;
  readonly status: string;
}

/** PostgreSQL's `postmaster.pid`: process on the first line, status on the eighth. */
export const readPidFile = async (cluster: string): Promise<PidFile | null> => {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 1 ? { pid, status: lines[7]?.trim() ?? '' } : null;
};

/** Command line of a process; empty when it is gone or a zombie. Anybody may read it, unlike `cwd` in a container. */
const commandLine = async (pid: number): Promise<readonly string[]> => {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').filter((word) => word !== '');
};

/** Whether this process is a postmaster on this cluster: a number from a file may long belong to somebody else. */
const serves = async (pid: number, cluster: string): Promise<boolean> => {
  const [program, flag, folder] = await commandLine(pid);
  return program?.endsWith('/postgres') === true && flag === '-D' && folder === cluster;
};

const watch = async (pid: number, cluster: string): Promise<string> => {
  while (await serves(pid, cluster)) await sleep(POLL_MS, undefined, { ref: false });
  return 'gone';
};

/** Signals a process that may have gone meanwhile. */
export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/**
 * The postmaster that a daemon killed without warning left behind: still serving, with its caches warm, so it is kept. One
 * of other programs (an upgrade) is stopped. A stale file is removed, for its number may now be another process's and
 * PostgreSQL would then refuse to start.
 */
export const adopt = async (place: Place, binaries: Binaries): Promise<Postmaster | null> => {
  const found = await readPidFile(place.cluster);
  if (found === null) return null;
  if (!(await serves(found.pid, place.cluster))) {
    await rm(join(place.cluster, 'postmaster.pid'), { force: true });
    return null;
  }
  const gone = watch(found.pid, place.cluster);
  const [program] = await commandLine(found.pid);
  if (program === binaries.postgres && found.status !== 'stopping') return { pid: found.pid, adopted: true, gone };
  signal(found.pid, 'SIGINT');
  await gone;
  return null;
};

/** Starts the server. In a session of its own: Ctrl-C in the terminal is for the daemon, which first has calls to end. */
export const launch = (place: Place, binaries: Binaries, account: Account): Postmaster => {
  const output = openSync(place.startLog, 'w', 0o600);
  try {
    const child = spawn(binaries.postgres, ['-D', place.cluster], {
      uid: account.uid,
      gid: account.gid,
      cwd: '/',
      env: ENVIRONMENT,
      detached: true,
      stdio: ['ignore', output, output],
    });
    const gone = once(child, 'exit').then(
      ([code, name]) => (name === null ? `exit code ${code}` : `signal ${name}`),
      (error: Error) => error.message,
    );
    return { pid: child.pid ?? 0, adopted: false, gone };
  } finally {
    closeSync(output);
  }
};

/** Fast shutdown, then ever less polite. The last resort loses nothing either: the next start recovers from the log. */
export const stopPostmaster = async (postmaster: Postmaster, patienceMs: number): Promise<void> => {
  for (const [name, share] of [
    ['SIGINT', 1],
    ['SIGQUIT', 0.25],
    ['SIGKILL', 0.25],
  ] as const) {
    // The number of a process that is gone may be another's by now.
    if (postmaster.pid <= 0 || (await Promise.race([postmaster.gone.then(() => true), sleep(0, false)]))) return;
    signal(postmaster.pid, name);
    const over = new AbortController();
    const done = postmaster.gone.then(() => true);
    const late = sleep(patienceMs * share, false, { signal: over.signal }).catch(() => false);
    const ended = await Promise.race([done, late]);
    over.abort();
    if (ended) return;
  }
};
