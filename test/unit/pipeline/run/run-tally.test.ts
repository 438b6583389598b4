import { expect, test } from 'vitest';
import { MAX_CODES, type Problem } from '../../../../src/pipeline/run/run-report.ts';
import { RunTally } from '../../../../src/pipeline/run/run-tally.ts';

const problem = (code: string, kind: Problem['kind'] = 'failed'): Problem => {
  return { app_id: 'wx', kind, code, message: 'x', remedy: null };
};
const tallyOf = (problems: readonly Problem[]) => {
  const tally = new RunTally({ command: 'sync', startedAt: 0n, programVersion: '0' });
  for (const each of problems) tally.addProblem(each);
  return tally.result('partial', 75, null);
};

test('problems are counted by kind and code, also those that the list leaves out', () => {
  const many = Array.from({ length: 150 }, () => problem('40001'));
  const { report, problemCounts } = tallyOf([
    ...many,
    problem('log_shortened'),
    problem('empty', 'held'),
    problem('empty', 'held'),
  ]);
  expect(report.problems).toHaveLength(100);
  expect(problemCounts).toEqual([
    { kind: 'failed', code: '40001', count: 150 },
    { kind: 'failed', code: 'log_shortened', count: 1 },
    { kind: 'held', code: 'empty', count: 2 },
  ]);
});

test('codes that nobody foresaw do not make a run report without end', () => {
  const strange = Array.from({ length: 1_000 }, (_, index) => problem(String(index)));
  const { problemCounts: counts, report } = tallyOf([...strange, problem('0'), problem('x', 'held')]);
  expect(counts).toHaveLength(MAX_CODES + 2);
  expect(counts.find(({ code }) => code === '0')?.count).toBe(2);
  expect(counts.slice(-2)).toEqual([
    { kind: 'failed', code: 'other', count: 1_000 - MAX_CODES },
    { kind: 'held', code: 'other', count: 1 },
  ]);
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(report.problems_total);
});
