import { formatInstant, MICROS_PER_DAY, type Micros, parseInstant } from './instant.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS: readonly string[] = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const IMF_FIXDATE = /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/;

/** Reads a `Date` header (`Sun, 06 Nov 1994 08:49:37 GMT`, RFC 9110); undefined for anything else. */
export function parseHttpDate(text: string): Micros | undefined {
  const [, day, monthName, year, time] = IMF_FIXDATE.exec(text) ?? [];
  const month = MONTHS.indexOf(monthName ?? '') + 1;
  if (month === 0) return undefined;
  return parseInstant(`${year}-${String(month).padStart(2, '0')}-${day}T${time}Z`);
}

/** The text of a `Date` header: whole seconds, the rest is cut. */
export function formatHttpDate(instant: Micros): string {
  const text = formatInstant(instant);
  // 1970-01-01 was a Thursday.
  const dayOfWeek = DAYS[Number((instant / MICROS_PER_DAY + 4n) % 7n)];
  const month = MONTHS[Number(text.slice(5, 7)) - 1];
  return `${dayOfWeek}, ${text.slice(8, 10)} ${month} ${text.slice(0, 4)} ${text.slice(11, 19)} GMT`;
}
