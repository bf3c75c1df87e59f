import { BasculeError } from '../core/kernel/errors.ts';

/** `key=value` pairs of a command line, applied to a document. */

type Plain = Record<string, unknown>;
type Path = readonly [string | number, ...(string | number)[]];

interface Assignment {
  readonly path: Path;
  /** undefined: the key is taken out, so that its default holds again. */
  readonly value: unknown;
}

const usage = (detail: string): BasculeError => new BasculeError('CLI_USAGE', { detail });

/** What looks like a telephone number stays a text: 0123 is not 123, +33 is not 33. */
const isNumberLikeText = (text: string): boolean => /^(\+\d|0\d)/.test(text) || /^\d{16,}$/.test(text);

const parseValue = (text: string): unknown => {
  if (text === '') return undefined;
  if (isNumberLikeText(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: a word, a duration like 20s, hours like 08:00-18:00.
    return text;
  }
};

const parsePath = (key: string): Path => {
  const steps = key
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const [first, ...rest] = steps;
  if (first === undefined || steps.some((step) => step === '' || step === '__proto__')) throw usage(`“${key}” is not a key`);
  return [first, ...rest];
};

const parseAssignments = (pairs: readonly string[]): readonly Assignment[] =>
  pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at <= 0) throw usage(`“${pair}” is not key=value`);
    return { path: parsePath(pair.slice(0, at)), value: parseValue(pair.slice(at + 1)) };
  });

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Another `to` or `kind` makes another thing of the group: what it held for the former one is let go. */
const DISCRIMINATORS: ReadonlySet<string | number> = new Set(['to', 'kind']);

const assigned = (holder: unknown, path: readonly (string | number)[], value: unknown): unknown => {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(holder) && typeof step === 'number') {
    const list = [...(holder as unknown[])];
    if (step > list.length) throw usage(`there is no element ${step - 1} before element ${step}`);
    const next = assigned(list[step], rest, value);
    if (next === undefined) list.splice(step, 1);
    else list[step] = next;
    return list;
  }
  const group = isPlain(holder) ? holder : {};
  if (rest.length === 0 && DISCRIMINATORS.has(step) && value !== undefined && group[step] !== value) return { [step]: value };
  const next = assigned(group[step], rest, value);
  const { [step]: _, ...others } = group;
  return next === undefined ? others : { ...group, [step]: next };
};

/** The document with the pairs applied, in their order. */
export const applyAssignments = (document: unknown, pairs: readonly string[]): unknown =>
  parseAssignments(pairs).reduce<unknown>((current, { path, value }) => assigned(current, path, value), document);

const flattened = (value: unknown, at: string, into: Map<string, string>): void => {
  if (isPlain(value) && Object.keys(value).length > 0) {
    for (const [key, inner] of Object.entries(value)) flattened(inner, at === '' ? key : `${at}.${key}`, into);
  } else if (Array.isArray(value) && value.some((item) => typeof item === 'object')) {
    for (const [index, inner] of value.entries()) flattened(inner, `${at}[${index}]`, into);
  } else into.set(at, typeof value === 'string' ? value : JSON.stringify(value));
};

/** What differs between two documents, a line a key: `ringTimeoutMs: 20s → 15s`. */
export const differences = (before: unknown, after: unknown): readonly string[] => {
  const old = new Map<string, string>();
  const now = new Map<string, string>();
  if (before !== null) flattened(before, '', old);
  if (after !== null) flattened(after, '', now);
  const lines: string[] = [];
  for (const [key, value] of now) {
    const former = old.get(key);
    if (former === undefined) lines.push(`${key}: ${value}`);
    else if (former !== value) lines.push(`${key}: ${former} → ${value}`);
  }
  for (const [key, former] of old) if (!now.has(key)) lines.push(`${key}: ${former} → (gone)`);
  return lines;
};
