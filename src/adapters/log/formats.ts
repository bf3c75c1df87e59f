import { format } from 'winston';

export interface Entry {
  readonly at: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const entryOf = (info: unknown): Entry => info as Entry;

/** One JSON object a line; a field cannot take the place of the time, the level or the message. */
export const json = format.printf((info) => {
  const { at, level, message, fields } = entryOf(info);
  const head = { at, level, message };
  return JSON.stringify({ ...head, ...fields, ...head });
});

const NEEDS_QUOTES = /[\s"=]/;

/** A line break inside a value would let it pass for a line of its own. */
const printed = (value: unknown): string => {
  if (typeof value === 'string') return value === '' || NEEDS_QUOTES.test(value) ? JSON.stringify(value) : value;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
};

const pairs = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${printed(value)}`)
    .join('');

/** What a stack says line by line is indented under its line. */
const stackOf = (
  fields: Readonly<Record<string, unknown>>,
): { readonly rest: Readonly<Record<string, unknown>>; readonly stack: string } => {
  const { error, ...rest } = fields;
  if (typeof error !== 'object' || error === null || !('stack' in error)) return { rest: fields, stack: '' };
  const lines = String(error.stack).split('\n');
  return { rest, stack: lines.map((line) => `\n    ${line.trim()}`).join('') };
};

/** For people: local time, level, message, then the fields. */
export const human = format.printf((info) => {
  const { at, level, message, fields } = entryOf(info);
  const { rest, stack } = stackOf(fields);
  const time = new Date(at);
  const clock = `${time.toTimeString().slice(0, 8)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
  return `${clock} ${level.toUpperCase().padEnd(5)} ${message}${pairs(rest)}${stack}`;
});

/** For syslog, which adds its own time and severity. */
export const line = format.printf((info) => {
  const { message, fields } = entryOf(info);
  return `${message}${pairs(fields)}`;
});
