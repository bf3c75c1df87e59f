/** Fields that hold a telephone number or what was dialled, whoever logs them. */
const NUMBERS: ReadonlySet<string> = new Set([
  'caller',
  'dialled',
  'number',
  'numbers',
  'extension',
  'extensions',
  'target',
  'diverted',
  'from',
  'to',
  'uri',
  'contact',
]);

/** Fields of which not even the end is shown: names of people, keys pressed (they may be a card's). */
const HIDDEN: ReadonlySet<string> = new Set(['callername', 'displayname', 'digit', 'digits']);

const SECRET = /pass(word|phrase|wd)?$|secret|token|credential|authorization|private_?key|^ha1$/i;

const ELLIPSIS = '…';
/** Nothing is logged on purpose that is nested deeper or longer than this. */
const MAX_DEPTH = 5;
const MAX_ITEMS = 100;
const MAX_TEXT = 4_096;

/** Enough of a number to tell two apart while looking at a screen: its last two characters, when it has at least four. */
const maskText = (text: string): string => (text.length < 4 ? ELLIPSIS : ELLIPSIS + text.slice(-2));

const maskNumber = (value: unknown): unknown => {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(maskNumber);
  if (typeof value === 'string') return maskText(value);
  return typeof value === 'number' || typeof value === 'bigint' ? maskText(String(value)) : ELLIPSIS;
};

const plain = (value: unknown, maskNumbers: boolean, depth: number): unknown => {
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return value;
  if (typeof value === 'string') return value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) + ELLIPSIS : value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return typeof value;
  if (depth >= MAX_DEPTH) return ELLIPSIS;
  if (value instanceof Error) return errorFields(value, maskNumbers, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return plain((value.toJSON as () => unknown)(), maskNumbers, depth + 1);
  if (value instanceof Map) return maskFields(Object.fromEntries(value) as Record<string, unknown>, maskNumbers, depth + 1);
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].slice(0, MAX_ITEMS).map((item) => plain(item, maskNumbers, depth + 1));
  }
  return maskFields(value as Record<string, unknown>, maskNumbers, depth + 1);
};

const errorFields = (error: Error, maskNumbers: boolean, depth: number): Record<string, unknown> => ({
  name: error.name,
  ...('code' in error ? { code: String(error.code) } : {}),
  message: error.message,
  stack: error.stack,
  ...(error.cause === undefined ? {} : { cause: plain(error.cause, maskNumbers, depth + 1) }),
});

/** A copy of the fields that may be written: secrets never, numbers and names as configured, bounded in depth and length. */
export const maskFields = (
  fields: Readonly<Record<string, unknown>>,
  maskNumbers: boolean,
  depth = 0,
): Readonly<Record<string, unknown>> => {
  const masked: Record<string, unknown> = {};
  let count = 0;
  for (const key in fields) {
    if (!Object.hasOwn(fields, key)) continue;
    count += 1;
    if (count > MAX_ITEMS) break;
    const value = fields[key];
    const lower = key.toLowerCase();
    if (SECRET.test(key)) masked[key] = value === null || value === undefined ? value : '[secret]';
    else if (maskNumbers && HIDDEN.has(lower)) masked[key] = value === null || value === undefined ? value : ELLIPSIS;
    else if (maskNumbers && NUMBERS.has(lower)) masked[key] = maskNumber(value);
    else masked[key] = plain(value, maskNumbers, depth);
  }
  return masked;
};
