import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context, Io, StartRequest } from '../cli/context.ts';
import { run } from '../cli/program.ts';
import { renderStatus } from '../cli/view.ts';
import { readCentreFile } from '../config/centre-file.ts';
import type { CentreDocument } from '../wire/centre.ts';

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTty: process.stdout.isTTY === true && process.stdin.isTTY === true,
  columns: () => process.stdout.columns ?? 120,
  rows: () => process.stdout.rows ?? 40,
  environment: process.env,
  cwd: process.cwd(),
  onInterrupt: (action) => {
    process.on('SIGINT', action);
    process.on('SIGTERM', action);
    return () => {
      process.off('SIGINT', action);
      process.off('SIGTERM', action);
    };
  },
};

const readCentre = (file: string): readonly CentreDocument[] => {
  const { entries, errors } = readCentreFile(file, true);
  if (errors[0] !== undefined) throw errors[0];
  return entries;
};

/** Calls are served by this process: it must end in order. */
let serving = false;

/** The daemon's own code is loaded only here: a command that asks for the status starts no media and no database driver. */
const start = async ({ config, dataDir }: StartRequest): Promise<number> => {
  const { runDaemon, runDemo } = await import('./start.ts');
  serving = true;
  if (config === null) return runDemo({ dataDir, version, render: renderStatus });
  return runDaemon({ file: config, version, readCentre });
};

// A pipe that is closed early (`bascule calls | head`) is not an error; for the demonstration it is a Ctrl-C.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (!serving) process.exit(0);
  process.kill(process.pid, 'SIGINT');
});

const LINGER_MS = 2_000;

const context: Context = { io, root, version, start };
process.exitCode = await run(process.argv.slice(2), context);
// Everything of ours is closed by now. A timer inside a package (winston-syslog waits minutes before it tries a server again)
// must not keep the process; this one is only reached while something does.
setTimeout(() => process.exit(), LINGER_MS).unref();
