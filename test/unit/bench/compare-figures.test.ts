import { describe, expect, test } from 'vitest';
import { compareFigures } from '../../bench/compare-figures.ts';
import type { Sample } from '../../bench/sample.ts';
import { summarize } from '../../bench/summary.ts';

/** One figure whose ratios to its floor are these. */
function figuresOf(ratios: readonly number[], figure = 'unchanged') {
  const place = { group: 'load', target: 'PostgreSQL 15.18', size: '100,000 rows' } as const;
  const other = { clientCpuMs: 10, serverCpuMs: null, peakMb: 50 };
  return summarize(
    ratios.flatMap((ratio, repeat): readonly Sample[] => [
      // A machine that gets slower during the run.
      { ...place, ...other, figure: 'copy', floor: null, wallMs: 100 * (repeat + 1) },
      { ...place, ...other, figure, floor: 'copy', wallMs: ratio * 100 * (repeat + 1) },
    ]),
  );
}

const slowerNames = (before: readonly number[], after: readonly number[]) =>
  compareFigures(figuresOf(before), figuresOf(after)).slower;

describe('a figure got slower', () => {
  test('when its ratio is a tenth more and its best repeat is worse than the worst one was', () => {
    expect(slowerNames([1.9, 2, 2.1], [2.2, 2.3, 2.4])).toEqual([
      'load, PostgreSQL 15.18, 100,000 rows, unchanged: 2.30 x copy, was 2.00',
    ]);
  });

  test('not when the repeats of both overlap', () => {
    expect(slowerNames([1.9, 2, 2.25], [2.2, 2.3, 2.4])).toEqual([]);
  });

  test('not by a tenth or less', () => {
    expect(slowerNames([2, 2, 2], [2.19, 2.19, 2.19])).toEqual([]);
  });

  test('not when it got faster', () => {
    expect(slowerNames([2.2, 2.3, 2.4], [1, 1, 1])).toEqual([]);
  });
});

describe('a figure is not compared', () => {
  test('of two repeats', () => {
    expect(compareFigures(figuresOf([1, 1]), figuresOf([9, 9, 9]))).toEqual({
      slower: [],
      notCompared: ['load, PostgreSQL 15.18, 100,000 rows, unchanged'],
    });
  });

  test('when this run lacks it', () => {
    const { notCompared } = compareFigures(figuresOf([1, 1, 1]), figuresOf([1, 1, 1], 'rebuild'));
    expect(notCompared).toEqual(['load, PostgreSQL 15.18, 100,000 rows, unchanged']);
  });
});
