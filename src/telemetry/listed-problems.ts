import type { ReportDocument } from './run-watcher.ts';

/** A problem of a run, or a violation that `verify` found. */
export interface ListedProblem {
  /** Null or empty when it is about no account. */
  readonly app_id: string | null;
  readonly message: string;
}

/** The problems that a report lists, which may be fewer than it counts; none without a report. */
export function listedProblems(report: ReportDocument | null): readonly ListedProblem[] {
  const problems = report?.['problems'] ?? report?.['violations'];
  return Array.isArray(problems) ? problems : [];
}
