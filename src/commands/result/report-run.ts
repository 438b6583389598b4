import type { RunResult } from '../../pipeline/run/run-report.ts';
import type { ChangeList } from '../../report/change-list.ts';
import { renderRunReport } from '../../report/render-run-report.ts';
import type { Session } from '../session/session.ts';
import { logProblems } from './log-run.ts';
import type { WatchOptions } from './watch-options.ts';
import { watchRun } from './watch-run.ts';
import type { WatchedRun } from './watched-run.ts';

export interface ReportOptions extends WatchOptions {
  /** Exit status when the run was ok and changed nothing; true is 99, undefined leaves it 0. */
  readonly skipExitCode?: number | true;
}

/**
 * Does a run under watch and prints its report (of a plan with the list of what would change). Resolves with the exit status.
 */
export function reportRun(
  session: Session,
  command: string,
  options: ReportOptions,
  work: (watched: WatchedRun) => Promise<RunResult>,
  planned?: ChangeList,
): Promise<number> {
  return watchRun(
    session,
    command,
    options,
    async (watched) => {
      const result = await work(watched);
      return { ...result, exitCode: exitCodeWithSkip(result, options) };
    },
    (result, elapsedMs) => printReport(session, command, result, elapsedMs, options, planned),
  );
}

function exitCodeWithSkip({ report, exitCode }: RunResult, { skipExitCode }: ReportOptions): number {
  if (exitCode !== 0 || report.outcome !== 'nothing_changed') return exitCode;
  return skipExitCode === true ? 99 : (skipExitCode ?? 0);
}

async function printReport(
  session: Session,
  title: string,
  result: RunResult,
  elapsedMs: number,
  options: ReportOptions,
  planned: ChangeList | undefined,
): Promise<void> {
  const { out, logFormat } = session;
  const { report } = result;
  if (logFormat === 'json') logProblems(session, result);
  if (options.json === true) await out.printJson(report);
  else {
    const { paint, columns: width } = out;
    const flags = { isPlan: planned !== undefined, isStopped: session.stoppedBy() !== undefined };
    const isWanted = options.quiet !== true || report.problems_total > 0;
    const summary = isWanted ? renderRunReport(report, { title, elapsedMs, paint, ...flags }) : '';
    // What would change is the result of a plan; a run has none but its rows.
    const list = planned?.render({ paint, width, indent: '  ' }) ?? '';
    const text = [list, summary].filter((part) => part !== '').join('\n');
    if (text !== '') await out.print(session.redactor.redact(text));
  }
}
