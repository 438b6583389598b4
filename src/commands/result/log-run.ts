import type { RunOutcome } from '../../load/loader.ts';
import type { Logger } from '../../pipeline/run/run-context.ts';
import type { RunResult } from '../../pipeline/run/run-report.ts';

type Level = 'info' | 'warn' | 'error';

const levels: Readonly<Record<RunOutcome, Level>> = {
  ok: 'info',
  nothing_changed: 'info',
  partial: 'warn',
  refused: 'warn',
  failed: 'error',
};

/** Logs how a run ended: as loud as it is bad, but quietly to a person who reads the summary beside it. */
export function logEnd(
  logger: Logger,
  title: string,
  { report }: RunResult,
  { elapsedMs, isQuiet }: { readonly elapsedMs: number; readonly isQuiet: boolean },
): void {
  const problems = report.problems_total === 0 ? {} : { problems: report.problems_total };
  logger[isQuiet ? 'info' : levels[report.outcome]](
    { run_id: report.run_id, outcome: report.outcome, elapsed_ms: Math.round(elapsedMs), ...problems, ...report.usage },
    `${title} ended`,
  );
}

/** Logs each problem of a run as a line, except the one that is shown as the error of the run. */
export function logProblems(logger: Logger, { report, error }: RunResult): void {
  for (const problem of report.problems) {
    if (problem.message === error?.message) continue;
    const level = problem.kind === 'failed' || problem.kind === 'clock_skew' ? 'error' : 'warn';
    logger[level]({ run_id: report.run_id, ...problem }, 'problem');
  }
  const more = report.problems_total - report.problems.length;
  if (more > 0) logger.warn({ run_id: report.run_id, problems: more }, 'more problems than are listed');
}
