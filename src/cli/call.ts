import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { formatDuration, parseDuration } from '../wire/values.ts';
import { giveOrder } from './agent.ts';
import type { Context } from './context.ts';

const HOUR = 3_600_000;

const reservation = (text: string): number => {
  const ms = parseDuration(text) ?? Number(text);
  if (!Number.isInteger(ms) || ms < 1_000 || ms > HOUR) throw new InvalidArgumentError('Give a duration from 1s to 1h.');
  return ms;
};

export const callCommand = (program: Command, context: Context): void => {
  const command = program.command('call').description('Act on a call in progress');
  command
    .command('hangup <id>')
    .description('Hang a call up')
    .action((call: string, _, self: Command) => giveOrder(context, self, { kind: 'call.hangup', call }, `${call}: hung up`));
  command
    .command('move <id> <queue>')
    .description('Move a waiting call to another queue')
    .action((call: string, queue: string, _, self: Command) =>
      giveOrder(context, self, { kind: 'call.move', call, queue }, `${call}: moved to ${queue}`),
    );
  command
    .command('reserve <id> <agent>')
    .description('Keep a waiting call for one agent, for a time; then anybody may have it')
    .option('--for <duration>', 'how long', reservation, 60_000)
    .action((call: string, agent: string, options: { for: number }, self: Command) =>
      giveOrder(
        context,
        self,
        { kind: 'call.reserve', call, agent, forMs: options.for },
        `${call}: kept for ${agent}, ${formatDuration(options.for)}`,
      ),
    );
};
