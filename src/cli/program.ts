import { Command, CommanderError } from 'commander';
import { CENTRE_KINDS } from '../wire/centre.ts';
import { agentCommand } from './agent.ts';
import { agentsCommand } from './agents.ts';
import { callCommand } from './call.ts';
import { callsCommand } from './calls.ts';
import { checkConfigCommand } from './check-config.ts';
import { completionCommands } from './completion.ts';
import type { Context } from './context.ts';
import { errorsCommand, tellError } from './errors.ts';
import { exchangeCommands } from './exchange.ts';
import { initCommand } from './init.ts';
import { lifecycleCommands } from './lifecycle.ts';
import { objectCommand, settingsCommand } from './objects.ts';
import { statusCommand } from './status.ts';

const USAGE = 2;

const build = (context: Context, finish: (status: number) => void): Command => {
  const { io, version } = context;
  const program = new Command('bascule')
    .description('On-premise call centre that keeps answering')
    .version(version, '--version')
    .option('--config <file>', 'configuration of the node (also BASCULE_CONFIG)')
    .option('--socket <path>', 'socket of the daemon (also BASCULE_SOCKET)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.columns(),
      getErrHelpWidth: () => io.columns(),
    })
    .showSuggestionAfterError();
  lifecycleCommands(program, context, finish);
  statusCommand(program, context);
  callsCommand(program, context);
  agentsCommand(program, context);
  callCommand(program, context);
  for (const kind of CENTRE_KINDS) {
    if (kind === 'settings') settingsCommand(program, context);
    else if (kind === 'agent') agentCommand(program, context);
    else objectCommand(program, context, kind);
  }
  exchangeCommands(program, context);
  initCommand(program, context);
  checkConfigCommand(program, context);
  errorsCommand(program, context);
  completionCommands(program, context);
  return program;
};

/** Runs one command line (without the names of Node and the program). Resolves with the exit status: 1 for errors, 2 for wrong usage. */
export const run = async (words: readonly string[], context: Context): Promise<number> => {
  let status = 0;
  const program = build(context, (given) => {
    status = given;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    // Commander has told already what is wrong with the usage; help and version end so too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    return tellError(context.io, error);
  }
};
