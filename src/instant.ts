import { ScenedimError } from './errors.ts';

/** An instant: whole microseconds since 1970-01-01T00:00:00Z. Never a `Date`, which loses microseconds. */
export type Micros = bigint;

/** The instant from which `firstSeen: beginning` dates a version. */
export const BEGINNING: Micros = 0n;

/** `effective_to` of an open version: 9999-12-31T00:00:00Z. */
export const OPEN_END: Micros = 253_402_214_400_000_000n;

/** 0001-01-01T00:00:00Z. */
const FIRST_INSTANT: Micros = -62_135_596_800_000_000n;
/** 9999-12-31T23:59:59.999999Z. */
const LAST_INSTANT: Micros = OPEN_END + 86_399_999_999n;

const MICROS_PER_SECOND = 1_000_000n;
export const MICROS_PER_DAY = 86_400_000_000n;

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/**
 * Reads an RFC 3339 time with an offset, strictly: no February 30th, no 24:00, no leap second.
 * Digits beyond microseconds are cut. Returns undefined for anything else.
 */
export function parseInstant(text: string): Micros | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offset = (offsetHours * 60 + offsetMinutes) * (match[8] === '-' ? -1 : 1);
  const seconds =
    BigInt(daysFromCivil(year, month, day)) * 86_400n + BigInt(hour * 3600 + (minute - offset) * 60 + second);
  const fraction = BigInt((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
  return seconds * MICROS_PER_SECOND + fraction;
}

/**
 * The canonical text of an instant: RFC 3339 in UTC with `Z` and six digits of fraction, so that
 * the order of texts is the order of times.
 */
export function formatInstant(instant: Micros): string {
  let days = instant / MICROS_PER_DAY;
  let rest = instant % MICROS_PER_DAY;
  if (rest < 0n) {
    days -= 1n;
    rest += MICROS_PER_DAY;
  }
  const { year, month, day } = civilFromDays(Number(days));
  const micros = String(rest % MICROS_PER_SECOND).padStart(6, '0');
  const seconds = Number(rest / MICROS_PER_SECOND);
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}.${micros}Z`;
}

/**
 * Like {@link formatInstant}, for tables and messages that people read: only as many digits of
 * fraction as it needs.
 */
export function formatInstantShort(instant: Micros): string {
  return formatInstant(instant).replace(/\.?0*Z$/, 'Z');
}

/** Like {@link parseInstant}, for an option or a setting: a bad one is a `usage` error that names it. */
export function requireInstant(text: string, option: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined || instant < FIRST_INSTANT || instant > LAST_INSTANT) {
    throw new ScenedimError(
      'usage',
      `${option}: "${text}" is not an RFC 3339 time with an offset, of the years 1 to 9999 in UTC`,
      {
        remedy: 'write it like 2026-03-01T00:00:00Z or 2026-03-01T08:00:00+08:00',
      },
    );
  }
  return instant;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 of a proleptic Gregorian date, counted in years that start in March. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}
