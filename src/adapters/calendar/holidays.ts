import type Holidays from 'date-holidays';
import type { Calendar } from '../../core/kernel/centre.ts';
import type { Instant } from '../../core/kernel/time.ts';
import type { Log } from '../../ports/log.ts';

type Library = typeof Holidays;

const DAY_MS = 86_400_000;
const HALF_DAY_MS = DAY_MS / 2;
/** Countries × years that are kept; a centre uses a handful. */
const CACHE_LIMIT = 500;

/** The rules of all countries weigh some megabytes: they are loaded when a calendar first asks for holidays. */
let library: Promise<Library> | null = null;
const load = (): Promise<Library> => {
  library ??= import('date-holidays').then((module) => module.default);
  return library;
};

/** `2026-12-24 14:00:00` as a count of milliseconds on the wall clock, whatever the zone. */
const wallClock = (date: string): number => Date.parse(`${date.slice(0, 10)}T${date.slice(11, 19)}Z`);

/** Days whose noon is inside: a feast from sunset to sunset closes the day that follows, a half-day closes none. */
const daysOf = (from: number, lengthMs: number): readonly string[] => {
  const days: string[] = [];
  for (let noon = Math.floor(from / DAY_MS) * DAY_MS + HALF_DAY_MS; noon < from + lengthMs; noon += DAY_MS) {
    if (noon >= from) days.push(new Date(noon).toISOString().slice(0, 10));
  }
  return days;
};

const cache = new Map<string, readonly string[]>();

/** Public holidays of a country (ISO 3166, two letters) in a year, `YYYY-MM-DD`, in order; null: the country is not known. */
export const publicHolidays = async (country: string, year: number): Promise<readonly string[] | null> => {
  const key = `${country} ${year}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const HolidayRules = await load();
  const rules = new HolidayRules();
  if (!Object.hasOwn(rules.getCountries(), country)) return null;
  rules.init(country);
  const days = rules
    .getHolidays(year)
    .filter((holiday) => holiday.type === 'public')
    // Lengths by the instants are an hour off where the clocks change; days of 23 or 25 hours are rounded away by the noon.
    .flatMap((holiday) => daysOf(wallClock(holiday.date), holiday.end.getTime() - holiday.start.getTime()));
  const sorted = [...new Set(days)].sort();
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, sorted);
  return sorted;
};

/**
 * Adds to `closedDates` the public holidays of the calendar's country, for the years around `now`: the last (reports look
 * back), this one and the next. A daemon that runs on into the next year still has that year.
 */
export const holidayExpander =
  (log: Log, now: () => Instant) =>
  async (calendar: Calendar): Promise<Calendar> => {
    if (calendar.holidays === null) return calendar;
    const year = new Date(now()).getUTCFullYear();
    const closed = new Set(calendar.closedDates);
    for (const one of [year - 1, year, year + 1]) {
      const days = await publicHolidays(calendar.holidays, one);
      if (days === null) {
        log.log('warn', 'No public holidays are known for this country', { calendar: calendar.id, country: calendar.holidays });
        return calendar;
      }
      for (const day of days) closed.add(day);
    }
    return { ...calendar, closedDates: [...closed].sort() };
  };
