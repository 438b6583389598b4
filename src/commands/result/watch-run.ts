import type { Command } from 'commander';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import { messageOf } from '../../error-text.ts';
import { errorCodes, type ScenedimError } from '../../errors.ts';
import { summaryOf } from '../../telemetry/run-summary.ts';
import type {
  EndedRun,
  ReportDocument,
  RunError,
  RunWatcher,
  StartedRun,
  TargetStanding,
} from '../../telemetry/run-watcher.ts';
import { errorDocument, exitCodeOf } from '../session/print-error.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { datasetOf } from '../target/dataset-of.ts';
import { logEnd } from './log-run.ts';
import { parsePushgateway } from './metrics-watchers.ts';
import { watchersOf } from './watchers-of.ts';

export interface WatchOptions extends CommonOptions {
  readonly metricsFile?: string;
  readonly pushgateway?: string;
  readonly summaryFile?: string;
}

export function addWatchOptions(command: Command): Command {
  return command
    .option('--summary-file <file>', 'write what --json prints into a file, device or pipe')
    .option('--metrics-file <file>', 'write metrics for the Prometheus textfile collector')
    .option('--pushgateway <url>', 'push metrics to a Prometheus Pushgateway', parsePushgateway);
}

/** What a run is given to say how it goes. */
export interface RunWatch {
  /** Tells the watchers that the run begins, on the target of this config. */
  begin(config: Config, origin?: RunOrigin): Promise<void>;
  /** For the context of the run; undefined when nobody wants to know. */
  readonly onChanges: RunWatcher['onChanges'] | undefined;
  /** True when somebody wants to be told how the accounts stand after the run. */
  readonly wantsStanding: boolean;
  tellStanding(standing: TargetStanding): void;
}

/** Where a run has its answers from, and which part of them is its own. Default of both: null. */
export type RunOrigin = Partial<Pick<StartedRun, 'input' | 'shard'>>;

/** What a command came to. */
export interface WatchedResult {
  /** What `--json` prints. */
  readonly report: ReportDocument;
  /** Default: none. */
  readonly problemCounts?: EndedRun['problemCounts'];
  readonly exitCode: number;
  /** Why the run stopped early, when the report does not say it. */
  readonly error: ScenedimError | null;
}

/**
 * Does a run, shows its result, and tells everybody who watches it how it ended: files, a gateway, a scheduler; then the log,
 * by one summary, and the message that a pod leaves behind. Resolves with the exit status. A file that the user named and that
 * cannot be written is 74 for a run that went well; any other watcher's trouble is a warning. What breaks off before the run
 * begins is thrown.
 */
export async function watchRun<Result extends WatchedResult>(
  session: Session,
  command: string,
  options: WatchOptions,
  work: (watch: RunWatch) => Promise<Result>,
  show: (result: Result, elapsedMs: number) => Promise<void>,
): Promise<number> {
  const begun = performance.now();
  const watchers = await watchersOf(session, command, options);
  const start = { command, startedAt: systemClock.now(), programVersion: session.programVersion };
  let started: StartedRun = { ...start, dataset: null, input: null, shard: null };
  let standing: TargetStanding | null = null;
  const watch: RunWatch = {
    async begin(config, origin) {
      started = { ...started, dataset: await datasetOf(config, session.environment), ...origin };
      await tellAll(session, watchers, (watcher) => watcher.started?.(started, session.signal));
    },
    onChanges: onChangesOf(watchers),
    wantsStanding: watchers.some(({ wantsStanding }) => wantsStanding === true),
    tellStanding(read) {
      standing = read;
    },
  };
  let result: Result | null = null;
  const thrown: unknown[] = [];
  try {
    result = await work(watch);
    await show(result, performance.now() - begun);
  } catch (error) {
    thrown.push(error);
  }
  const ended = (exitCode: number): EndedRun => ({
    ...started,
    finishedAt: systemClock.now(),
    elapsedMs: performance.now() - begun,
    exitCode: session.stoppedBy() ?? exitCode,
    report: result?.report ?? null,
    problemCounts: result?.problemCounts ?? [],
    error: runErrorOf(session, thrown[0] ?? result?.error),
    standing,
  });
  let exitCode = thrown.length > 0 ? exitCodeOf(thrown[0]) : (result?.exitCode ?? 0);
  const run = ended(exitCode);
  const untold = await tellAll(session, watchers, (watcher) => watcher.ended(run, session.signal));
  const wentWell = thrown.length === 0 && ['ok', 'nothing_changed'].includes(run.report?.outcome ?? '');
  if (untold.length > 0 && wentWell) exitCode = errorCodes.file_unusable.exitCode;
  const tellErrors = async (): Promise<void> => {
    if (isUnseen(session, options, result)) session.showError(result?.error);
    for (const error of untold) session.showError(error);
    if (thrown.length > 0) await session.fail(thrown[0]);
  };
  if (result === null && started.dataset === null) {
    for (const error of untold) session.showError(error);
    throw thrown[0];
  }
  const summary = summaryOf(ended(exitCode));
  // An error for people is no line of the log, so it may come last; as a line of the log it may not.
  if (session.logsErrors) await tellErrors();
  logEnd(session, summary, { isQuiet: isForPeople(session, options) });
  if (!session.logsErrors) await tellErrors();
  session.terminationMessage.leave(summary, problemsOf(run.report));
  return exitCode;
}

function onChangesOf(watchers: readonly RunWatcher[]): RunWatch['onChanges'] {
  const wanting = watchers.flatMap(({ onChanges }) => onChanges ?? []);
  if (wanting.length === 0) return undefined;
  return (changes, known) => {
    const all = [...changes];
    for (const tell of wanting) tell(all, known);
  };
}

function runErrorOf({ redactor }: Session, error: unknown): RunError | null {
  return error === undefined || error === null ? null : errorDocument(error, redactor).error;
}

/** True when the error of a result is not among the problems that a person sees on the screen. */
function isUnseen(session: Session, options: CommonOptions, result: WatchedResult | null): boolean {
  const error = result?.error ?? null;
  if (error === null) return false;
  const messages = problemsOf(result?.report ?? null).map((problem) => (problem as { message?: unknown }).message);
  return !(isForPeople(session, options) && messages.includes(error.message));
}

/** True when a person at a terminal reads the summary, so that the log need not say it, too. */
function isForPeople({ out, screen, logFormat }: Session, { json }: CommonOptions): boolean {
  return json !== true && out.isTerminal && screen.isTerminal && logFormat === 'pretty';
}

function problemsOf(report: ReportDocument | null): readonly unknown[] {
  const problems = report?.['problems'] ?? report?.['violations'];
  return Array.isArray(problems) ? problems : [];
}

/** All at the same time. Resolves with the troubles of those that are required; those of others are warnings. */
async function tellAll(
  { logger, redactor }: Session,
  watchers: readonly RunWatcher[],
  tell: (watcher: RunWatcher) => Promise<void> | undefined,
): Promise<readonly unknown[]> {
  const troubles = watchers.map(async (watcher) => {
    try {
      await tell(watcher);
      return [];
    } catch (error) {
      if (watcher.isRequired) return [error];
      logger.warn({ error: redactor.redact(messageOf(error)) }, `${watcher.name} was not told`);
      return [];
    }
  });
  return (await Promise.all(troubles)).flat();
}
