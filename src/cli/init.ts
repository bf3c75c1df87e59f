import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { CONFIG_FILE, writeConfiguration } from '../config/init.ts';
import { DEFAULT_FILE } from '../config/load.ts';
import { BasculeError } from '../core/kernel/errors.ts';
import { checkConfig } from './check-config.ts';
import type { Context } from './context.ts';
import { QUESTIONS, readAnswers } from './questions.ts';

/** How a person is asked; tests give their own. */
export interface Ask {
  input(message: string, usual: string | null, check: (text: string) => true | string): Promise<string>;
  password(message: string): Promise<string>;
}

interface Options {
  readonly yes?: boolean;
  readonly set?: readonly string[];
  readonly dir?: string;
  readonly force?: boolean;
  readonly check: boolean;
}

/** The package is large: it is loaded only when somebody is asked. */
const askOnTerminal = async (): Promise<Ask> => {
  const { input, password } = await import('@inquirer/prompts');
  return {
    input: (message, usual, check) =>
      input({ message, validate: check, ...(usual === null ? { required: true } : { default: usual }) }),
    password: (message) => password({ message, mask: true }),
  };
};

const PASSWORD_KEY = 'passwordFile';

const settings = (pairs: readonly string[]): Map<string, string> => {
  const texts = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at);
    if (at <= 0) throw new BasculeError('CLI_USAGE', { detail: `“${pair}” is not key=value` });
    if (key === 'password') {
      throw new BasculeError('CLI_USAGE', {
        detail: 'a password on the command line can be seen by everybody: use passwordFile=FILE',
      });
    }
    texts.set(key, pair.slice(at + 1));
  }
  return texts;
};

const readPassword = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new BasculeError('CFG_UNREADABLE', { file, detail: (cause as NodeJS.ErrnoException).code ?? String(cause) }, { cause });
  }
};

const validity =
  (read: (text: string) => unknown) =>
  (text: string): true | string => {
    try {
      read(text);
      return true;
    } catch (error) {
      return error instanceof BasculeError ? String(error.fields['detail']) : String(error);
    }
  };

/** Asks what `--set` has not answered already. Returns the password. */
const interview = async (ask: Ask, texts: Map<string, string>, passwordKnown: boolean): Promise<string | null> => {
  let password: string | null = null;
  for (const { key, message, usual, read } of QUESTIONS) {
    if (!texts.has(key)) texts.set(key, await ask.input(message, usual, validity(read)));
    if (key === 'user' && !passwordKnown) {
      const typed = await ask.password('Password of that user (empty: none)');
      password = typed === '' ? null : typed;
    }
  }
  return password;
};

export const runInit = async (context: Context, options: Options, ask: (() => Promise<Ask>) | null): Promise<void> => {
  const { io, root } = context;
  const texts = settings(options.set ?? []);
  const passwordFile = texts.get(PASSWORD_KEY);
  texts.delete(PASSWORD_KEY);
  let password = passwordFile === undefined ? null : readPassword(resolve(io.cwd, passwordFile));
  if (options.yes !== true) {
    if (ask === null)
      throw new BasculeError('CLI_USAGE', { detail: 'this is no terminal to ask on: give --yes and --set key=value' });
    password = (await interview(await ask(), texts, passwordFile !== undefined)) ?? password;
  }
  const answers = readAnswers(texts, password);
  const folder = options.dir === undefined ? join(root, dirname(DEFAULT_FILE)) : resolve(io.cwd, options.dir);
  const files = writeConfiguration(folder, answers, options.force === true);
  for (const file of files) io.out(`Written: ${relative(io.cwd, file)}\n`);
  if (options.check) checkConfig(context, join(folder, CONFIG_FILE));
  io.out('Next: `bascule start`, then agents sign in: `bascule agent sign-in ID`, or *11 from their extension.\n');
};

export const initCommand = (program: Command, context: Context): void => {
  program
    .command('init')
    .description('Ask what a site needs and write its configuration')
    .option('--yes', 'ask nothing: take --set and what is usual')
    .option('--set <pairs...>', `answers: ${QUESTIONS.map(({ key }) => key).join('=, ')}=, ${PASSWORD_KEY}=FILE`)
    .option('--dir <folder>', 'folder to write into (default: config)')
    .option('--force', 'replace files that exist')
    .option('--no-check', 'do not check what was written')
    .action((options: Options) => runInit(context, options, context.io.isTty ? askOnTerminal : null));
};
