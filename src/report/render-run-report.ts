import { formatDuration } from '../config/duration.ts';
import type { Problem, RunReport } from '../pipeline/run/run-report.ts';
import { formatCount } from './format-count.ts';
import type { Ink, Paint } from './paint.ts';
import { printable } from './printable.ts';

const MEBIBYTE = 1024 * 1024;

export interface RunReportOptions {
  /** What ran, as in `sync` or `plan`. */
  readonly title: string;
  readonly elapsedMs: number;
  readonly paint: Paint;
  /** True when nothing was written: the counts are what would be. Default false. */
  readonly isPlan?: boolean;
  /** True when a signal ended the run before its time. Default false. */
  readonly isStopped?: boolean;
}

const wouldBe: Readonly<Record<string, string>> = {
  recorded: 'would be recorded',
  opened: 'would be opened',
  closed: 'would be closed',
  rewritten: 'would be rewritten',
  removed: 'would be removed',
  rejected: 'would be rejected',
};

const outcomes: Readonly<Record<RunReport['outcome'], readonly [Ink, string]>> = {
  ok: ['green', 'done'],
  nothing_changed: ['green', 'nothing changed'],
  partial: ['yellow', 'done in part'],
  refused: ['red', 'refused'],
  failed: ['red', 'failed'],
};

const stopped = ['yellow', 'stopped'] as const;

/** A run for people: how it ended, what was counted, and each problem with what to do about it. */
export function renderRunReport(report: RunReport, options: RunReportOptions): string {
  const { title, elapsedMs, paint, isPlan = false, isStopped = false } = options;
  const [ink, words] = report.outcome === 'partial' && isStopped ? stopped : outcomes[report.outcome];
  const lines = [`${paint('bold', title)}  ${paint(ink, words)} ${paint('dim', `in ${formatDuration(elapsedMs)}`)}`];
  const nameOf = (name: string): string => (isPlan ? (wouldBe[name] ?? name) : name);
  const counts = (label: string, entries: object): void => {
    const shown = Object.entries(entries).filter(([name, count], index) => count > 0 || (index === 0 && name !== ''));
    lines.push(
      `  ${paint('dim', label.padEnd(13))} ${shown.map(([name, count]) => `${formatCount(count)} ${nameOf(name)}`).join(', ')}`,
    );
  };
  counts('accounts', report.accounts);
  counts('observations', report.observations);
  counts('versions', report.versions);
  if (report.rejects > 0) counts('rows', { rejected: report.rejects });
  const { usage } = report;
  if (usage !== undefined) counts('billed', { MiB: Math.ceil(usage.bytes_billed / MEBIBYTE), jobs: usage.jobs });
  if (report.problems_total > 0)
    lines.push('', renderProblems(report.problems, report.problems_total, paint).trimEnd());
  if (isPlan && report.problems.some(({ kind }) => kind === 'held'))
    lines.push('', '  A plan stores nothing: `scenedim accept` finds a held answer once sync or replay has stored it.');
  return `${lines.join('\n')}\n`;
}

/** Accounts that share a problem are named up to this many. */
const NAMED = 5;

/**
 * Problems one below the other: whose, what, and on the next line the remedy. Accounts with the
 * same words share them; the rid is then that of the account named first.
 */
export function renderProblems(problems: readonly Problem[], total: number, paint: Paint): string {
  const groups = Map.groupBy(problems, wordsOf);
  const lines = [...groups.values()].flatMap((group) => {
    const [problem] = group;
    if (problem === undefined) return [];
    const subject = namesOf(group, paint);
    const kind = paint(problem.kind === 'skipped' ? 'dim' : 'yellow', problem.kind.replaceAll('_', ' '));
    const code = problem.code === problem.kind ? '' : ` (${printable(problem.code)})`;
    const first = `  ${subject}${kind}${code}: ${printable(problem.message)}`;
    return problem.remedy === null
      ? [first]
      : [first, `      ${paint('cyan', 'remedy:')} ${printable(problem.remedy)}`];
  });
  if (total > problems.length) lines.push(`  … and ${formatCount(total - problems.length)} more`);
  return `${lines.join('\n')}\n`;
}

/**
 * What says the same of another account; the rid is of one call. A problem of the run stands alone.
 */
function wordsOf({ app_id: appId, message, ...others }: Problem): string {
  return JSON.stringify([appId === null, message.replace(/\brid: [\da-f-]+/, ''), others]);
}

function namesOf(group: readonly Problem[], paint: Paint): string {
  const names = group.flatMap(({ app_id: appId }) => (appId === null ? [] : [paint('bold', printable(appId))]));
  if (names.length === 0) return '';
  // Never "and 1 others".
  if (names.length <= NAMED + 1) return `${names.join(', ')} `;
  return `${names.slice(0, NAMED).join(', ')} and ${formatCount(names.length - NAMED)} others `;
}
