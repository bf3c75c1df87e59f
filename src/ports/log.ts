export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** A fixed message and fields apart. Fields named caller, dialled, number, extension or target are masked by the adapter. */
export interface Log {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The same log with fields that every line carries. */
  child(fields: Readonly<Record<string, unknown>>): Log;
}
