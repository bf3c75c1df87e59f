import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { canReach, chooseAccount } from '../../src/adapters/embedded-postgres/account.ts';
import { findBinaries, packageFolder } from '../../src/adapters/embedded-postgres/binaries.ts';
import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program } from '../support/process.ts';
import { until } from '../support/wait.ts';
import { silentLog } from './entries.ts';
import { keptLog, query } from './support.ts';

const root = process.getuid?.() === 0;
const running: EmbeddedPostgres[] = [];
const toRemove: string[] = [];

const start = async (dataDir: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> => {
  const postgres = await startEmbeddedPostgres({ dataDir, log: silentLog, ...options });
  running.push(postgres);
  return postgres;
};

afterEach(async () => {
  for (const postgres of running.splice(0)) await postgres.stop();
});
afterAll(() => {
  for (const folder of toRemove) rmSync(folder, { recursive: true, force: true });
});

const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

describe('the embedded PostgreSQL', () => {
  it('creates its database, keeps it from one start to the next, and stops in order', async () => {
    const dataDir = temporaryFolder('embedded');
    const first = await start(dataDir);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    const { pid } = first;
    expect(alive(pid)).toBe(true);
    await first.stop();
    await first.stop();
    expect(alive(pid)).toBe(false);
    const second = await start(dataDir);
    expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    const settings = await query<{ name: string; setting: string }>(
      second.url,
      `SELECT name, setting FROM pg_settings WHERE name IN ('wal_level', 'listen_addresses', 'synchronous_commit', 'server_encoding') ORDER BY name`,
    );
    expect(settings.map(({ setting }) => setting)).toEqual(['', 'UTF8', 'on', 'logical']);
  });

  it('lets in nobody by the network, and by the socket only its own accounts', async () => {
    const dataDir = temporaryFolder('embedded');
    const { url } = await start(dataDir);
    const run = new URL(url).searchParams.get('host') ?? '';
    expect(statSync(run).mode & 0o077).toBe(0);
    expect(Buffer.byteLength(join(run, '.s.PGSQL.5432'))).toBeLessThanOrEqual(107);
    await expect(query(url.replace('user=bascule', 'user=somebody'), 'SELECT 1')).rejects.toThrow(/peer|authentication/i);
    expect(url).not.toMatch(/password/);
  });

  it('puts its socket elsewhere when the path of the data folder is too long for one', async () => {
    const dataDir = join(temporaryFolder('embedded'), 'a-rather-long-name-of-a-folder'.repeat(3), 'and-another'.repeat(3));
    const { url } = await start(dataDir);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const run = new URL(url).searchParams.get('host') ?? '';
    expect(run.startsWith(dataDir)).toBe(false);
    toRemove.push(run);
  });

  it('refuses a second daemon on the same folder', async () => {
    const dataDir = temporaryFolder('embedded');
    const { url } = await start(dataDir);
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'STO_IN_USE' });
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('restarts a server that was killed', async () => {
    const { log, lines } = keptLog();
    const postgres = await start(temporaryFolder('embedded'), { log });
    const { pid } = postgres;
    await query(postgres.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    process.kill(pid, 'SIGKILL');
    await until('another postmaster', () => postgres.pid !== 0 && postgres.pid !== pid);
    await until('the database', () => query(postgres.url, 'SELECT one FROM kept').catch(() => null));
    expect(lines.filter(({ level }) => level === 'error')[0]?.fields).toMatchObject({
      code: 'STO_EMBEDDED',
      end: 'signal SIGKILL',
    });
  });

  it('keeps the server that a killed daemon left behind, and still guards and stops it', async () => {
    const dataDir = temporaryFolder('embedded');
    const daemon = new Program(process.execPath, [fileURLToPath(new URL('./embedded-child.ts', import.meta.url)), dataDir], {
      name: 'daemon',
    });
    const [, orphan] = await daemon.printed(/postmaster (\d+)/);
    // The daemon alone: what it started is to outlive it.
    process.kill(daemon.pid, 'SIGKILL');
    await daemon.exited;
    expect(alive(Number(orphan))).toBe(true);
    const { log, lines } = keptLog();
    const postgres = await start(dataDir, { log });
    expect(postgres.pid).toBe(Number(orphan));
    expect(lines.some(({ message }) => message.includes('still running'))).toBe(true);
    process.kill(postgres.pid, 'SIGKILL');
    await until('another postmaster', () => postgres.pid !== 0 && postgres.pid !== Number(orphan));
    await until('the database', () => query(postgres.url, 'SELECT 1').catch(() => null));
    const { pid } = postgres;
    await postgres.stop();
    expect(alive(pid)).toBe(false);
  });

  it('takes no other process for its own: a stale process number is forgotten', async () => {
    const dataDir = temporaryFolder('embedded');
    await (await start(dataDir)).stop();
    const cluster = join(dataDir, 'postgres', 'cluster');
    writeFileSync(join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n1\n5432\n\n\n\nready   \n`);
    const postgres = await start(dataDir);
    expect(postgres.pid).not.toBe(process.pid);
  });

  it('tells why it does not start', async () => {
    const dataDir = temporaryFolder('embedded');
    await (await start(dataDir)).stop();
    const conf = join(dataDir, 'postgres', 'cluster', 'postgresql.conf');
    writeFileSync(conf, `${readFileSync(conf, 'utf8')}\nshared_buffers = nonsense\n`);
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'STO_EMBEDDED', message: expect.stringContaining('exit code 1') });
    writeFileSync(join(dataDir, 'postgres', 'cluster', 'PG_VERSION'), '9\n');
    await expect(start(dataDir)).rejects.toMatchObject({
      code: 'STO_EMBEDDED',
      message: expect.stringContaining('of version 9'),
    });
  });

  it('makes anew a database whose creation was cut short', async () => {
    const dataDir = temporaryFolder('embedded');
    mkdirSync(join(dataDir, 'postgres', 'cluster.partial'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres', 'cluster.partial', 'PG_VERSION'), '18\n');
    const { url } = await start(dataDir);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('runs on the host’s PostgreSQL as well', async () => {
    const [folder] = ['18', '17', '16', '15'].map((major) => `/usr/lib/postgresql/${major}/bin`).filter(existsSync);
    if (folder === undefined) throw new Error('PostgreSQL is not installed: run scripts/install-test-peers.');
    const { url } = await start(temporaryFolder('embedded'), { binaries: folder });
    const [row] = await query<{ server_version: string }>(url, 'SHOW server_version');
    expect(row?.server_version.split('.')[0]).toBe(folder.split('/')[4]);
  });
});

describe.runIf(root)('the embedded PostgreSQL of a daemon that runs as root', () => {
  it('runs under another account', async () => {
    const postgres = await start(temporaryFolder('embedded'));
    const [, uid] = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${postgres.pid}/status`, 'utf8')) ?? [];
    expect(Number(uid)).toBeGreaterThan(0);
    const environment = readFileSync(`/proc/${postgres.pid}/environ`, 'utf8').split('\0');
    expect(environment.filter((entry) => /^(HOME|VITEST|npm_)/.test(entry))).toEqual([]);
  });

  it('keeps its database elsewhere when its account cannot get to the data folder, and finds it again', async () => {
    const closed = temporaryFolder('embedded');
    const dataDir = join(closed, 'data');
    chmodSync(closed, 0o700);
    const { log, lines } = keptLog();
    const first = await start(dataDir, { log });
    const elsewhere = readFileSync(join(dataDir, 'postgres.location'), 'utf8').trim();
    toRemove.push(elsewhere);
    expect(lines.find(({ level }) => level === 'warn')?.fields).toMatchObject({ path: elsewhere });
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.stop();
    // Opening the folder later must not look like an empty database.
    chmodSync(closed, 0o755);
    expect(await query((await start(dataDir)).url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('says so when its account can no longer get to its database', async () => {
    const parent = temporaryFolder('embedded');
    await (await start(join(parent, 'data'))).stop();
    chmodSync(parent, 0o700);
    await expect(start(join(parent, 'data'))).rejects.toMatchObject({ code: 'STO_EMBEDDED' });
  });

  it('copies the programs when its account cannot get to the package', async () => {
    const account = await chooseAccount('/nonexistent', silentLog);
    expect(account.uid).toBeGreaterThan(0);
    const home = temporaryFolder('embedded');
    // As `npm ci` leaves it in a closed folder: without the links, which its install script did not lay.
    const checkout = mkdtempSync(join(temporaryFolder('checkout'), 'closed-'));
    cpSync(packageFolder() ?? '', checkout, { recursive: true, filter: (source) => !lstatSync(source).isSymbolicLink() });
    chmodSync(checkout, 0o700);
    expect(await canReach(join(checkout, 'x'), account)).toBe(false);
    expect(await canReach(join(home, 'x'), account)).toBe(true);
    const options = { home, account, clusterMajor: null, log: silentLog, logFile: 'x', folder: null, packaged: checkout };
    const binaries = await findBinaries(options);
    expect(binaries.postgres.startsWith(join(home, 'binaries'))).toBe(true);
    const postgres = await start(temporaryFolder('embedded'), { binaries: join(binaries.postgres, '..') });
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
