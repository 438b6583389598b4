import { scaleLinear } from 'd3-scale';
import { formatCount } from '../format-count.ts';
import { html, type Markup } from './markup.ts';
import { AXIS_END, type TimeAxis } from './time-axis.ts';
import type { ZonedTime } from './zoned-time.ts';

const WIDTH = 600;
const HEIGHT = 150;
const LEFT = 48;
const BOTTOM = 130;
const TOP = 12;
const MS_PER_DAY = 86_400_000;

interface Plot {
  readonly title: string;
  /** What the picture shows, in words. */
  readonly summary: string;
  readonly axis: TimeAxis;
  /** The largest value. */
  readonly most: number;
  readonly marks: (y: (value: number) => number) => Markup | readonly Markup[];
}

/** Bars: how many changes each week brought. Weeks are named by the day on which they begin. */
export function weeklyChart(changes: ReadonlyMap<number, number>, axis: TimeAxis, zone: ZonedTime): Markup {
  const weeks = [...changes].sort(([a], [b]) => a - b);
  const total = weeks.reduce((sum, [, count]) => sum + count, 0);
  const most = Math.max(1, ...weeks.map(([, count]) => count));
  const when = weeks.filter(([, count]) => count === most).map(([week]) => dayText(week));
  const peak = total === 0 ? '' : `, at most ${formatCount(most)} in a week: that of ${when[0]}`;
  const marks: Plot['marks'] = (y) =>
    weeks.map(([week, count]) => {
      const [from, to] = [x(axis, zone, week), x(axis, zone, week + 7)];
      const width = Math.max(2, to - from - 1);
      return html`<rect x="${round(from)}" y="${round(y(count))}" width="${round(width)}" height="${round(BOTTOM - y(count))}"><title>${`week of ${dayText(week)}: ${formatCount(count, 'change')}`}</title></rect>`;
    });
  const summary = `${formatCount(total, 'change')} after the first answer of each account${peak}.`;
  return chart({ title: 'Changes per week', summary, axis, most, marks });
}

/** A line of steps: how many scenes were in force at the end of each day. */
export function inForceChart(growth: ReadonlyMap<number, number>, axis: TimeAxis, zone: ZonedTime): Markup {
  let level = 0;
  let most = 1;
  // What happened before the axis starts has its place at the start.
  const levels = new Map([[LEFT, 0]]);
  for (const [day, step] of [...growth].sort(([a], [b]) => a - b)) {
    level += step;
    most = Math.max(most, level);
    levels.set(round(x(axis, zone, day)), level);
  }
  const marks: Plot['marks'] = (y) => {
    const steps = Array.from(levels, ([at, value]) => `H${at}V${round(y(value))}`);
    // The first step is where the line begins.
    return html`<path d="M${LEFT},${round(y(levels.get(LEFT) ?? 0))}${steps.slice(1).join('')}H${WIDTH}"/>`;
  };
  const summary = `${formatCount(level)} now, ${formatCount(most)} at most.`;
  return chart({ title: 'Scenes in force', summary, axis, most, marks });
}

function chart({ title, summary, axis, most, marks }: Plot): Markup {
  const scale = scaleLinear([0, most], [BOTTOM, TOP]).nice(4);
  const values = scale.ticks(4).filter(Number.isInteger);
  const lines = values.map((value) => {
    const at = round(scale(value));
    return html`<line x1="${LEFT}" x2="${WIDTH}" y1="${at}" y2="${at}"/><text x="${LEFT - 6}" y="${at}" class="value">${formatCount(value)}</text>`;
  });
  const ticks = axis.ticks.map(({ position, label }) => {
    return html`<text x="${round(place(position))}" y="${HEIGHT - 4}" class="tick">${label}</text>`;
  });
  return html`<figure><figcaption><b>${title}.</b> ${summary}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${`${title}: ${summary}`}"><g aria-hidden="true">${lines}${ticks}${marks(scale)}</g></svg></figure>`;
}

function x(axis: TimeAxis, zone: ZonedTime, day: number): number {
  return place(axis.position(BigInt(zone.instantOf(day * MS_PER_DAY)) * 1000n));
}

function place(position: number): number {
  return LEFT + ((WIDTH - LEFT) * position) / AXIS_END;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function dayText(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}
