import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { BasculeError } from '../core/kernel/errors.ts';
import { check } from '../wire/issues.ts';
import type { Config, HostPort, LineConfig } from './config.ts';
import { checkRelations, warningsOf } from './relations.ts';
import type { NodeFile } from './schema.ts';
import { nodeFileSchema } from './schema.ts';
import { Secret } from './secret.ts';
import type { YamlFile } from './yaml.ts';
import { readYaml } from './yaml.ts';

export const DEFAULT_FILE = 'config/bascule.yaml';

/** What reading a configuration found: the configuration when nothing is wrong, else every error at once. */
export interface ConfigReading {
  readonly config: Config | null;
  readonly errors: readonly BasculeError[];
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const HOST_PORT = /^(.*?)(?::(\d{1,5}))?$/;

/** `192.0.2.10:5060`, `[2001:db8::1]:5060` or a host alone (port 5060, RFC 3261 §19.1.2) in its parts. */
const hostPort = (text: string): HostPort => {
  const [, host = text, port] = HOST_PORT.exec(text) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === undefined ? 5060 : Number(port) };
};

/** The host name as an identifier: `SRV01.site.example` → `srv01`. */
const ownName = (): string =>
  (hostname().split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63) || 'bascule';

const OTHERS_MAY_READ = 0o004;

/** Reads files that the configuration names, gathering what is wrong with them under the key that names each. */
class Files {
  readonly errors: BasculeError[] = [];
  readonly #yaml: YamlFile;
  readonly #folder: string;

  constructor(yaml: YamlFile) {
    this.#yaml = yaml;
    this.#folder = dirname(resolve(yaml.file));
  }

