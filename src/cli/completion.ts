import type { Command, Option } from 'commander';
import type { CentreKind } from '../wire/centre.ts';
import { isCentreKind, schemaOf } from '../wire/centre.ts';
import { STRATEGY_NAMES } from '../wire/control.ts';
import type { Client } from './client.ts';
import type { Context, GlobalOptions } from './context.ts';
import { withDaemon } from './context.ts';

/** Completion for bash: a short script that asks `bascule` itself what may come next. */

/** Bash cuts words at “=” before it completes them: the line is read whole, and what stands before “=” is taken off again. */
const SCRIPT = `# bash completion for bascule: eval "$(bascule completion)"
_bascule() {
  local line="\${COMP_LINE:0:COMP_POINT}" words reply
  read -ra words <<< "$line"
  [[ $line == *' ' ]] && words+=('')
  mapfile -t COMPREPLY < <(bascule complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${words[-1]} == *=* ]] && COMPREPLY=("\${COMPREPLY[@]#*=}")
  reply="\${COMPREPLY[0]-}"
  [[ $reply == *= ]] && compopt -o nospace
  return 0
}
complete -o default -F _bascule bascule
`;

/** Names that a daemon which answers at once can tell; no daemon, no names. */
const ANSWER_MS = 800;

const names = async (
  context: Context,
  options: GlobalOptions,
  read: (client: Client) => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), ANSWER_MS);
  });
  try {
    return await Promise.race([withDaemon(context, options, read), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
};

const idsOf =
  (kind: CentreKind) =>
  async (client: Client): Promise<readonly string[]> =>
    (await client.request('centre.list', { kind })).map(({ id }) => id);

const callIds = async (client: Client): Promise<readonly string[]> =>
  (await client.request('calls', { ended: null })).map((row) => String(row['call']));

const keysOf = (kind: CentreKind): readonly string[] => Object.keys(schemaOf(kind).shape).map((key) => `${key}=`);

/** What an argument of a command may be, from its name in the command's usage. */
const argument = (
  context: Context,
  command: Command,
  position: number,
  current: string,
): Promise<readonly string[]> | readonly string[] => {
  const group = command.parent?.name() ?? '';
  const args = command.registeredArguments;
  const wanted = args[Math.min(position, args.length - 1)];
  const options = command.optsWithGlobals<GlobalOptions>();
  if (wanted === undefined || (position >= args.length && !wanted.variadic)) return [];
  switch (wanted.name()) {
    case 'id':
      if (group === 'call') return names(context, options, callIds);
      return isCentreKind(group) ? names(context, options, idsOf(group)) : [];
    case 'agent':
      return names(context, options, idsOf('agent'));
    case 'queue':
      return names(context, options, idsOf('queue'));
    case 'reason':
      return names(context, options, idsOf('pause-reason'));
    case 'pairs':
      if (current.startsWith('strategy=')) return STRATEGY_NAMES.map((name) => `strategy=${name}`);
      return isCentreKind(group) ? keysOf(group) : [];
    default:
      return [];
  }
};

const visible = (command: Command): readonly Command[] => command.commands.filter((sub) => !HIDDEN.has(sub.name()));
const HIDDEN: ReadonlySet<string> = new Set(['complete']);

const takesValue = (options: readonly Option[], word: string): boolean =>
  options.some((option) => (option.long === word || option.short === word) && (option.required || option.optional));

/** What may stand where the last of `words` is. */
const candidates = async (program: Command, context: Context, words: readonly string[]): Promise<readonly string[]> => {
  const current = words.at(-1) ?? '';
  let command = program;
  let position = 0;
  const before = words.slice(0, -1);
  for (let index = 0; index < before.length; index += 1) {
    const word = before[index] ?? '';
    const options = [...command.options, ...program.options];
    if (word.startsWith('-')) {
      const option = options.find(({ long }) => long === word);
      const value = before[index + 1];
      if (takesValue(options, word)) index += 1;
      // `--socket` and `--config` say which daemon is asked for names.
      if (value !== undefined && option !== undefined && program.options.includes(option))
        program.setOptionValue(option.attributeName(), value);
      continue;
    }
    const sub = position === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (sub === undefined) position += 1;
    else command = sub;
  }
  if (current.startsWith('-'))
    return [...command.options, ...program.options].flatMap(({ long }) => (long === undefined ? [] : [long]));
  if (command.commands.length > 0) return position === 0 ? visible(command).map((sub) => sub.name()) : [];
  return argument(context, command, position, current);
};

export const completionCommands = (program: Command, context: Context): void => {
  program
    .command('completion')
    .description('Print the completion script for bash: eval "$(bascule completion)"')
    .action(() => context.io.out(SCRIPT));
  program
    .command('complete [words...]', { hidden: true })
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const found = await candidates(program, context, words);
      const current = words.at(-1) ?? '';
      const fitting = found.filter((one) => one.startsWith(current));
      if (fitting.length > 0) context.io.out(`${fitting.join('\n')}\n`);
    });
};
