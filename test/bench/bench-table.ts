import type { BenchResult } from './bench-result.ts';
import { sizeText } from './bench-run.ts';
import type { QueryPlan } from './sample.ts';
import { scaleCurves } from './scale-figures.ts';
import { type Figure, type Spread, summarize } from './summary.ts';

/** What a run prints: machine and versions, its figures and, where taken, the scale curves and the plans of the joins. */
export function renderBench(result: BenchResult): string {
  const figures = summarize(result.samples);
  const curves = figures.filter(({ group, floor }) => group === 'scale' && floor !== null);
  const tables = [resultTable(figures.filter(({ group }) => group !== 'scale'))];
  if (curves.length > 0) tables.push(curveTable(curves));
  return `${[renderMachine(result), ...tables, ...result.plans.map(renderPlan)].join('\n\n')}\n`;
}

function renderMachine({ date, machine, load, versions, repeats }: BenchResult): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date}: ${machine.processors} x ${machine.processor}, ${machine.memoryGb} GB, ${machine.system},`,
    `load ${load.before} before and ${load.after} after, ${repeats} repeat${repeats === 1 ? '' : 's'},`,
    `${programs.join(', ')}.`,
  ].join('\n');
}

function renderPlan({ figure, target, size, plan }: QueryPlan): string {
  return `Plan of \`${figure}\`, ${target}, ${size}:\n\n${plan.replaceAll(/^/gm, '    ')}`;
}

export const resultColumns = [
  'figure',
  'target',
  'size',
  'wall s',
  '÷ floor',
  'CPU s',
  'CPU ÷ floor',
  'peak MB',
  'floor',
];

function resultTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ figure, target, size, floor, ...numbers }) => [
    `\`${figure}\``,
    target,
    size,
    seconds(numbers.wallMs),
    ratio(numbers.wallRatio),
    [numbers.clientCpuMs, numbers.serverCpuMs].flatMap((cpu) => (cpu === null ? [] : seconds(cpu))).join(' + '),
    ratio(numbers.cpuRatio),
    numbers.peakMb?.median.toFixed(0) ?? '',
    floor === null ? '' : `\`${floor}\``,
  ]);
  return table('results', resultColumns, rows);
}

export const curveColumns = ['size', 'target', 'wall s', 'off the line', 'peak MB', 'rows written'];

function curveTable(figures: readonly Figure[]): string {
  const rows = Object.entries(scaleCurves).flatMap(([unit, curve]) => {
    const sizes = curve.map(([accounts, scenes]) => ({
      size: accounts * (unit === 'rows' ? scenes : 1),
      written: accounts * scenes + accounts,
    }));
    return [...new Set(figures.map(({ target }) => target))].flatMap((target) => {
      const points = sizes.flatMap(({ size, written }) => {
        const figure = figures.find((each) => each.target === target && each.size === sizeText(size, unit));
        return figure === undefined ? [] : { size, written, wallMs: figure.wallMs.median, figure };
      });
      return offTheLine(points).map(({ size, written, off, figure }) => [
        sizeText(size, unit),
        target,
        seconds(figure.wallMs),
        `${off > 0 ? '+' : ''}${(100 * off).toFixed(0)} %`,
        figure.peakMb?.median.toFixed(0) ?? '',
        String(written),
      ]);
    });
  });
  return table('scale curve', curveColumns, rows);
}

/**
 * How far each point is from the line through the first and the last one, as a part of the line's
 * value.
 */
export function offTheLine<Point extends { readonly size: number; readonly wallMs: number }>(
  points: readonly Point[],
): readonly (Point & { readonly off: number })[] {
  const [first, last] = [points.at(0), points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const slope = first === last ? 0 : (last.wallMs - first.wallMs) / (last.size - first.size);
  return points.map((point) => {
    return { ...point, off: point.wallMs / (first.wallMs + slope * (point.size - first.size)) - 1 };
  });
}

function table(name: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`<!-- table: ${name} -->`, ...lines].join('\n');
}

function seconds({ median }: Spread): string {
  const value = median / 1_000;
  return value < 1_000 ? value.toPrecision(3) : value.toFixed(0);
}

/** Median and, in brackets, the least and the most. */
function ratio(spread: Spread | null): string {
  if (spread === null) return '';
  const [median, min, max] = [spread.median, spread.min, spread.max].map((each) => each.toFixed(2));
  return min === max ? `${median}` : `${median} (${min}–${max})`;
}
