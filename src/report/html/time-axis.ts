import { scaleLinear, scaleUtc } from 'd3-scale';
import type { Micros } from '../../instant.ts';
import type { ZonedTime } from './zoned-time.ts';

const MS_PER_DAY = 86_400_000;

/** Positions are in tenths of a percent of the width: 0 to 1,000, whole. */
export const AXIS_END = 1_000;

export interface TimeAxis {
  /** What lies before the start is at 0. */
  position(instant: Micros): number;
  readonly ticks: readonly AxisTick[];
}

export interface AxisTick {
  readonly position: number;
  /** Empty where there is no room for it. */
  readonly label: string;
}

/**
 * A time axis that ends now. It starts a little before `first`, so that what was in force before has room. Ticks are days,
 * months and years of the zone.
 */
export function createTimeAxis(first: Micros, now: Micros, zone: ZonedTime): TimeAxis {
  const end = Number(now) / 1000;
  const span = Math.max(end - Number(first) / 1000, MS_PER_DAY);
  const start = end - span * 1.06;
  const scale = scaleLinear([start, end], [0, AXIS_END]).clamp(true);
  const wall = (ms: number): number => zone.wallOf(BigInt(Math.round(ms)) * 1000n);
  const walls = ticksBetween(wall(start), wall(end));
  const label = labelOf(walls);
  return {
    position: (instant) => Math.round(scale(Number(instant) / 1000)),
    ticks: walls.map((tick) => {
      const position = Math.round(scale(zone.instantOf(tick.getTime())));
      return { position, label: position > LAST_LABEL ? '' : label(tick) };
    }),
  };
}

/** To the right of it, a label has no room. */
const LAST_LABEL = 900;

/** Labels of more would touch each other. */
const MOST_TICKS = 6;

function ticksBetween(start: number, end: number): readonly Date[] {
  const scale = scaleUtc([start, end], [0, AXIS_END]);
  const choices = [6, 5, 4, 3, 2].map((count) => scale.ticks(count));
  return choices.find(({ length }) => length <= MOST_TICKS) ?? [];
}

/** Labels are as long as they must be: `2026`, `2026-03`, `2026-03-01`, and `08:00` between days. */
function labelOf(ticks: readonly Date[]): (tick: Date) => string {
  const all = ticks.map((tick) => tick.toISOString());
  if (all.every((text) => text.endsWith('-01-01T00:00:00.000Z'))) return (tick) => tick.toISOString().slice(0, 4);
  if (all.every((text) => text.endsWith('-01T00:00:00.000Z'))) return (tick) => tick.toISOString().slice(0, 7);
  return (tick) =>
    tick.getTime() % MS_PER_DAY === 0 ? tick.toISOString().slice(0, 10) : tick.toISOString().slice(11, 16);
}
