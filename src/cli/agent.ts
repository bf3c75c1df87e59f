import type { Command } from 'commander';
import type { Order } from '../core/kernel/events.ts';
import type { Context } from './context.ts';
import { withDaemon } from './context.ts';
import { objectCommand } from './objects.ts';

/** Gives an order to the daemon and says what was done. */
export const giveOrder = async (context: Context, self: Command, order: Order, done: string): Promise<void> => {
  await withDaemon(context, self.optsWithGlobals(), (client) => client.request('order', { order }));
  context.io.out(`${done}\n`);
};

export const agentCommand = (program: Command, context: Context): void => {
  const command = objectCommand(program, context, 'agent');
  command
    .command('sign-in <id>')
    .description('Sign an agent in')
    .option('--extension <extension>', 'telephone to use instead of the agent’s own')
    .action((agent: string, options: { extension?: string }, self: Command) =>
      giveOrder(context, self, { kind: 'agent.signIn', agent, extension: options.extension ?? null }, `${agent}: signed in`),
    );
  command
    .command('sign-out <id>')
    .description('Sign an agent out')
    .action((agent: string, _, self: Command) =>
      giveOrder(context, self, { kind: 'agent.signOut', agent }, `${agent}: signed out`),
    );
  command
    .command('pause <id> <reason>')
    .description('Pause an agent; during a call, when it is over')
    .action((agent: string, reason: string, _, self: Command) =>
      giveOrder(context, self, { kind: 'agent.pause', agent, reason }, `${agent}: paused (${reason})`),
    );
  command
    .command('resume <id>')
    .description('End an agent’s pause')
    .action((agent: string, _, self: Command) => giveOrder(context, self, { kind: 'agent.resume', agent }, `${agent}: ready`));
  command
    .command('end-wrap-up <id>')
    .description('End an agent’s wrap-up')
    .action((agent: string, _, self: Command) => giveOrder(context, self, { kind: 'agent.endWrapUp', agent }, `${agent}: ready`));
};
