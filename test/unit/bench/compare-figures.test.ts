import { describe, expect, test } from 'vitest';
import { type BenchResult, parseBenchResult } from '../../bench/bench-result.ts';
import { compareFigures, compareResults } from '../../bench/compare-figures.ts';
import type { Sample } from '../../bench/sample.ts';
import { summarize } from '../../bench/summary.ts';

/** One figure whose ratios to its floor are these. */
function figuresOf(ratios: readonly number[], figure = 'unchanged') {
  return summarize(samplesOf(ratios, figure));
}

function samplesOf(ratios: readonly number[], figure = 'unchanged') {
  const place = { group: 'load', target: 'PostgreSQL 15.18', size: '100,000 rows' } as const;
  const other = { clientCpuMs: 10, serverCpuMs: null, peakMb: 50 };
  return ratios.flatMap((ratio, repeat): readonly Sample[] => [
    // A machine that gets slower during the run.
    { ...place, ...other, figure: 'copy', floor: null, wallMs: 100 * (repeat + 1) },
    { ...place, ...other, figure, floor: 'copy', wallMs: ratio * 100 * (repeat + 1) },
  ]);
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
      compared: 0,
      slower: [],
      notCompared: ['load, PostgreSQL 15.18, 100,000 rows, unchanged'],
    });
  });

  test('when this run lacks it', () => {
    const { notCompared } = compareFigures(figuresOf([1, 1, 1]), figuresOf([1, 1, 1], 'rebuild'));
    expect(notCompared).toEqual(['load, PostgreSQL 15.18, 100,000 rows, unchanged']);
  });
});

const machine = { processor: 'A', processors: 2, memoryGb: 8, system: 'Linux' };

function resultOf(ratios: readonly number[], processor = 'A'): BenchResult {
  return {
    ...{ date: '2026-01-01', load: { before: '0.1', after: '0.2' }, versions: {}, repeats: ratios.length },
    machine: { ...machine, processor },
    samples: samplesOf(ratios),
    plans: [],
  };
}

describe('a comparison', () => {
  test('of which nothing got slower ends with 0', () => {
    const same = resultOf([1, 1, 1]);
    expect(compareResults(same, same)).toEqual({ lines: ['nothing got slower'], exitCode: 0 });
  });

  test('names what got slower and ends with 1', () => {
    const { lines, exitCode } = compareResults(resultOf([1, 1, 1]), resultOf([2, 2, 2]));
    expect({ lines, exitCode }).toEqual({ lines: [expect.stringMatching(/^slower: .*unchanged/)], exitCode: 1 });
  });

  test('in which nothing could be compared says so and ends with 1', () => {
    const { lines, exitCode } = compareResults(resultOf([1]), resultOf([1, 1, 1]));
    expect({ lines, exitCode }).toEqual({
      lines: ['nothing was compared', expect.stringMatching(/^not compared .*fewer than 3 repeats/)],
      exitCode: 1,
    });
  });

  test('with another machine says so', () => {
    expect(compareResults(resultOf([1, 1, 1], 'B'), resultOf([1, 1, 1])).lines).toContain(
      'the baseline is of another machine: 2 x B',
    );
  });
});

describe('a baseline', () => {
  test('is what a run wrote', () => {
    expect(parseBenchResult(JSON.stringify(resultOf([1, 2])))).toEqual(resultOf([1, 2]));
  });

  test.each(['{bad', '{}', '[]', JSON.stringify({ ...resultOf([1]), samples: [{ figure: 'copy' }] })])(
    'is not %s',
    (text) => {
      expect(() => parseBenchResult(text)).toThrow();
    },
  );
});
