import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { until } from './wait.ts';

const alive = new Set<ChildProcess>();

// A test that is interrupted, or fails before it could stop them, must not leave an IPBX or a database behind. A runner ends its
// workers by a signal, which alone would skip `exit`.
const killAll = (): void => {
  for (const child of alive) signal(child, 'SIGKILL');
};
process.on('exit', killAll);
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(name, () => {
    killAll();
    process.kill(process.pid, name);
  });
}

const send = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** Signals that no program handles itself must reach its children too. */
const FOR_ALL: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGSTOP', 'SIGCONT']);

const signal = (child: ChildProcess, name: NodeJS.Signals): void => {
  if (child.pid === undefined) return;
  // PostgreSQL's processes have groups of their own. Parents first: a postmaster would restart what was killed under it.
  const apart = FOR_ALL.has(name) ? childrenOf(child.pid) : [];
  // Its group: Kamailio forks. The group was made for this child, so nobody else is in it.
  send(-child.pid, name);
  for (const pid of apart) send(pid, name);
};

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that a test runs, with what it printed (the last mebibyte of it). */
export class Program {
  readonly name: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #exit: Exit | null = null;
  #output = '';

  constructor(
    command: string,
    args: readonly string[],
    options: {
      cwd?: string;
      env?: Readonly<Record<string, string>>;
      uid?: number;
      gid?: number;
      name?: string;
    } = {},
  ) {
    this.name = options.name ?? command;
    const { uid, gid, cwd } = options;
    this.#child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    alive.add(this.#child);
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-(1 << 20));
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        this.#exit = exit;
        alive.delete(this.#child);
        resolve(exit);
      };
      this.#child.on('error', (error) => {
        this.#output += String(error);
        end({ code: 127, signal: null });
      });
      // `exit`, not `close`: a grandchild may hold the pipes for longer.
      this.#child.on('exit', (code, name) => end({ code, signal: name }));
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} did not start: ${this.#output}`);
    return this.#child.pid;
  }

  get output(): string {
    return this.#output;
  }

  get ended(): Exit | null {
    return this.#exit;
  }

  signal(name: NodeJS.Signals): void {
    if (this.#exit === null) signal(this.#child, name);
  }

  /** Waits until what it printed matches. Fails at once when it ends before. */
  async printed(pattern: RegExp, limitMs = 20_000): Promise<RegExpMatchArray> {
    return await this.until(`${this.name} to print ${pattern}`, () => this.#output.match(pattern), limitMs);
  }

  /** Like `until`, but fails at once, with the program's last words, when the program ends. */
  async until<T>(what: string, look: () => T | Promise<T>, limitMs = 20_000): Promise<NonNullable<Exclude<T, false>>> {
    try {
      return await until(
        what,
        async () => {
          const found = await look();
          if (!found && this.#exit !== null) throw new Error(`${this.name} ended (${JSON.stringify(this.#exit)})`);
          return found;
        },
        { limitMs },
      );
    } catch (cause) {
      throw new Error(`${String(cause)}\n${this.name} printed:\n${this.#output.slice(-4000)}`, { cause });
    }
  }

  /** Asks it to end, and makes it end after `graceMs`. */
  async stop(name: NodeJS.Signals = 'SIGTERM', graceMs = 5_000): Promise<Exit> {
    this.signal(name);
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    // Children of its own that outlived it.
    signal(this.#child, 'SIGKILL');
    return exit;
  }
}

/** Runs a short program to its end; throws with what it printed when it fails. */
export const execute = async (command: string, args: readonly string[], limitMs = 30_000): Promise<string> => {
  const program = new Program(command, args);
  const timer = setTimeout(() => program.signal('SIGKILL'), limitMs);
  const exit = await program.exited;
  clearTimeout(timer);
  if (exit.code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${JSON.stringify(exit)}:\n${program.output}`);
  return program.output;
};
