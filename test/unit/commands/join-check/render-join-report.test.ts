import { expect, test } from 'vitest';
import type { JoinReport } from '../../../../src/commands/join-check/join-report.ts';
import { outcomes } from '../../../../src/commands/join-check/measure-sql.ts';
import { renderJoinReport } from '../../../../src/commands/join-check/render-join-report.ts';
import { plainPaint } from '../../../../src/report/paint.ts';

const none = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as JoinReport['outcomes'];
const report: JoinReport = {
  table: 'logs.visit',
  scene_column: { name: 'code', type: 'text', collation: null },
  app_id_column: null,
  app_id: 'wx1',
  time_column: null,
  time_zone: 'UTC',
  sample: null,
  codes_are: 'access_source',
  visits: 3,
  join: { visits: 3, rows: 3 },
  matched: 2,
  matched_directly: 2,
  outcomes: { ...none, matched: 2, unknown_code: 1 },
  community: 0,
  by_default_rule: 0,
  findings: [
    {
      code: 'unknown_codes',
      level: 'error',
      message: 'a code \u001b[31m that the dimension does not know',
      remedy: 'look',
      visits: 1,
      values: [{ value: '\u001b]0;title\u0007 ', visits: 1 }],
    },
  ],
  notes: [],
  sql: 'SELECT 1;',
};

test('what a table holds reaches a terminal as plain text', () => {
  const text = renderJoinReport(report, { paint: plainPaint, width: 80, isBrief: false });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point
  expect(text.match(/[\u0000-\u0009\u000b-\u001f]/g)).toBeNull();
  expect(text).toContain('\\u001b]0;title\\u0007');
});

test('no line of a sentence is longer than the terminal', () => {
  const [finding] = report.findings;
  const long = {
    ...report,
    findings: finding === undefined ? [] : [{ ...finding, message: 'word '.repeat(60).trim() }],
  };
  const lines = renderJoinReport(long, { paint: plainPaint, width: 40, isBrief: true }).split('\n');
  expect(Math.max(...lines.filter((line) => line.includes('word')).map(({ length }) => length))).toBeLessThanOrEqual(
    40,
  );
});

test('the first line tells what matches without the SQL that is printed, where that is less', () => {
  const headOf = (matched_directly: number) =>
    renderJoinReport({ ...report, matched_directly }, { paint: plainPaint, width: 80, isBrief: true }).split('\n')[0];
  expect(headOf(2)).toBe('join-check  logs.visit  66.7 % matched  1 error');
  expect(headOf(0)).toBe('join-check  logs.visit  0 % matched, 66.7 % by the SQL below  1 error');
});
