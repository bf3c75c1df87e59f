import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { readCentreFile } from '../config/centre-file.ts';
import { CENTRE_FILE } from '../config/init.ts';
import { DEFAULT_FILE, readConfig } from '../config/load.ts';
import { BasculeError } from '../core/kernel/errors.ts';
import type { Context, GlobalOptions } from './context.ts';
import { findConfig } from './context.ts';
import { SeveralErrors } from './errors.ts';

/** Checks the node's file, and the centre's file beside it when there is one. Throws every error at once. */
export const checkConfig = ({ io }: Context, file: string): void => {
  const { config, errors, warnings } = readConfig(file, io.environment);
  const centre = join(dirname(file), CENTRE_FILE);
  const read = existsSync(centre) ? readCentreFile(centre, true) : null;
  for (const warning of warnings) io.err(`Warning: ${warning}\n`);
  const all = [...errors, ...(read?.errors ?? [])];
  if (all.length > 0) throw new SeveralErrors(all);
  const lines = config?.sip.lines.length ?? 0;
  io.out(`${relative(io.cwd, file) || file}: no error, ${lines} ${lines === 1 ? 'line' : 'lines'} to the IPBX\n`);
  if (read !== null) io.out(`${relative(io.cwd, centre) || centre}: no error, ${read.entries.length} objects\n`);
};

export const checkConfigCommand = (program: Command, context: Context): void => {
  program
    .command('check-config [file]')
    .description('Check the configuration: every error with its line, key and remedy')
    .action((file: string | undefined, _, self: Command) => {
      const options = self.optsWithGlobals<GlobalOptions>();
      const found = findConfig(context, file === undefined ? options : { ...options, config: file });
      if (found === null) throw new BasculeError('CFG_NOT_FOUND', { file: DEFAULT_FILE });
      checkConfig(context, found);
    });
};
