import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, transports } from 'winston';
import type { Logger } from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';
import type { Log, LogLevel } from '../../ports/log.ts';
import { human, json } from './formats.ts';
import { maskFields } from './mask.ts';
import type { SyslogServer } from './syslog.ts';
import { toSyslog } from './syslog.ts';

export interface LogOptions {
  readonly node: string;
  readonly level: LogLevel;
  /** Folder of the daily files; null: none. */
  readonly dir: string | null;
  readonly days: number;
  readonly syslog: SyslogServer | null;
  readonly maskNumbers: boolean;
  /** Also on standard error, for people; off while the terminal shows something else. */
  readonly console: boolean;
}

const LEVELS: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };
const STOP_MS = 2_000;

const toFiles = (dir: string, days: number): DailyRotateFile => {
  mkdirSync(dir, { recursive: true, mode: 0o750 });
  return new DailyRotateFile({
    dirname: dir,
    filename: 'bascule-%DATE%.log',
    datePattern: 'YYYY-MM-DD',
    maxFiles: `${days}d`,
    auditFile: join(dir, '.files.json'),
    options: { flags: 'a', mode: 0o640 },
    eol: '\n',
    format: json,
  });
};

/** The `Log` port on winston: console for people, one JSON file a day, syslog. Masks what must not be read. */
class WinstonLog implements Log {
  readonly #shared: Shared;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(shared: Shared, fields: Readonly<Record<string, unknown>>) {
    this.#shared = shared;
    this.#fields = fields;
  }

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    const shared = this.#shared;
    if (LEVELS[level] > shared.level) return;
    const own = fields === undefined ? this.#fields : { ...this.#fields, ...maskFields(fields, shared.maskNumbers) };
    shared.logger.log({ level, message, at: new Date().toISOString(), fields: own });
  }

  child(fields: Readonly<Record<string, unknown>>): Log {
    return new WinstonLog(this.#shared, { ...this.#fields, ...maskFields(fields, this.#shared.maskNumbers) });
  }
}

/** What every child has in common. */
interface Shared {
  readonly logger: Logger;
  level: number;
  maskNumbers: boolean;
}

export interface OpenLog {
  readonly log: Log;
  /** Takes effect on every child at once (SIGHUP). */
  change(options: Pick<LogOptions, 'level' | 'maskNumbers'>): void;
  /** Writes what is left and closes. At most two seconds. */
  stop(): Promise<void>;
}

/** Ends the logger, and waits for the files, which winston itself does not. */
const finish = async (logger: Logger, files: DailyRotateFile | null): Promise<void> => {
  const written = files === null ? Promise.resolve() : new Promise<void>((resolve) => files.once('finish', () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, STOP_MS);
  });
  logger.close();
  await Promise.race([written, late]);
  clearTimeout(timer);
};

export const openLog = (options: LogOptions): OpenLog => {
  const files = options.dir === null ? null : toFiles(options.dir, options.days);
  const outputs = [
    ...(files === null ? [] : [files]),
    ...(options.console ? [new transports.Console({ format: human, stderrLevels: Object.keys(LEVELS) })] : []),
    ...(options.syslog === null ? [] : [toSyslog(options.node, options.syslog)]),
  ];
  const logger = createLogger({
    levels: { ...LEVELS },
    level: 'debug',
    transports: outputs,
    silent: outputs.length === 0,
    exitOnError: false,
  });
  // A full disk or a syslog server away must not end the daemon; standard error is the last resort.
  const failed = (error: Error): void => void process.stderr.write(`The log cannot be written: ${error.message}\n`);
  logger.on('error', failed);
  for (const output of outputs) output.on('error', failed);
  const shared: Shared = { logger, level: LEVELS[options.level], maskNumbers: options.maskNumbers };
  return {
    log: new WinstonLog(shared, {}),
    change: ({ level, maskNumbers }) => {
      shared.level = LEVELS[level];
      shared.maskNumbers = maskNumbers;
    },
    stop: () => finish(logger, files),
  };
};
