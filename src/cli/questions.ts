import { z } from 'zod';
import type { Answers } from '../config/init.ts';
import { DEFAULT_ANSWERS } from '../config/init.ts';
import { BasculeError } from '../core/kernel/errors.ts';
import { check } from '../wire/issues.ts';
import { dayRanges, dialledNumber, extension, id, zone } from '../wire/values.ts';

/** The questions of `bascule init`: asked one by one, or answered by `--set key=value`. Secrets are not among them. */

type Given = Omit<Answers, 'password'>;

export interface Question {
  readonly key: keyof Given;
  readonly message: string;
  /** What stands when nothing is typed; null: an answer is needed. */
  readonly usual: string | null;
  /** The answer as the files need it. Throws BasculeError CLI_USAGE. */
  readonly read: (text: string) => unknown;
}

const refuse = (detail: string): BasculeError => new BasculeError('CLI_USAGE', { detail });

const by =
  <Schema extends z.ZodType>(what: string, schema: () => Schema) =>
  (text: string): z.output<Schema> => {
    const checked = check(schema(), text);
    if (checked.ok) return checked.value;
    throw refuse(`${what} ${checked.problems[0].detail}`);
  };

const items = (text: string): readonly string[] =>
  text
    .split(/[,\s]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '');

const some = <Item>(what: string, text: string, read: (item: string) => Item): readonly Item[] => {
  const found = items(text);
  if (found.length === 0) throw refuse(`${what} must not be empty`);
  return found.map(read);
};

const nothing = (text: string): boolean => text === '' || text === '-' || text === 'none';

const address = by('the IPBX’s address', () =>
  z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z.-]+)(:\d{1,5})?$/, { error: 'must be host or host:port' }),
);

const agent = (text: string): { readonly id: string; readonly extension: string } => {
  const [name = '', telephone] = text.split(':');
  if (telephone === undefined) throw refuse(`the agent ${name} needs an extension, like ${name}:101`);
  return { id: by('an agent’s id', id)(name), extension: by('an extension', extension)(telephone) };
};

const channels = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 10_000) throw refuse('channels must be from 1 to 10000');
  return count;
};

const hours = (text: string): string | null => {
  if (nothing(text) || text === 'always') return null;
  by('the hours', dayRanges)(text);
  return text;
};

const language = by('the language', () => z.enum(['fr', 'en']));
const country = by('the country', () => z.string().regex(/^[A-Z]{2}$/, { error: 'must be two capital letters, such as FR' }));

export const QUESTIONS: readonly Question[] = [
  {
    key: 'ipbx',
    message: 'Address of the IPBX (host:port; two of a redundant pair with a comma)',
    usual: null,
    read: (text) =>
      some('the IPBX’s address', text, address)
        .slice(0, 2)
        .map((one) => (/:\d+$/.test(one) ? one : `${one}:5060`)),
  },
  { key: 'domain', message: 'SIP domain (empty: the IPBX’s address)', usual: '', read: (text) => (nothing(text) ? null : text) },
  {
    key: 'user',
    message: 'SIP user of the service',
    usual: null,
    read: by('the SIP user', () =>
      z.string().regex(/^[0-9A-Za-z._+-]{1,64}$/, { error: 'must be the user part of a SIP address' }),
    ),
  },
  {
    key: 'channels',
    message: 'Calls at the same time that the IPBX allows this user',
    usual: String(DEFAULT_ANSWERS.channels),
    read: channels,
  },
  {
    key: 'numbers',
    message: 'Numbers that callers dial, as the IPBX sends them (commas)',
    usual: null,
    read: (text) => some('the numbers', text, by('a number', dialledNumber)),
  },
  {
    key: 'queues',
    message: 'Queues (commas)',
    usual: DEFAULT_ANSWERS.queues.join(','),
    read: (text) => some('the queues', text, by('a queue’s id', id)),
  },
  {
    key: 'agents',
    message: 'Agents with their extensions (anna:101, bruno:102)',
    usual: '',
    read: (text) => items(text).map(agent),
  },
  { key: 'hours', message: 'Opening hours, Monday to Friday (or: always)', usual: DEFAULT_ANSWERS.hours, read: hours },
  {
    key: 'holidays',
    message: 'Closed on public holidays of the country (empty: none)',
    usual: DEFAULT_ANSWERS.holidays,
    read: (text) => (nothing(text) ? null : country(text)),
  },
  { key: 'language', message: 'Language of prompts (fr, en)', usual: DEFAULT_ANSWERS.language, read: language },
  { key: 'zone', message: 'Time zone', usual: DEFAULT_ANSWERS.zone, read: by('the time zone', zone) },
];

/** The answers from texts by key; what is not given is as usual. Throws BasculeError CLI_USAGE. */
export const readAnswers = (texts: ReadonlyMap<string, string>, password: string | null): Answers => {
  const unknown = [...texts.keys()].find((key) => !QUESTIONS.some((question) => question.key === key));
  if (unknown !== undefined)
    throw refuse(`${unknown} is not asked for; the keys are ${QUESTIONS.map(({ key }) => key).join(', ')}`);
  const given = QUESTIONS.map(({ key, usual, read }) => {
    const text = texts.get(key) ?? usual;
    if (text === null) throw refuse(`--set ${key}=… is missing`);
    return [key, read(text)] as const;
  });
  return { ...(Object.fromEntries(given) as unknown as Given), password };
};
