import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { CentreDocument } from '../wire/centre.ts';
import type { StatusDocument } from '../wire/control.ts';
import type { Daemon } from './daemon.ts';
import { startDaemon } from './daemon.ts';
import { runDemonstration } from './demonstration/run.ts';

export interface StartOptions {
  /** The node's file. */
  readonly file: string;
  readonly version: string;
  /** Reads `centre.yaml` beside the node's file, imported when the database holds no centre yet. */
  readonly readCentre: (file: string) => readonly CentreDocument[];
}

/**
 * The daemon in the foreground. SIGTERM and the first Ctrl-C drain: no new calls, those in progress to their end. A second
 * one hangs up. SIGHUP reads the node's file again. Resolves with the exit status when all has stopped in order.
 */
export async function runDaemon({ file, version, readCentre }: StartOptions): Promise<number> {
  const config = loadConfig(file);
  const centreFile = join(dirname(file), 'centre.yaml');
  const stopped = Promise.withResolvers<number>();
  const daemon = await startDaemon({
    config,
    version,
    console: true,
    ...(existsSync(centreFile) ? { centreImport: readCentre(centreFile) } : {}),
    onStopped: () => stopped.resolve(0),
  });
  const forget = listen(daemon);
  try {
    return await stopped.promise;
  } finally {
    forget();
  }
}

function listen(daemon: Daemon): () => void {
  let asked = false;
  const end = (): void => {
    void (asked ? daemon.stop() : daemon.drain());
    asked = true;
  };
  const reload = (): void => daemon.reload();
  const signals = [
    ['SIGINT', end],
    ['SIGTERM', end],
    ['SIGHUP', reload],
  ] as const;
  for (const [signal, action] of signals) process.on(signal, action);
  return () => {
    for (const [signal, action] of signals) process.off(signal, action);
  };
}

export interface DemoOptions {
  readonly dataDir: string;
  readonly version: string;
  readonly render: (status: StatusDocument, columns: number) => readonly string[];
}

/** `npm start` without a configuration: the demonstration centre. Resolves with the exit status. */
export function runDemo({ dataDir, version, render }: DemoOptions): Promise<number> {
  return runDemonstration<StatusDocument>({
    dataDir,
    stdout: process.stdout,
    isTty: process.stdout.isTTY === true,
    startDaemon: (setup) => startDaemon({ ...setup, version, console: false }),
    render,
  });
}
