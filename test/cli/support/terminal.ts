import type { Context, Io, StartRequest } from '../../../src/cli/context.ts';
import { run } from '../../../src/cli/program.ts';
import { temporaryFolder } from '../../support/folder.ts';

export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A command line without a process: what it prints, and how it ends. */
export class Shell {
  readonly folder: string;
  readonly environment: Record<string, string>;
  readonly started: StartRequest[] = [];
  readonly #isTty: boolean;
  #out = '';
  #err = '';
  #interrupt: (() => void) | null = null;

  constructor(environment: Record<string, string> = {}, isTty = false) {
    this.folder = temporaryFolder('cli');
    this.environment = environment;
    this.#isTty = isTty;
  }

  get out(): string {
    return this.#out;
  }

  context(): Context {
    const io: Io = {
      out: (text) => {
        this.#out += text;
      },
      err: (text) => {
        this.#err += text;
      },
      isTty: this.#isTty,
      columns: () => 100,
      rows: () => 30,
      environment: this.environment,
      cwd: this.folder,
      onInterrupt: (action) => {
        this.#interrupt = action;
        return () => {
          this.#interrupt = null;
        };
      },
    };
    const start = async (request: StartRequest): Promise<number> => {
      this.started.push(request);
      return 3;
    };
    return { io, root: this.folder, version: '1.2.3', start };
  }

  async run(...words: readonly string[]): Promise<Outcome> {
    this.#out = '';
    this.#err = '';
    const status = await run(words, this.context());
    return { status, out: this.#out, err: this.#err };
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#interrupt?.();
  }
}
