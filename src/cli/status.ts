import type { Command } from 'commander';
import type { StatusDocument } from '../wire/control.ts';
import type { Client } from './client.ts';
import type { Context, GlobalOptions } from './context.ts';
import { withDaemon } from './context.ts';
import { clock, maskNumber, printJson } from './output.ts';
import { renderLine, renderStatus } from './view.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const withoutNumbers = (status: StatusDocument): StatusDocument => ({
  ...status,
  site: {
    ...status.site,
    calls: status.site.calls.map((call) => ({
      ...call,
      caller: call.caller === null ? null : maskNumber(call.caller, false),
      dialled: maskNumber(call.dialled, false),
    })),
  },
});

/** Redraws in place on a terminal; elsewhere prints a line when something has changed. */
const watch = async ({ io }: Context, client: Client, json: boolean): Promise<void> => {
  const inPlace = io.isTty && !json;
  let last = '';
  const off = io.onInterrupt(() => client.close());
  if (inPlace) io.out(ENTER);
  try {
    await client.watch((status) => {
      if (json) {
        io.out(`${JSON.stringify(withoutNumbers(status))}\n`);
      } else if (inPlace) {
        // The last column stays free: clearing the rest of a full line would take its last character.
        const lines = renderStatus(status, io.columns() - 1).slice(0, io.rows());
        io.out(`${HOME}${lines.map((line) => line + CLEAR_LINE).join('\r\n')}${CLEAR_BELOW}`);
      } else {
        const line = renderLine(status);
        if (line !== last) io.out(`${clock(status.site.at)} ${line}\n`);
        last = line;
      }
    });
  } finally {
    off();
    if (inPlace) io.out(LEAVE);
  }
};

export const statusCommand = (program: Command, context: Context): void => {
  program
    .command('status')
    .description('Lines, database, queues and agents')
    .option('--watch', 'go on until Ctrl-C')
    .option('--show-numbers', 'show telephone numbers in JSON')
    .option('--json', 'print JSON (with --watch: one document a line)')
    .action(async (options: { watch?: boolean; json?: boolean; showNumbers?: boolean }, self: Command) => {
      await withDaemon(context, self.optsWithGlobals<GlobalOptions>(), async (client) => {
        if (options.watch === true) {
          await watch(context, client, options.json === true);
          return;
        }
        const status = await client.request('status', {});
        if (options.json === true) printJson(context.io, options.showNumbers === true ? status : withoutNumbers(status));
        else context.io.out(`${renderStatus(status).join('\n')}\n`);
      });
    });
};
