import { expect, test } from 'vitest';
import { digestOf } from '../../../src/telemetry/run-digest.ts';
import { endedRun } from './ended-run.ts';

test('a digest is the report without its lists, under the exit status', () => {
  const { problems: _, outcome, ...counts } = endedRun().report;
  const digest = digestOf(endedRun({ exitCode: 75 }));
  expect(digest).toEqual({ command: 'sync', outcome, exit_code: 75, elapsed_ms: 1500, ...counts });
});

test('a run without a report has failed, and says why', () => {
  const error = { code: 'target_unreachable', message: 'nothing answers', remedy: 'start it' };
  expect(digestOf({ ...endedRun({ exitCode: 69, error }), report: null })).toEqual({
    command: 'sync',
    outcome: 'failed',
    exit_code: 69,
    elapsed_ms: 1500,
    error,
  });
});