  at(path: string): string {
    return resolve(this.#folder, path);
  }

  wrong(path: readonly (string | number)[], key: string, detail: string, remedy: string): null {
    this.errors.push(
      new BasculeError('CFG_INVALID', { file: this.#yaml.file, line: this.#yaml.lineOf(path), key, detail, remedy }),
    );
    return null;
  }

  /** Null when the file is absent or unreadable, which is then among the errors. */
  mustExist(path: readonly (string | number)[], key: string, name: string, kept: 'secret' | 'public'): string | null {
    const file = this.at(name);
    try {
      const { mode } = statSync(file);
      if (kept === 'secret' && (mode & OTHERS_MAY_READ) !== 0) {
        return this.wrong(
          path,
          key,
          `the file ${file} can be read by everybody (mode ${(mode & 0o777).toString(8)})`,
          `Run: chmod 600 ${file}`,
        );
      }
      return file;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return this.wrong(
        path,
        key,
        `the file ${file} cannot be read (${code ?? 'error'})`,
        'Create it, or correct its path; paths are relative to the configuration file.',
      );
    }
  }

  secret(path: readonly (string | number)[], key: string, name: string): Secret | null {
    const file = this.mustExist(path, key, name, 'secret');
    if (file === null) return null;
    try {
      const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      if (text === '' || text.includes('\n'))
        return this.wrong(path, key, `the file ${file} does not hold one line`, 'Write the password alone into it.');
      return new Secret(text);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return this.wrong(
        path,
        key,
        `the file ${file} cannot be read (${code ?? 'error'})`,
        'Let the daemon’s account own it, mode 600.',
      );
    }
  }
}

const lines = (values: NodeFile, files: Files): readonly LineConfig[] =>
  values.sip.lines.map(({ password, passwordFile, ...line }, index) => ({
    ...line,
    authUser: line.authUser ?? line.user,
    password:
      passwordFile === null
        ? password === null
          ? null
          : new Secret(password)
        : files.secret(['sip', 'lines', index, 'passwordFile'], `sip.lines[${index}].passwordFile`, passwordFile),
  }));

const certificates = (values: NodeFile, files: Files): NodeFile['sip']['tls'] => {
  const { certFile, keyFile, caFile, verify } = values.sip.tls;
  const file = (key: 'certFile' | 'keyFile' | 'caFile', name: string | null): string | null =>
    name === null ? null : files.mustExist(['sip', 'tls', key], `sip.tls.${key}`, name, key === 'keyFile' ? 'secret' : 'public');
  return { certFile: file('certFile', certFile), keyFile: file('keyFile', keyFile), caFile: file('caFile', caFile), verify };
};

/** Where this node writes, and where it listens for commands. */
const places = (
  values: NodeFile,
  files: Files,
  environment: Environment,
): { readonly dataDir: string; readonly socket: string } => {
  const override = environment['BASCULE_DATA_DIR'];
  const dataDir = override === undefined || override === '' ? files.at(values.dataDir) : resolve(override);
  const { socket } = values.control;
  return { dataDir, socket: socket === null ? resolve(dataDir, 'control.sock') : files.at(socket) };
};

const resolveAll = (values: NodeFile, files: Files, file: string, environment: Environment): Config => {
  const { sip, media, database, control, log } = values;
  const { dataDir, socket } = places(values, files, environment);
  const addresses = sip.ipbx.addresses.map(hostPort);
  return {
    file: resolve(file),
    node: values.node ?? ownName(),
    dataDir,
    language: values.language,
    zone: values.zone,
    sip: {
      ...sip,
      ipbx: { addresses, domain: sip.ipbx.domain ?? addresses[0]?.host ?? 'localhost' },
      lines: lines(values, files),
      tls: certificates(values, files),
    },
    media: {
      ...media,
      advertisedAddress: media.advertisedAddress ?? sip.advertisedAddress,
      promptsDir:
        media.promptsDir === null
          ? null
          : files.mustExist(['media', 'promptsDir'], 'media.promptsDir', media.promptsDir, 'public'),
    },
    database: {
      url: database.url,
      password:
        database.passwordFile === null
          ? null
          : files.secret(['database', 'passwordFile'], 'database.passwordFile', database.passwordFile),
      spoolLimit: database.spoolLimit,
    },
    control: { socket, group: control.group },
    metrics: values.metrics,
    log: { ...log, dir: log.dir === null ? resolve(dataDir, 'log') : files.at(log.dir) },
    drain: values.drain,
    limits: values.limits,
  };
};

/** A password inside the file makes the file itself a secret. */
const fileKeepsItsSecrets = (values: NodeFile, files: Files, file: string): void => {
  const index = values.sip.lines.findIndex(({ password }) => password !== null);
  if (index < 0 || (statSync(file).mode & OTHERS_MAY_READ) === 0) return;
  const key = `sip.lines[${index}].password`;
  files.wrong(
    ['sip', 'lines', index, 'password'],
    key,
    'is in a file that everybody can read',
    `Run: chmod 600 ${file}, or use passwordFile.`,
  );
};

/** Linux's sockaddr_un holds 108 bytes, the last one a zero. */
const MAX_SOCKET_PATH = 107;

const lineOf = ({ fields }: BasculeError): number => Number(fields['line'] ?? 0);

/** As one reads the file. */
const inOrder = (errors: readonly BasculeError[]): readonly BasculeError[] => [...errors].sort((a, b) => lineOf(a) - lineOf(b));

/** Checks a configuration file whole: every error with its file, line, key and remedy, and what only deserves a warning. */
export const readConfig = (file: string, environment: Environment = process.env): ConfigReading => {
  let yaml: YamlFile;
  try {
    yaml = readYaml(file);
  } catch (error) {
    if (error instanceof BasculeError) return { config: null, errors: [error], warnings: [] };
    throw error;
  }
  const checked = check(nodeFileSchema, yaml.data ?? {});
  if (!checked.ok) {
    const errors = checked.problems.map(
      ({ path, key, detail, remedy }) => new BasculeError('CFG_INVALID', { file, line: yaml.lineOf(path), key, detail, remedy }),
    );
    return { config: null, errors: inOrder(errors), warnings: [] };
  }
  const values = checked.value;
  const files = new Files(yaml);
  const config = resolveAll(values, files, file, environment);
  fileKeepsItsSecrets(values, files, file);
  if (Buffer.byteLength(config.control.socket) > MAX_SOCKET_PATH) {
    const detail = `the path is ${Buffer.byteLength(config.control.socket)} bytes long, a socket’s may have ${MAX_SOCKET_PATH}`;
    files.wrong(
      ['control', 'socket'],
      'control.socket',
      detail,
      'Set a shorter control.socket, for example /run/bascule/control.sock.',
    );
  }
  const errors = [...files.errors, ...checkRelations(values, file)];
  return { config: errors.length === 0 ? config : null, errors, warnings: warningsOf(values) };
};

/**
 * Where the daemon of this configuration listens for commands. Reads no secret, so that whoever may use the socket can find it.
 * Throws BasculeError for a file that cannot be read.
 */
export const readSocket = (file: string, environment: Environment = process.env): string => {
  const yaml = readYaml(file);
  const checked = check(nodeFileSchema, yaml.data ?? {});
  if (checked.ok) return places(checked.value, new Files(yaml), environment).socket;
  const [{ path, key, detail, remedy }] = checked.problems;
  throw new BasculeError('CFG_INVALID', { file, line: yaml.lineOf(path), key, detail, remedy });
};

/** The configuration, or the first error thrown. */
export const loadConfig = (file: string, environment: Environment = process.env): Config => {
  const { config, errors } = readConfig(file, environment);
  if (config !== null) return config;
  throw errors[0] ?? new Error(`Impossible: ${file} has neither configuration nor errors`);
};
