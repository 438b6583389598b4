import { expect, test } from 'vitest';
import { offTheLine, renderBench } from '../../bench/bench-table.ts';

test('a point is as far off as the line through the first and the last one says', () => {
  const points = [1, 10, 100].map((size, nth) => ({ size, wallMs: [100, 280, 1_090][nth] ?? 0 }));
  expect(offTheLine(points).map(({ off }) => Number(off.toFixed(2)))).toEqual([0, 0.47, 0]);
});

test('a result is a table that a document can hold', () => {
  const place = { group: 'load', target: 'PostgreSQL 15.18', size: '100,000 rows' } as const;
  const result = {
    date: '2026-01-01',
    machine: { processor: 'Processor', processors: 2, memoryGb: 8, system: 'Linux' },
    load: { before: '0.1', after: '1.5' },
    versions: { node: '24.21.0' },
    repeats: 1,
    samples: [
      { ...place, figure: 'copy', floor: null, wallMs: 500, clientCpuMs: 200, serverCpuMs: 300, peakMb: 8.2 },
      { ...place, figure: 'first load', floor: 'copy', wallMs: 750, clientCpuMs: 500, serverCpuMs: 0, peakMb: 99.6 },
    ],
    plans: [{ ...place, figure: 'copy', plan: 'Aggregate\n  ->  Seq Scan on visit v' }],
  };
  expect(renderBench(result)).toBe(`2026-01-01: 2 x Processor, 8 GB, Linux,
load 0.1 before and 1.5 after, 1 repeat,
node 24.21.0.

<!-- table: results -->
| figure | target | size | wall s | ÷ floor | CPU s | CPU ÷ floor | peak MB | floor |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`copy\` | PostgreSQL 15.18 | 100,000 rows | 0.500 |  | 0.200 + 0.300 |  | 8 |  |
| \`first load\` | PostgreSQL 15.18 | 100,000 rows | 0.750 | 1.50 | 0.500 + 0.00 | 1.00 | 100 | \`copy\` |

Plan of \`copy\`, PostgreSQL 15.18, 100,000 rows:

    Aggregate
      ->  Seq Scan on visit v
`);
});
