import { formatCount } from '../../report/format-count.ts';
import type { Paint } from '../../report/paint.ts';
import { printable } from '../../report/printable.ts';
import { renderTable } from '../../report/table.ts';
import { wrapText } from '../../report/wrap-text.ts';
import { formatShare } from './findings.ts';
import type { JoinReport } from './join-report.ts';
import type { Outcome } from './measure-sql.ts';

export interface RenderOptions {
  readonly paint: Paint;
  /** Columns of the terminal; undefined when it is none. */
  readonly width: number | undefined;
  /** True leaves everything out but findings and SQL. */
  readonly isBrief: boolean;
}

/** In the order of the report: what the join does to visits, from the best to the worst. */
const outcomeWords: Readonly<Record<Outcome, string>> = {
  matched: 'matched',
  before_first_version: 'before the first version',
  after_last_version: 'after the last version',
  in_gap: 'between two versions',
  unknown_code: 'unknown code',
  unknown_app_id: 'unknown account',
  app_id_spelling: 'misspelled account',
  null_code: 'code is NULL',
  null_app_id: 'app id is NULL',
  null_time: 'no time',
  other_index: 'of another list',
};

/** A sentence is hard to read in longer lines. */
const LINE = 100;

/** The report for people: verdict, findings, what becomes of the visits, SQL. */
export function renderJoinReport(report: JoinReport, { paint, width, isBrief }: RenderOptions): string {
  const line = width === undefined ? undefined : Math.min(width, LINE);
  const wrapped = (text: string, indent: string) => wrapText(printable(text), line, indent);
  const errors = report.findings.filter(({ level }) => level === 'error').length;
  const warnings = report.findings.length - errors;
  const right = report.visits === 0 ? paint('yellow', 'nothing to look at') : paint('green', 'the join is right');
  const verdict = errors > 0 ? paint('red', formatCount(errors, 'error')) : right;
  const care = warnings === 0 ? '' : `  ${paint('yellow', formatCount(warnings, 'warning'))}`;
  const head = `${paint('bold', 'join-check')}  ${printable(report.table)}  ${matchedShare(report)}  ${verdict}${care}`;
  const findings = report.findings.flatMap((finding) => [
    '',
    `${paint(finding.level === 'error' ? 'red' : 'yellow', finding.level)} ${finding.code}`,
    wrapped(finding.message, '  '),
    ...(finding.values.length === 0 ? [] : [wrapped(`codes: ${valueList(finding)}`, '  ')]),
    wrapped(`remedy: ${finding.remedy}`, '  ').replace('remedy:', paint('cyan', 'remedy:')),
  ]);
  const shares = isBrief ? [] : ['', sharesTable(report, paint)];
  const notes = isBrief
    ? []
    : report.notes.flatMap((note, n) => [...(n === 0 ? [''] : []), wrapped(`note: ${note}`, '')]);
  return `${[head, ...findings, ...shares, ...notes, '', 'The right join:', '', indented(report.sql)].join('\n')}\n`;
}

/** What matches as the query stands, and by the SQL where that is more. */
function matchedShare({ matched, matched_directly: directly, visits }: JoinReport): string {
  const share = formatShare(matched, visits);
  return directly === matched
    ? `${share} matched`
    : `${formatShare(directly, visits)} matched, ${share} by the SQL below`;
}

function valueList({ values }: JoinReport['findings'][number]): string {
  return values.map(({ value, visits }) => `${shown(value)} (${formatCount(visits)})`).join(', ');
}

/** In quotes where spaces would not show. */
function shown(value: string): string {
  return value === '' || /^\s|\s$/.test(value)
    ? JSON.stringify(value)
    : value.length > 60
      ? `${value.slice(0, 59)}…`
      : value;
}

function sharesTable(report: JoinReport, paint: Paint): string {
  const { visits, outcomes } = report;
  const rows = (Object.keys(outcomeWords) as Outcome[])
    .filter((outcome) => outcome === 'matched' || outcomes[outcome] > 0)
    .map((outcome) => [outcomeWords[outcome], formatCount(outcomes[outcome]), formatShare(outcomes[outcome], visits)]);
  if (report.matched_directly !== report.matched) {
    rows.splice(1, 0, [
      '  of these without the SQL below',
      formatCount(report.matched_directly),
      formatShare(report.matched_directly, visits),
    ]);
  }
  const { join } = report;
  rows.push(['all visits', formatCount(visits), '']);
  const isRight = join.rows === join.visits;
  rows.push(['rows of the join', formatCount(join.rows), isRight ? 'one a visit' : `of ${formatCount(join.visits)}`]);
  const columns = [{ header: '' }, { header: 'visits', align: 'right' }, { header: 'share', align: 'right' }] as const;
  return renderTable(columns, rows, { paint }).trimEnd();
}

function indented(sql: string): string {
  return printableLines(sql)
    .map((line) => `  ${line}`)
    .join('\n');
}

function printableLines(text: string): readonly string[] {
  return text.split('\n').map(printable);
}
