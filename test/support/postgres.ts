import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';
import { freePorts } from './ports.ts';
import { Program } from './process.ts';

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root; then it runs as the account that Debian's package made, or as nobody. */
const account = (): Account | null => {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string): number => {
    for (const user of ['postgres', 'nobody']) {
      try {
        return Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      } catch {
        continue;
      }
    }
    throw new Error('Neither postgres nor nobody is an account of this system.');
  };
  return { uid: id('-u'), gid: id('-g') };
};

const binaries = (): string => {
  const [newest] = globSync('/usr/lib/postgresql/*/bin')
    .filter((folder) => existsSync(join(folder, 'postgres')))
    .sort((a, b) => Number(b.split('/')[4]) - Number(a.split('/')[4]));
  if (newest === undefined) throw new Error('PostgreSQL is not installed: run scripts/install-test-peers.');
  return newest;
};

/** A whole database server of a test's own, in a temporary folder. */
export class Postgres {
  readonly port: number;
  readonly folder: string;
  readonly #account = account();
  readonly #binaries = binaries();
  #program: Program | null = null;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  /** `settings` are lines of postgresql.conf. */
  static async start(settings: readonly string[] = []): Promise<Postgres> {
    const postgres = new Postgres(await freePorts(1), temporaryFolder('postgres'));
    mkdirSync(postgres.#data);
    if (postgres.#account !== null) {
      const { uid, gid } = postgres.#account;
      chownSync(postgres.folder, uid, gid);
      chownSync(postgres.#data, uid, gid);
    }
    const made = postgres.#run('initdb', [
      '-D',
      postgres.#data,
      '-U',
      'bascule',
      '--auth=trust',
      '--no-sync',
      '--encoding=UTF8',
      '--locale=C',
    ]);
    const exit = await made.exited;
    if (exit.code !== 0) throw new Error(`initdb failed:\n${made.output}`);
    appendFileSync(
      join(postgres.#data, 'postgresql.conf'),
      [
        ...["listen_addresses = '127.0.0.1'", `port = ${postgres.port}`, `unix_socket_directories = '${postgres.folder}'`],
        ...['fsync = off', 'shared_buffers = 32MB', 'max_connections = 40', ...settings, ''],
      ].join('\n'),
    );
    await postgres.start();
    const created = postgres.#run('createdb', ['-h', postgres.folder, '-p', String(postgres.port), '-U', 'bascule', 'bascule']);
    if ((await created.exited).code !== 0) throw new Error(`createdb failed:\n${created.output}`);
    return postgres;
  }

  get url(): string {
    return `postgres://bascule@127.0.0.1:${this.port}/bascule`;
  }

  async start(): Promise<void> {
    const program = this.#run('postgres', ['-D', this.#data]);
    this.#program = program;
    // Its output is only what this start printed.
    await program.printed(/database system is ready to accept connections/, 30_000);
  }

  /** In order, but without waiting for clients. */
  async stop(): Promise<void> {
    await this.#program?.stop('SIGINT', 10_000);
    this.#program = null;
  }

  async kill(): Promise<void> {
    await this.#program?.stop('SIGKILL');
    this.#program = null;
  }

  /** Still there, but answering nobody: the hardest kind of absence. */
  freeze(): void {
    this.#program?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#program?.signal('SIGCONT');
  }

  get log(): string {
    return this.#program?.output ?? '';
  }

  get #data(): string {
    return join(this.folder, 'data');
  }

  #run(program: string, args: readonly string[]): Program {
    return new Program(join(this.#binaries, program), args, { ...this.#account, cwd: this.folder, name: program });
  }
}
