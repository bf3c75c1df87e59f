import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { CentreDocument, CentreKind } from '../wire/centre.ts';
import { parseDocument, parseEntry, schemaOf, SETTINGS_ID } from '../wire/centre.ts';
import type { CentreObject, ChangeReport } from '../wire/control.ts';
import { humanDocument } from '../wire/whole.ts';
import { applyAssignments, differences } from './assignments.ts';
import type { Client } from './client.ts';
import { RefusedError } from './client.ts';
import type { Context, GlobalOptions } from './context.ts';
import { withDaemon } from './context.ts';
import { orDash, printJson, table } from './output.ts';

/** `list`, `show`, `set` and `remove` of each kind of object of the centre. */

type Options = GlobalOptions & { readonly json?: boolean };

interface Listing {
  readonly title: string;
  readonly description: string;
  /** Columns beside the id: heading and what of the human document stands there. */
  readonly columns: readonly (readonly [string, (document: Readonly<Record<string, unknown>>) => unknown])[];
}

const field =
  (key: string) =>
  (document: Readonly<Record<string, unknown>>): unknown =>
    document[key];

const target = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return '-';
  const { to, queue, scenario, number, prompt } = value as Partial<Record<string, string | null>>;
  return [to, queue ?? scenario ?? number ?? prompt].filter((part) => part !== undefined && part !== null).join(':');
};

const words = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(' ') : orDash(value));

const levels = (value: unknown): string =>
  Array.isArray(value)
    ? (value as { skill: string; minLevel: number }[]).map(({ skill, minLevel }) => `${skill}:${minLevel}`).join(' ')
    : Object.entries((value ?? {}) as Record<string, number>)
        .map(([skill, level]) => `${skill}:${level}`)
        .join(' ');

const NAME = ['NAME', field('name')] as const;

const LISTINGS: Readonly<Record<Exclude<CentreKind, 'settings'>, Listing>> = {
  queue: {
    title: 'queues',
    description: 'Queues: calls waiting for agents',
    columns: [
      NAME,
      ['STRATEGY', field('strategy')],
      ['WEIGHT', field('weight')],
      ['SKILLS', (document) => levels(document['skills'])],
      ['RING', field('ringTimeoutMs')],
      ['WRAP-UP', field('wrapUpMs')],
      ['CAPACITY', field('capacity')],
    ],
  },
  agent: {
    title: 'agents',
    description: 'Agents: who answers; also signs them in and out',
    columns: [
      NAME,
      ['EXTENSION', field('extension')],
      ['SKILLS', (document) => levels(document['skills'])],
      ['ORDER', field('order')],
    ],
  },
  skill: { title: 'skills', description: 'Skills that queues ask for and agents have', columns: [NAME] },
  campaign: {
    title: 'campaigns',
    description: 'Campaigns: the numbers that callers dial and where they lead',
    columns: [
      NAME,
      ['NUMBERS', (document) => words(document['numbers'])],
      ['HOURS', field('calendar')],
      ['TARGET', (document) => target(document['target'])],
      ['CLOSED', (document) => target(document['closed'])],
    ],
  },
  hours: {
    title: 'opening hours',
    description: 'Opening hours and holidays',
    columns: [
      NAME,
      ['ZONE', field('zone')],
      ['MONDAY', (document) => (document['week'] as Record<string, unknown>)['monday']],
      ['SATURDAY', (document) => (document['week'] as Record<string, unknown>)['saturday']],
      ['HOLIDAYS', field('holidays')],
    ],
  },
  scenario: {
    title: 'scenarios',
    description: 'IVR scenarios',
    columns: [NAME, ['START', field('start')], ['NODES', (document) => Object.keys(document['nodes'] as object).length]],
  },
  'pause-reason': { title: 'pause reasons', description: 'Reasons for a pause', columns: [NAME, ['DIGITS', field('digits')]] },
};

const human = (object: CentreObject): Readonly<Record<string, unknown>> =>
  humanDocument(parseEntry(object.kind, object.id, object.document));

/** What a change did, from the daemon's own before and after. */
export const reportChanges = (context: Context, reports: readonly ChangeReport[]): void => {
  if (reports.length === 0) context.io.out('Nothing to change.\n');
  for (const { kind, id, before, after } of reports) {
    const old = before === null ? null : human({ kind, id, document: before });
    const now = after === null ? null : human({ kind, id, document: after });
    const lines = differences(old, now);
    const name = kind === 'settings' ? 'settings' : `${kind} ${id}`;
    if (now === null) context.io.out(`${name}: removed\n`);
    else if (old === null) context.io.out(`${name}: created\n${lines.map((line) => `  ${line}\n`).join('')}`);
    else if (lines.length === 0) context.io.out(`${name}: unchanged\n`);
    else context.io.out(`${name}: changed\n${lines.map((line) => `  ${line}\n`).join('')}`);
  }
};

