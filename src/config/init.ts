import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { BasculeError } from '../core/kernel/errors.ts';
import { parseEntry } from '../wire/centre.ts';
import { readWhole, writeWhole } from '../wire/whole.ts';
import { commentedYaml } from './commented.ts';
import { nodeFileSchema } from './schema.ts';

/** First configuration of a site, from a few answers. */

export const CONFIG_FILE = 'bascule.yaml';
/** Imported at the first start, while the database holds no centre. */
export const CENTRE_FILE = 'centre.yaml';
const SECRETS = 'secrets';
const PASSWORD_FILE = 'sip-password';

export interface Answers {
  /** `host:port` of the IPBX, or of a redundant pair. */
  readonly ipbx: readonly string[];
  /** null: the host of the first address. */
  readonly domain: string | null;
  readonly user: string;
  /** null: the IPBX asks for none. */
  readonly password: string | null;
  readonly channels: number;
  /** Numbers that callers dial. */
  readonly numbers: readonly string[];
  readonly queues: readonly string[];
  readonly agents: readonly { readonly id: string; readonly extension: string }[];
  /** `08:00-12:00,13:00-18:00`, from Monday to Friday; null: always open. */
  readonly hours: string | null;
  /** Country whose public holidays are closed, `FR`; null: none. */
  readonly holidays: string | null;
  readonly language: 'fr' | 'en';
  readonly zone: string;
}

export const DEFAULT_ANSWERS: Omit<Answers, 'ipbx' | 'user' | 'numbers'> = {
  domain: null,
  password: null,
  channels: 30,
  queues: ['reception'],
  agents: [],
  hours: '08:00-12:00,13:00-18:00',
  holidays: 'FR',
  language: 'fr',
  zone: 'Europe/Paris',
};

const HEADER = `The configuration of this node of bascule. Everything of the centre (queues, agents, opening hours …) is in the database:
see \`bascule help\`. A key with # before it has the default shown. Check the file with \`bascule check-config\`; \`bascule reload\`
or a restart applies changes. Relative paths are relative to this file; durations are milliseconds, or texts like 20s or 5m.`;

/** `dataDir` null: the usual one, beside the folder of the file. */
export const configText = (answers: Answers, dataDir: string | null = null): string => {
  const values = {
    ...(dataDir === null ? {} : { dataDir }),
    language: answers.language,
    zone: answers.zone,
    sip: {
      ipbx: { addresses: [...answers.ipbx], ...(answers.domain === null ? {} : { domain: answers.domain }) },
      lines: [
        {
          id: 'main',
          user: answers.user,
          ...(answers.password === null ? {} : { passwordFile: `${SECRETS}/${PASSWORD_FILE}` }),
          channels: answers.channels,
        },
      ],
    },
  };
  return commentedYaml(z.toJSONSchema(nodeFileSchema, { unrepresentable: 'any' }), values, HEADER);
};

const CENTRE_HEADER = `# The centre at its first start: imported while the database holds none. Afterwards the database has it, and this file is
# not read again: use \`bascule queue set …\`, \`bascule agent set …\`, or \`bascule export FILE\` and \`bascule import FILE\`.
`;

const week = (hours: string): Readonly<Record<string, string>> =>
  Object.fromEntries(['monday', 'tuesday', 'wednesday', 'thursday', 'friday'].map((day) => [day, hours]));

/** One queue leads straight to it; of several, callers choose the queue by its number. */
const entry = (queues: readonly string[]): { readonly scenarios: object; readonly target: string } => {
  const [only] = queues;
  if (queues.length === 1 && only !== undefined) return { scenarios: {}, target: `queue:${only}` };
  const keys = queues.slice(0, 9);
  const nodes = {
    start: {
      kind: 'menu',
      prompts: ['menu'],
      choices: Object.fromEntries(keys.map((queue, index) => [String(index + 1), queue])),
      otherwise: keys[0],
    },
    ...Object.fromEntries(keys.map((queue) => [queue, { kind: 'queue', queue }])),
  };
  return { scenarios: { menu: { name: 'Menu', start: 'start', nodes } }, target: 'scenario:menu' };
};

const centreText = (answers: Answers): string => {
  const { scenarios, target } = entry(answers.queues);
  const whole = {
    ...(answers.hours === null
      ? {}
      : { hours: { office: { zone: answers.zone, week: week(answers.hours), holidays: answers.holidays } } }),
    pauseReasons: { break: { name: 'Break', digits: '1' }, lunch: { name: 'Lunch', digits: '2' } },
    queues: Object.fromEntries(answers.queues.map((queue) => [queue, {}])),
    agents: Object.fromEntries(answers.agents.map(({ id, extension }, index) => [id, { extension, order: index + 1 }])),
    scenarios,
    campaigns: {
      main: {
        numbers: [...answers.numbers],
        language: answers.language,
        calendar: answers.hours === null ? null : 'office',
        target,
      },
    },
  };
  const { entries, errors } = readWhole(whole);
  if (errors[0] !== undefined) throw errors[0];
  return CENTRE_HEADER + stringify(writeWhole(entries.map(({ kind, id, document }) => parseEntry(kind, id, document))));
};

/** A configuration of the system keeps its data where the system does, and the service unit says so too. */
const dataDirFor = (folder: string): string | null => (folder.startsWith('/etc/') ? '/var/lib/bascule' : null);

/** Root sets a site up for the account of the daemon, which owns the folder, or whose group does. */
const giveTo = (folder: string, path: string, mode: number): void => {
  const { uid, gid } = statSync(folder);
  const byGroup = uid === 0 && gid !== 0;
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  // The mode a file is made with holds for a new one only.
  chmodSync(path, byGroup ? mode | ((mode & 0o500) >> 3) : mode);
};

/**
 * Writes the node's file, the centre's file and the password's file (0600) into `folder`. Returns their paths.
 * Throws BasculeError CFG_EXISTS rather than replacing one, unless `force`.
 */
export const writeConfiguration = (folder: string, answers: Answers, force: boolean): readonly string[] => {
  const files = [
    { file: join(folder, CONFIG_FILE), text: configText(answers, dataDirFor(folder)), mode: 0o640 },
    { file: join(folder, CENTRE_FILE), text: centreText(answers), mode: 0o640 },
    ...(answers.password === null
      ? []
      : [{ file: join(folder, SECRETS, PASSWORD_FILE), text: `${answers.password}\n`, mode: 0o600 }]),
  ];
  const present = files.find(({ file }) => existsSync(file));
  if (present !== undefined && !force) throw new BasculeError('CFG_EXISTS', { file: present.file });
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (answers.password !== null) {
    mkdirSync(join(folder, SECRETS), { recursive: true, mode: 0o700 });
    giveTo(folder, join(folder, SECRETS), 0o700);
  }
  for (const { file, text, mode } of files) {
    writeFileSync(file, text, { mode });
    giveTo(folder, file, mode);
  }
  return files.map(({ file }) => file);
};
