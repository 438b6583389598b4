import type { Problem, RunResult } from '../../pipeline/run/run-report.ts';
import type { RunSummary } from '../../telemetry/run-summary.ts';
import type { Session } from '../session/session.ts';

type Level = 'info' | 'warn' | 'error';

/** By outcome. */
const levels: Readonly<Record<string, Level>> = {
  ok: 'info',
  nothing_changed: 'info',
  partial: 'warn',
  refused: 'warn',
  failed: 'error',
};

/** Logs the summary, by the level of its outcome; with `isQuiet` by `info`, for a person who reads the report beside it. */
export function logEnd({ logger }: Session, summary: RunSummary, { isQuiet }: { readonly isQuiet: boolean }): void {
  const level = levels[summary.outcome] ?? 'error';
  const levelWithError = level === 'info' && summary.error !== undefined ? 'error' : level;
  logger[isQuiet ? 'info' : levelWithError](summary, `${summary.command} ended`);
}

/** Logs each problem of a run as a line, except the one that is shown as the error of the run. */
export function logProblems({ logger }: Session, { report, error }: RunResult): void {
  for (const problem of report.problems) {
    if (problem.message === error?.message) continue;
    logger[levelOf(problem)]({ run_id: report.run_id, ...problem }, 'problem');
  }
  const more = report.problems_total - report.problems.length;
  if (more > 0) logger.warn({ run_id: report.run_id, problems: more }, 'more problems than are listed');
}

function levelOf({ kind }: Problem): Level {
  return kind === 'failed' || kind === 'clock_skew' ? 'error' : 'warn';
}
