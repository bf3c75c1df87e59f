import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { readCentreFile } from '../config/centre-file.ts';
import { parseEntry } from '../wire/centre.ts';
import { writeWhole } from '../wire/whole.ts';
import type { Context, GlobalOptions } from './context.ts';
import { withDaemon } from './context.ts';
import { printJson } from './output.ts';
import { reportChanges } from './objects.ts';
import { SeveralErrors } from './errors.ts';

/** `import` and `export` of the whole centre. */
export const exchangeCommands = (program: Command, context: Context): void => {
  program
    .command('import <file>')
    .description('Create and change what a YAML file names; all or nothing')
    .option('--replace', 'also remove what the file does not name')
    .option('--check', 'only check the file')
    .action(async (name: string, options: { replace?: boolean; check?: boolean }, self: Command) => {
      const file = resolve(context.io.cwd, name);
      const { entries, errors } = readCentreFile(file);
      if (errors.length > 0) throw new SeveralErrors(errors);
      if (options.check === true) {
        context.io.out(`${file}: ${entries.length} objects, no error\n`);
        return;
      }
      const changes = entries.map(({ kind, id, document }) => ({ kind, id, document }));
      const reports = await withDaemon(context, self.optsWithGlobals<GlobalOptions>(), (client) =>
        client.request('centre.import', { changes, replace: options.replace === true }),
      );
      reportChanges(context, reports);
    });
  program
    .command('export [file]')
    .description('Write the whole centre as YAML')
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, options: { json?: boolean }, self: Command) => {
      const objects = await withDaemon(context, self.optsWithGlobals<GlobalOptions>(), (client) =>
        client.request('centre.export', {}),
      );
      if (options.json === true) {
        printJson(context.io, objects);
        return;
      }
      const text = stringify(writeWhole(objects.map(({ kind, id, document }) => parseEntry(kind, id, document))));
      if (name === undefined) context.io.out(text);
      else {
        // Numbers of the establishment are in it: for the account that asked, not for everybody.
        writeFileSync(resolve(context.io.cwd, name), text, { mode: 0o640 });
        context.io.out(`${objects.length} objects written to ${name}\n`);
      }
    });
};
