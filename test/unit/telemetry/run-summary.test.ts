import { expect, test } from 'vitest';
import { summaryOf } from '../../../src/telemetry/run-summary.ts';
import { endedRun } from '../../support/ended-run.ts';

test('a summary is the report without its lists, under the exit status', () => {
  const { problems: _, outcome, ...counts } = endedRun().report;
  const summary = summaryOf(endedRun({ exitCode: 75 }));
  expect(summary).toEqual({ command: 'sync', outcome, exit_code: 75, elapsed_ms: 1500, ...counts });
});

test('a run without a report has failed, and says why', () => {
  const error = { code: 'target_unreachable', message: 'nothing answers', remedy: 'start it' };
  expect(summaryOf({ ...endedRun({ exitCode: 69, error }), report: null })).toEqual({
    command: 'sync',
    outcome: 'failed',
    exit_code: 69,
    elapsed_ms: 1500,
    error,
  });
});
