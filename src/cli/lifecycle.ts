import type { Command } from 'commander';
import type { Client } from './client.ts';
import type { Context, GlobalOptions } from './context.ts';
import { demonstrationDataDir, findConfig, withDaemon } from './context.ts';

/** `start`, `drain`, `stop` and `reload`. */

const calls = (count: number): string => `${count} ${count === 1 ? 'call' : 'calls'} in progress`;

/** Tells how many calls are left until the daemon has ended. */
const follow = async ({ io }: Context, client: Client): Promise<void> => {
  let last = -1;
  const off = io.onInterrupt(() => client.close());
  try {
    await client.watch(({ site }) => {
      const left = site.totals.inProgress;
      if (left !== last && last !== -1) io.out(`${calls(left)}\n`);
      last = left;
    });
  } finally {
    off();
  }
};

const end = async (context: Context, self: Command, wait: boolean, order: (client: Client) => Promise<string>): Promise<void> => {
  await withDaemon(context, self.optsWithGlobals<GlobalOptions>(), async (client) => {
    context.io.out(`${await order(client)}\n`);
    if (!wait) return;
    await follow(context, client);
    context.io.out('The daemon has ended.\n');
  });
};

const startCommand = (program: Command, context: Context, finish: (status: number) => void): void => {
  program
    .command('start')
    .description('Run the daemon; without a configuration, the demonstration centre')
    .option('--demo', 'run the demonstration centre even with a configuration')
    .action(async (options: { demo?: boolean }, self: Command) => {
      const config = options.demo === true ? null : findConfig(context, self.optsWithGlobals<GlobalOptions>());
      finish(await context.start({ config, dataDir: demonstrationDataDir(context) }));
    });
};

/** `finish` takes the exit status of a daemon that has ended. */
export const lifecycleCommands = (program: Command, context: Context, finish: (status: number) => void): void => {
  startCommand(program, context, finish);
  program
    .command('drain')
    .description('Take no new calls, let those in progress end, then end the daemon')
    .option('--off', 'take new calls again')
    .option('--no-wait', 'do not wait for the end')
    .action(async (options: { off?: boolean; wait: boolean }, self: Command) => {
      const on = options.off !== true;
      await end(context, self, on && options.wait, async (client) => {
        const { callsInProgress } = await client.request('drain', { on });
        return on ? `Draining: no new calls are taken, ${calls(callsInProgress)}` : 'New calls are taken again';
      });
    });
  program
    .command('stop')
    .description('End the daemon: drain first, or at once')
    .option('--now', 'hang up every call')
    .option('--no-wait', 'do not wait for the end')
    .action(async (options: { now?: boolean; wait: boolean }, self: Command) => {
      await end(context, self, options.wait, async (client) => {
        const now = options.now === true;
        const { callsInProgress } = await client.request('stop', { now });
        return now ? `Ending at once, ${calls(callsInProgress)}` : `Ending when calls have: ${calls(callsInProgress)}`;
      });
    });
  program
    .command('reload')
    .description('Read the configuration file again')
    .action(async (_, self: Command) => {
      const { applied, needRestart } = await withDaemon(context, self.optsWithGlobals<GlobalOptions>(), (client) =>
        client.request('reload', {}),
      );
      context.io.out(applied.length === 0 ? 'Nothing to apply.\n' : `Applied: ${applied.join(', ')}\n`);
      if (needRestart.length > 0) context.io.out(`Needs a restart: ${needRestart.join(', ')}\n`);
    });
};
