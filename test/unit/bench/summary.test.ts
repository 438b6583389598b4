import { expect, test } from 'vitest';
import type { Sample } from '../../bench/sample.ts';
import { spreadOf, summarize } from '../../bench/summary.ts';

test('a spread has the middle and the ends', () => {
  expect([spreadOf([3, 1, 2]), spreadOf([4, 1, 2, 3]), spreadOf([])]).toEqual([
    { median: 2, min: 1, max: 3 },
    { median: 2.5, min: 1, max: 4 },
    null,
  ]);
});

test('a ratio divides by the floor of the same place and repeat', () => {
  const sample = (size: string, figure: string, wallMs: number): Sample => ({
    ...{ group: 'load', target: 'PGlite', size, figure, floor: figure === 'copy' ? null : 'copy' },
    ...{ wallMs, clientCpuMs: wallMs, serverCpuMs: wallMs, peakMb: null },
  });
  const figures = summarize([
    sample('10 rows', 'copy', 10),
    sample('10 rows', 'export', 30),
    sample('20 rows', 'copy', 999),
    sample('10 rows', 'export', 100),
    sample('10 rows', 'copy', 20),
  ]);
  expect(figures.map(({ size, figure, wallRatio }) => [size, figure, wallRatio])).toEqual([
    ['10 rows', 'copy', null],
    ['10 rows', 'export', { median: 4, min: 3, max: 5 }],
    ['20 rows', 'copy', null],
  ]);
});
