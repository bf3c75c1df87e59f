import type { Calendar } from '../kernel/centre.ts';
import type { Instant } from '../kernel/time.ts';

/** A calendar's day and minute in its own zone. */
interface LocalTime {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** 0 = Monday. */
  readonly weekday: number;
  /** Minutes since midnight. */
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function format(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (found === undefined) {
    found = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(zone, found);
  }
  return found;
}

function localTime(zone: string, now: Instant): LocalTime {
  const parts: Record<string, string> = {};
  for (const { type, value } of format(zone).formatToParts(now)) parts[type] = value;
  return {
    date: `${parts['year']}-${parts['month']}-${parts['day']}`,
    weekday: WEEKDAYS.indexOf(parts['weekday'] ?? ''),
    minute: Number(parts['hour']) * 60 + Number(parts['minute']),
  };
}

/** Whether `calendar` is open at `now`: exceptions first, then closed dates, then the week. Summer time follows the zone. */
export function isOpen(calendar: Calendar, now: Instant): boolean {
  const { date, weekday, minute } = localTime(calendar.zone, now);
  const exception = calendar.exceptions[date];
  const ranges = exception ?? (calendar.closedDates.includes(date) ? [] : (calendar.week[weekday] ?? []));
  return ranges.some(([from, to]) => minute >= from && minute < to);
}
