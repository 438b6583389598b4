import { describe, expect, test } from 'vitest';
import { type RunReport, runReportSchema } from '../../../src/pipeline/run/run-report.ts';
import { plainPaint } from '../../../src/report/paint.ts';
import { renderRunReport } from '../../../src/report/render-run-report.ts';

const report: RunReport = {
  run_id: 'r1',
  outcome: 'partial',
  accounts: { selected: 1204, changed: 1, unchanged: 1201, held: 1, skipped: 0, failed: 1, fresh: 0, unreached: 0 },
  observations: { recorded: 1204, duplicate: 0 },
  versions: { opened: 2, closed: 1, rewritten: 0, removed: 0 },
  rejects: 3,
  problems: [
    {
      app_id: 'wx1',
      kind: 'held',
      code: 'shrink',
      message: '9 of 10 scenes would vanish',
      remedy: 'scenedim accept --app-id wx1',
    },
    { app_id: null, kind: 'run', code: 'run', message: 'a\u001b[2J', remedy: null },
  ],
  problems_total: 7,
};

describe('a run for people', () => {
  test('says how it ended, what was counted, and each problem with its remedy', () => {
    expect(
      renderRunReport(report, { title: 'sync', elapsedMs: 1400, paint: plainPaint }),
    ).toBe(`sync  done in part in 1.4 s
  accounts      1,204 selected, 1 changed, 1,201 unchanged, 1 held, 1 failed
  observations  1,204 recorded
  versions      2 opened, 1 closed
  rows          3 rejected

  wx1 held (shrink): 9 of 10 scenes would vanish
      remedy: scenedim accept --app-id wx1
  run: a\\u001b[2J
  … and 5 more
`);
  });

  test('says once what several accounts share, and names five of them', () => {
    const left = (n: number) =>
      ({ app_id: `wx${n}`, kind: 'left', code: 'left', message: 'gone', remedy: 'ask' }) as const;
    const other = { app_id: 'wx9', kind: 'left', code: 'left', message: 'gone', remedy: 'ask for wx9' } as const;
    const problems = [left(1), other, ...[2, 3, 4, 5, 6, 7].map(left)];
    const render = (shown: RunReport['problems'], total: number) =>
      renderRunReport(
        { ...report, problems: shown, problems_total: total },
        { title: 'sync', elapsedMs: 1, paint: plainPaint },
      )
        .split('\n')
        .slice(6);
    expect(render(problems, 408)).toEqual([
      '  wx1, wx2, wx3, wx4, wx5 and 2 others left: gone',
      '      remedy: ask',
      '  wx9 left: gone',
      '      remedy: ask for wx9',
      '  … and 400 more',
      '',
    ]);
    const busy = (n: number) =>
      ({
        ...left(n),
        kind: 'failed',
        code: '-1',
        message: `busy rid: 617682e0-09059ac5-34a8e2e${n} (4 attempts)`,
      }) as const;
    const ofRun = { ...busy(3), app_id: null, kind: 'run' } as const;
    expect(render([ofRun, busy(1), busy(2)], 3)).toEqual([
      '  run (-1): busy rid: 617682e0-09059ac5-34a8e2e3 (4 attempts)',
      '      remedy: ask',
      '  wx1, wx2 failed (-1): busy rid: 617682e0-09059ac5-34a8e2e1 (4 attempts)',
      '      remedy: ask',
      '',
    ]);
    const six = '  wx1, wx2, wx3, wx4, wx5, wx6 left: gone';
    expect(render([1, 2, 3, 4, 5, 6].map(left), 6)).toEqual([six, '      remedy: ask', '']);
  });

  test('says what would be, when it is a plan', () => {
    const quiet = { ...report, outcome: 'ok' as const, problems: [], problems_total: 0 };
    expect(renderRunReport(quiet, { title: 'plan', elapsedMs: 1400, paint: plainPaint, isPlan: true })).toBe(
      `plan  done in 1.4 s
  accounts      1,204 selected, 1 changed, 1,201 unchanged, 1 held, 1 failed
  observations  1,204 would be recorded
  versions      2 would be opened, 1 would be closed
  rows          3 would be rejected
`,
    );
  });

  test('says that it was stopped', () => {
    const options = { title: 'sync', elapsedMs: 1400, paint: plainPaint, isStopped: true };
    expect(renderRunReport(report, options)).toMatch(/^sync {2}stopped in 1\.4 s\n/);
    expect(renderRunReport({ ...report, outcome: 'ok' }, options)).toMatch(/^sync {2}done in 1\.4 s\n/);
  });

  test('says what the target billed, when it bills', () => {
    const quiet = { ...report, problems: [], problems_total: 0, rejects: 0 };
    const usage = { jobs: 1_203, bytes_billed: 20 * 1024 * 1024 + 1 };
    expect(renderRunReport({ ...quiet, usage }, { title: 'sync', elapsedMs: 1400, paint: plainPaint })).toContain(
      '\n  billed        21 MiB, 1,203 jobs\n',
    );
  });
});

test('the schema of a run report takes one as it is', () => {
  expect(runReportSchema.parse(report)).toEqual(report);
});
