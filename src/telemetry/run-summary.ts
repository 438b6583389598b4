import type { EndedRun, ReportDocument, RunError } from './run-watcher.ts';

/** The one summary of a run: the last line of its log, and the message that a pod leaves behind. */
export interface RunSummary {
  readonly command: string;
  /** That of the report; `failed` when there is none, because the run broke off. */
  readonly outcome: string;
  readonly exit_code: number;
  readonly elapsed_ms: number;
  /** Only where the report does not say it. */
  readonly error?: RunError;
  /** The members of the report that are no lists. */
  readonly [member: string]: unknown;
}

/** What a run amounts to, without the lists of its report, whose lengths the report counts. */
export function summaryOf({ command, exitCode, elapsedMs, report, error }: EndedRun): RunSummary {
  return {
    command,
    outcome: report?.outcome ?? (exitCode === 0 ? 'ok' : 'failed'),
    exit_code: exitCode,
    elapsed_ms: Math.round(elapsedMs),
    ...withoutLists(report ?? { outcome: '' }),
    ...(error !== null && { error }),
  };
}

function withoutLists(report: ReportDocument): object {
  const members = Object.entries(report).filter(([name, value]) => name !== 'outcome' && !Array.isArray(value));
  return Object.fromEntries(members);
}
