import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DEFAULT_FILE, readSocket } from '../config/load.ts';
import { Client } from './client.ts';

/** What a command may touch of the process around it; tests give their own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly isTty: boolean;
  readonly columns: () => number;
  readonly rows: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Runs `action` on Ctrl-C instead of ending the process. Returns how to undo that. */
  onInterrupt(action: () => void): () => void;
}

export interface StartRequest {
  /** null: there is no configuration, or the demonstration was asked for. */
  readonly config: string | null;
  readonly dataDir: string;
}

export interface Context {
  readonly io: Io;
  /** Folder of the product, where a first configuration goes. */
  readonly root: string;
  readonly version: string;
  /** Runs the daemon until it has ended; resolves with the exit status. The commands may not know the daemon's own code. */
  readonly start: (request: StartRequest) => Promise<number>;
}

export interface GlobalOptions {
  readonly config?: string;
  readonly socket?: string;
}

const SYSTEM_FILE = '/etc/bascule/bascule.yaml';

/** The configuration that commands speak of: the one named, else the first that exists. null: none does. */
export const findConfig = ({ io, root }: Context, options: GlobalOptions): string | null => {
  const named = options.config ?? io.environment['BASCULE_CONFIG'];
  if (named !== undefined && named !== '') return resolve(io.cwd, named);
  const candidates = [join(io.cwd, DEFAULT_FILE), join(root, DEFAULT_FILE), SYSTEM_FILE];
  return candidates.find((file) => existsSync(file)) ?? null;
};

/** Where a daemon without configuration (the demonstration) keeps its data. */
export const demonstrationDataDir = ({ io, root }: Context): string => {
  const named = io.environment['BASCULE_DATA_DIR'];
  return named === undefined || named === '' ? join(root, 'data') : resolve(io.cwd, named);
};

const findSocket = (context: Context, options: GlobalOptions): string => {
  const { io } = context;
  const named = options.socket ?? io.environment['BASCULE_SOCKET'];
  if (named !== undefined && named !== '') return resolve(io.cwd, named);
  const file = findConfig(context, options);
  return file === null ? join(demonstrationDataDir(context), 'control.sock') : readSocket(file, io.environment);
};

/** Does `action` with a connection to the daemon, which is closed afterwards whatever happens. */
export const withDaemon = async <Result>(
  context: Context,
  options: GlobalOptions,
  action: (client: Client) => Promise<Result>,
): Promise<Result> => {
  const client = await Client.connect(findSocket(context, options));
  try {
    return await action(client);
  } finally {
    client.close();
  }
};