/** The object as it is, or null when there is none yet. */
const existing = async (client: Client, kind: CentreKind, id: string): Promise<CentreDocument | null> => {
  try {
    const object = await client.request('centre.get', { kind, id });
    return parseEntry(kind, id, object.document);
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'CTR_UNKNOWN') return null;
    throw error;
  }
};

const show = async (context: Context, options: Options, kind: CentreKind, id: string): Promise<void> => {
  const object = await withDaemon(context, options, async (client) => {
    if (kind !== 'settings') return client.request('centre.get', { kind, id });
    const found = await existing(client, kind, id);
    return found ?? { kind, id, document: parseDocument(kind, id, {}) };
  });
  if (options.json === true) printJson(context.io, object);
  else context.io.out(stringify(human(object)));
};

const set = async (context: Context, options: Options, kind: CentreKind, id: string, pairs: readonly string[]): Promise<void> => {
  const reports = await withDaemon(context, options, async (client) => {
    const found = await existing(client, kind, id);
    const document = applyAssignments(found === null ? {} : humanDocument(found), pairs);
    return client.request('centre.set', { kind, id, document });
  });
  if (options.json === true) printJson(context.io, reports);
  else reportChanges(context, reports);
};

const list = async (context: Context, options: Options, kind: Exclude<CentreKind, 'settings'>): Promise<void> => {
  const objects = await withDaemon(context, options, (client) => client.request('centre.list', { kind }));
  if (options.json === true) {
    printJson(context.io, objects);
    return;
  }
  const { title, columns } = LISTINGS[kind];
  const rows = objects.map((object) => {
    const document = human(object);
    return [object.id, ...columns.map(([, read]) => orDash(read(document)))];
  });
  table(context.io, ['ID', ...columns.map(([heading]) => heading)], rows, `There are no ${title}.`);
};

/** The keys that `set` takes, from the schema, for its help. */
const keysHelp = (kind: CentreKind): string => {
  const lines = Object.entries(schemaOf(kind).shape).map(([key, schema]) => `  ${key.padEnd(24)}${schema.description ?? ''}`);
  return `\nKeys:\n${lines.join('\n')}`;
};

/** The command of one kind with its four subcommands; more may be added to what is returned. */
export const objectCommand = (program: Command, context: Context, kind: Exclude<CentreKind, 'settings'>): Command => {
  const { title, description } = LISTINGS[kind];
  const command = program.command(kind).description(description);
  command
    .command('list')
    .description(`List the ${title}`)
    .option('--json', 'print JSON')
    .action((_, self: Command) => list(context, self.optsWithGlobals(), kind));
  command
    .command('show <id>')
    .description('Show one, whole')
    .option('--json', 'print JSON')
    .action((id: string, _, self: Command) => show(context, self.optsWithGlobals(), kind, id));
  command
    .command('set <id> [pairs...]')
    .description('Create or change one: key=value, keys with dots (target.queue=sales), durations like 20s; key= for the default')
    .addHelpText('after', keysHelp(kind))
    .option('--json', 'print JSON')
    .action((id: string, pairs: string[], _, self: Command) => set(context, self.optsWithGlobals(), kind, id, pairs));
  command
    .command('remove <id>')
    .description('Remove one that nothing uses')
    .action(async (id: string, _, self: Command) => {
      const reports = await withDaemon(context, self.optsWithGlobals(), (client) =>
        client.request('centre.remove', { kind, id }),
      );
      reportChanges(context, reports);
    });
  return command;
};

export const settingsCommand = (program: Command, context: Context): void => {
  const command = program.command('settings').description('Settings of the whole centre');
  command
    .command('show')
    .description('Show the settings')
    .option('--json', 'print JSON')
    .action((_, self: Command) => show(context, self.optsWithGlobals(), 'settings', SETTINGS_ID));
  command
    .command('set <pairs...>')
    .description('Change settings: key=value')
    .addHelpText('after', keysHelp('settings'))
    .option('--json', 'print JSON')
    .action((pairs: string[], _, self: Command) => set(context, self.optsWithGlobals(), 'settings', SETTINGS_ID, pairs));
};
