import type { Micros } from '../../instant.ts';

const MS_PER_DAY = 86_400_000;
/** Offsets of zones change at multiples of it. */
const MS_PER_QUARTER = 900_000;

/** Times as the clocks of a place show them. A wall time is in milliseconds, as if the clocks showed UTC. */
export interface ZonedTime {
  /** IANA name. */
  readonly name: string;
  wallOf(instant: Micros): number;
  /** In milliseconds since 1970; of a wall time that is there twice, one of the two. */
  instantOf(wall: number): number;
  /** Days since 1970-01-01 by the wall. */
  dayOf(instant: Micros): number;
  /** `2026-03-01`. */
  formatDay(instant: Micros): string;
  /** `2026-03-01 08:00`. */
  formatMinute(instant: Micros): string;
}

/** The clocks of an IANA time zone. */
export function createZonedTime(name: string): ZonedTime {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: name, hourCycle: 'h23', era: 'short' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const offsets = new Map<number, number>();

  const offsetAt = (ms: number): number => {
    const quarter = Math.floor(ms / MS_PER_QUARTER);
    const known = offsets.get(quarter);
    if (known !== undefined) return known;
    const start = quarter * MS_PER_QUARTER;
    const parts = new Map(format.formatToParts(start).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    const wall = new Date(0);
    wall.setUTCFullYear(parts.get('era') === 'BC' ? 1 - part('year') : part('year'), part('month') - 1, part('day'));
    wall.setUTCHours(part('hour'), part('minute'), part('second'));
    const offset = wall.getTime() - start;
    offsets.set(quarter, offset);
    return offset;
  };
  const wallOf = (instant: Micros): number => {
    const ms = Math.floor(Number(instant) / 1000);
    return ms + offsetAt(ms);
  };
  const textOf = (instant: Micros): string => new Date(wallOf(instant)).toISOString();
  return {
    name,
    wallOf,
    instantOf: (wall) => wall - offsetAt(wall - offsetAt(wall)),
    dayOf: (instant) => Math.floor(wallOf(instant) / MS_PER_DAY),
    formatDay: (instant) => textOf(instant).slice(0, 10),
    formatMinute: (instant) => textOf(instant).slice(0, 16).replace('T', ' '),
  };
}
