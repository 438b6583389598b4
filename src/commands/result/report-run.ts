import { resolve } from 'node:path';
import { errorCodes, isScenedimError } from '../../errors.ts';
import type { RunReport, RunResult } from '../../pipeline/run/run-report.ts';
import type { ChangeList } from '../../report/change-list.ts';
import { type RunMetrics, renderPrometheusMetrics } from '../../report/prometheus-metrics.ts';
import { renderRunSummary } from '../../report/run-summary.ts';
import { OutputClosedError } from '../session/output.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { logEnd, logProblems } from './log-run.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

export interface ReportOptions extends CommonOptions {
  readonly metricsFile?: string;
  /** Exit status when the run was ok and changed nothing; true is 99, undefined leaves it 0. */
  readonly skipExitCode?: number | true;
}

/**
 * Does a run, prints its report (of a plan with the list of what would change), writes its metrics,
 * and resolves with the exit status. Metrics that cannot be written are told on stderr and are 74
 * for a run that went well: its report stays the one document on stdout.
 */
export async function reportRun(
  session: Session,
  command: string,
  options: ReportOptions,
  work: () => Promise<RunResult>,
  planned?: ChangeList,
): Promise<number> {
  const startedAt = performance.now();
  let report: RunReport | null = null;
  let exitCode = 70;
  let isWritten = true;
  try {
    const result = await work();
    report = result.report;
    exitCode = exitCodeWithSkip(result, options);
    const elapsedMs = performance.now() - startedAt;
    await printReport(session, command, result, elapsedMs, options, planned);
  } catch (error) {
    if (report === null) exitCode = isScenedimError(error) ? error.exitCode : 70;
    throw error;
  } finally {
    isWritten = await writeMetrics(session, options, {
      command,
      report,
      exitCode: session.stoppedBy() ?? exitCode,
      durationMs: performance.now() - startedAt,
      finishedAtMs: Date.now(),
    });
  }
  const wentWell = report.outcome === 'ok' || report.outcome === 'nothing_changed';
  return isWritten || !wentWell ? exitCode : errorCodes.file_unusable.exitCode;
}

/** False when they could not be written, which is told: it must not hide how the run itself ended. */
async function writeMetrics(session: Session, options: ReportOptions, metrics: RunMetrics): Promise<boolean> {
  if (options.metricsFile === undefined) return true;
  try {
    const path = resolve(session.workingDirectory, options.metricsFile);
    await writeFileAtomically(path, [renderPrometheusMetrics(metrics)], session.signal);
    return true;
  } catch (error) {
    session.showError(error);
    return false;
  }
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
  { json, quiet }: CommonOptions,
  planned: ChangeList | undefined,
): Promise<void> {
  const { out, logger, screen } = session;
  const { report, error } = result;
  const isForPeople = json !== true && out.isTerminal && screen.isTerminal && session.logFormat === 'pretty';
  logEnd(logger, title, result, { elapsedMs, isQuiet: isForPeople });
  if (session.logFormat === 'json') logProblems(logger, result);
  // The work is done and stored: a reader that went away does not make it a failure.
  const ignoreClosed = (reason: unknown): void => {
    if (!(reason instanceof OutputClosedError)) throw reason;
  };
  if (json === true) await out.printJson(report).catch(ignoreClosed);
  else {
    const { paint, columns: width } = out;
    const flags = { isPlan: planned !== undefined, isStopped: session.stoppedBy() !== undefined };
    const isWanted = quiet !== true || report.problems_total > 0;
    const summary = isWanted ? renderRunSummary(report, { title, elapsedMs, paint, ...flags }) : '';
    // What would change is the result of a plan; a run has none but its rows.
    const list = planned?.render({ paint, width, indent: '  ' }) ?? '';
    const text = [list, summary].filter((part) => part !== '').join('\n');
    if (text !== '') await out.print(session.redactor.redact(text)).catch(ignoreClosed);
  }
  const isOnScreen = isForPeople && report.problems.some(({ message }) => message === error?.message);
  if (error !== null && !isOnScreen) session.showError(error);
}
