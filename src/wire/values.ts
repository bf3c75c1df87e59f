import { z } from 'zod';

/** The kinds of value that documents are made of. People may write `20s` or `08:00-18:00`; what is kept is numbers. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1m30s`, `500 ms`, `2h` → milliseconds; null when it is not a duration. */
export const parseDuration = (text: string): number | null => {
  if (!/^\s*(\d+(\.\d+)?\s*(ms|s|min|m|h|d)\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return Math.round(total);
};

/** Milliseconds → the shortest text that `parseDuration` reads back: `1m30s`. */
export const formatDuration = (ms: number): string => {
  if (ms === 0) return '0s';
  if (!Number.isInteger(ms) || ms < 0) return `${Math.max(0, Math.round(ms))}ms`;
  const parts: string[] = [];
  let left = ms;
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join('');
};

const asDuration = (value: unknown): unknown => (typeof value === 'string' ? (parseDuration(value) ?? value) : value);

/** Milliseconds between `min` and `max`, written as a number or as `20s`. */
export const duration = (min: number, max: number) => {
  const range = `must be between ${formatDuration(min)} and ${formatDuration(max)}`;
  return z.preprocess(
    asDuration,
    z
      .int({
        error: (issue) => (issue.input === undefined ? 'is missing' : 'must be a duration: milliseconds, or like 20s or 1m30s'),
      })
      .min(min, { error: range })
      .max(max, { error: range }),
  );
};

/** YAML reads an unquoted 1001 as a number; extensions and telephone numbers are texts all the same. */
const asText = (value: unknown): unknown => (typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value);

const textMatching = (pattern: RegExp, expected: string) =>
  z.preprocess(
    asText,
    z
      .string({ error: (issue) => (issue.input === undefined ? 'is missing' : `must be ${expected}`) })
      .regex(pattern, { error: `must be ${expected}` }),
  );

/** A list that may be typed with commas: `0123,0124`. */
export const listOf = <Item extends z.ZodType>(item: Item, min: number, max: number) =>
  z.preprocess((value) => {
    const text = asText(value);
    return typeof text === 'string' ? text.split(',').map((part) => part.trim()) : value;
  }, z.array(item).min(min).max(max));

export const whole = (min: number, max: number) => z.int().min(min).max(max);

export const name = () => z.preprocess(asText, z.string().trim().min(1).max(100));

export const ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Name of an object in commands, references and metrics. */
export const id = () => textMatching(ID_PATTERN, 'an identifier: small letters, digits and hyphens, 63 at most');

/** Name of a sound of the prompts folder. */
export const prompt = () => textMatching(ID_PATTERN, 'a prompt’s name: small letters, digits and hyphens, 63 at most');

/** Address of a telephone at the IPBX: usually digits, sometimes a name. */
export const extension = () =>
  textMatching(/^[0-9A-Za-z*#+._-]{1,64}$/, 'an extension: digits, letters or . _ - + * #, 64 at most');

/** A number that the IPBX is asked to call. */
export const telephoneNumber = () =>
  textMatching(/^\+?[0-9*#]{1,32}$/, 'a telephone number: digits, with + first if international, no spaces');

/** What a caller dials; `*` stands for every number that no other campaign takes. */
export const dialledNumber = () =>
  textMatching(/^\+?[0-9A-Za-z*#._-]{1,64}$/, 'a number as the IPBX sends it, or * (in quotes) for all others');

/** What agents dial after a feature code, or the code itself. */
export const dialCode = () => textMatching(/^[0-9*#]{1,8}$/, '1 to 8 of the keys 0-9, * and #');

const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

export const zone = () => z.string().refine(isZone, { error: 'must be a time zone such as Europe/Paris' });

const realDate = (text: string): boolean => {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
};

export const day = () =>
  z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'must be a date like 2026-12-24' })
    .refine(realDate, { error: 'must be a date that exists' });

const MINUTES_A_DAY = 1_440;

/** `08:00-18:30` → [480, 1110]; null when it is not a range. `24:00` ends the day. */
const parseRange = (text: string): [number, number] | null => {
  const match = /^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$/.exec(text);
  if (match === null) return null;
  const [fromHour, fromMinute, toHour, toMinute] = match.slice(1).map(Number) as [number, number, number, number];
  if (fromMinute > 59 || toMinute > 59) return null;
  return [fromHour * 60 + fromMinute, toHour * 60 + toMinute];
};

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

export const formatRange = (range: readonly [number, number]): string => `${clock(range[0])}-${clock(range[1])}`;

const RANGE_EXPECTED = 'must be hours like 08:00-18:00, the end after the beginning, 24:00 at the latest';

const range = z.preprocess(
  (value) => (typeof value === 'string' ? (parseRange(value) ?? value) : value),
  z
    .tuple([whole(0, MINUTES_A_DAY), whole(0, MINUTES_A_DAY)], { error: () => RANGE_EXPECTED })
    .refine(([from, to]) => from < to, { error: RANGE_EXPECTED }),
);

const apart = (ranges: readonly (readonly [number, number])[]): boolean =>
  ranges.every((current, index) => index === 0 || (ranges[index - 1]?.[1] ?? 0) <= current[0]);

/** The opening hours of one day; `closed` or an empty list for none. */
export const dayRanges = () =>
  z.preprocess(
    (value) => {
      if (value === 'closed' || value === null) return [];
      return typeof value === 'string' ? value.split(',') : value;
    },
    z.array(range).max(12).refine(apart, { error: 'must be in the order of the day and not overlap' }),
  );

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
