import { z } from 'zod';

/** One thing wrong in a document: where, what, and what to do about it. */
export interface Problem {
  readonly path: readonly (string | number)[];
  /** The path as an operator writes it: `sip.lines[0].user`. */
  readonly key: string;
  readonly detail: string;
  readonly remedy: string;
}

const KNOWN_KEYS = 'known keys: ';

/** An object in which an unknown key is refused: a misspelt setting must not be a silent default. */
export const strict = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `${KNOWN_KEYS}${Object.keys(shape).join(' ')}` : undefined),
  });

/** `sip.lines[0].user` for a path of keys and indexes. */
export const keyOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '') || 'document';

/** Number of single-character edits from one word to the other, at most `limit + 1`. */
const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[right.length] ?? 0;
};

/** The known word that was probably meant, or null when none is near. Words longer than 64 characters have no neighbour. */
export const nearest = (word: string, known: readonly string[]): string | null => {
  if (word.length > 64) return null;
  const lower = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (best === undefined) return null;
  if (best.edits <= Math.max(2, Math.floor(word.length / 3))) return best.candidate;
  const prefixed = known.filter((candidate) => candidate.toLowerCase().startsWith(lower));
  return prefixed.length === 1 ? (prefixed[0] ?? null) : null;
};

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
};

const kindOf = (value: unknown): string => {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return KINDS[typeof value] ?? typeof value;
};

/** The kinds that a union knows, by its discriminator. */
const optionsOf = (issue: object): readonly string[] =>
  'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];

/** Never repeats the value itself: it may be a secret or a telephone number. */
const sentence: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
    case 'too_small':
      if (issue.origin === 'array') return `needs at least ${issue.minimum} of them`;
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'array') return `may hold ${issue.maximum} of them at most`;
      return issue.origin === 'string' ? `must be at most ${issue.maximum} characters` : `must be at most ${issue.maximum}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is missing' : `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union':
      return `must be one of ${optionsOf(issue).join(', ')}`;
    case 'invalid_key':
      return 'has a key that is not allowed';
    default:
      return undefined;
  }
};

const unknownKeys = (issue: z.core.$ZodIssueUnrecognizedKeys, base: readonly (string | number)[]): Problem[] => {
  const known = issue.message.startsWith(KNOWN_KEYS) ? issue.message.slice(KNOWN_KEYS.length).split(' ') : [];
  return issue.keys.map((name) => {
    const path = [...base, name];
    const meant = nearest(name, known);
    const remedy = meant === null ? `Remove it; the keys known here are ${known.join(', ')}.` : `Did you mean “${meant}”?`;
    return { path, key: keyOf(path), detail: 'is not a known key', remedy };
  });
};

const remedyFor = (issue: z.core.$ZodIssue, key: string): string => {
  if (issue.message === 'is missing') return `Add ${key}.`;
  switch (issue.code) {
    case 'too_small':
      return issue.origin === 'number' ? `Give ${issue.minimum} or more.` : 'Give it a value.';
    case 'too_big':
      return issue.origin === 'number' ? `Give ${issue.maximum} or less.` : 'Shorten it.';
    case 'invalid_value':
      return `Choose one of ${issue.values.map(String).join(', ')}.`;
    case 'invalid_union':
      return `Choose one of ${optionsOf(issue).join(', ')}.`;
    default:
      return `Correct ${key}.`;
  }
};

/** What is wrong, one problem a key, in the document's order of checks. */
const problemsOf = (error: z.ZodError): readonly Problem[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue, path);
    if (issue.code === 'invalid_key') {
      const inner = issue.issues[0]?.message ?? issue.message;
      return [{ path, key: keyOf(path), detail: inner, remedy: 'Rename it.' }];
    }
    const key = keyOf(path);
    return [{ path, key, detail: issue.message, remedy: remedyFor(issue, key) }];
  });

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly [Problem, ...Problem[]] };

/** Reads `input` by `schema`, with problems told in sentences. */
export const check = <Schema extends z.ZodType>(schema: Schema, input: unknown): Checked<z.output<Schema>> => {
  const result = schema.safeParse(input, { error: sentence });
  if (result.success) return { ok: true, value: result.data };
  const [first, ...rest] = problemsOf(result.error);
  if (first === undefined) throw result.error;
  return { ok: false, problems: [first, ...rest] };
};
