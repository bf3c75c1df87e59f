import type { Command } from 'commander';
import type { Context, GlobalOptions } from './context.ts';
import { withDaemon } from './context.ts';
import { lasting, orDash, printJson, table } from './output.ts';

export const agentsCommand = (program: Command, context: Context): void => {
  program
    .command('agents')
    .description('Agents and what they are doing')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }, self: Command) => {
      const agents = await withDaemon(context, self.optsWithGlobals<GlobalOptions>(), (client) => client.request('agents', {}));
      if (options.json === true) {
        printJson(context.io, agents);
        return;
      }
      const now = Date.now();
      const rows = agents.map((agent) => [
        agent.agent,
        agent.name,
        agent.extension,
        agent.state,
        orDash(agent.reason),
        agent.reachable ? 'yes' : 'no',
        lasting(now - agent.since),
        orDash(agent.call),
        String(agent.callsAnswered),
        String(agent.ringNoAnswers),
      ]);
      const head = ['ID', 'NAME', 'EXTENSION', 'STATE', 'REASON', 'REACHABLE', 'FOR', 'CALL', 'ANSWERED', 'NO ANSWER'];
      table(context.io, head, rows, 'There are no agents.');
    });
};
