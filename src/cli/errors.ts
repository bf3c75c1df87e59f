import type { Command } from 'commander';
import { BasculeError, ERRORS } from '../core/kernel/errors.ts';
import { RefusedError } from './client.ts';
import type { Context, Io } from './context.ts';
import { clean, printJson } from './output.ts';

/** All that is wrong with a file, shown together. */
export class SeveralErrors extends Error {
  override readonly name = 'SeveralErrors';
  readonly errors: readonly BasculeError[];

  constructor(errors: readonly BasculeError[]) {
    super(`${errors.length} errors`);
    this.errors = errors;
  }
}

const tell = (io: Io, code: string, message: string, remedy: string): void =>
  io.err(clean(`${code}  ${message}`) + `\n${clean(`    ${remedy}`)}\n`);

/** Shows an error to a person: code, message, what to do. Returns the exit status. */
export const tellError = (io: Io, error: unknown): number => {
  if (error instanceof SeveralErrors) {
    for (const one of error.errors) tell(io, one.code, one.message, one.remedy);
    return 1;
  }
  if (error instanceof BasculeError || error instanceof RefusedError) {
    tell(io, error.code, error.message, error.remedy);
    return error.code === 'CLI_USAGE' ? 2 : 1;
  }
  io.err(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
};

export const errorsCommand = (program: Command, context: Context): void => {
  program
    .command('errors [code]')
    .description('The table of error codes, or one of them')
    .option('--json', 'print JSON')
    .action((code: string | undefined, options: { json?: boolean }) => {
      const wanted = Object.entries(ERRORS).filter(([name]) => code === undefined || name === code.toUpperCase());
      if (wanted.length === 0) throw new BasculeError('CLI_USAGE', { detail: `there is no error code ${code ?? ''}` });
      if (options.json === true) {
        printJson(context.io, Object.fromEntries(wanted));
        return;
      }
      for (const [name, { message, remedy }] of wanted) context.io.out(`${name}\n    ${message}\n    ${remedy}\n`);
    });
};
