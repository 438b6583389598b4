import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import { messageOf } from '../../error-text.ts';
import { errorCodes, type ScenedimError } from '../../errors.ts';
import { listedProblems } from '../../telemetry/listed-problems.ts';
import { wentWell } from '../../telemetry/run-success.ts';
import { summaryOf } from '../../telemetry/run-summary.ts';
import type {
  EndedRun,
  ReportDocument,
  RunError,
  RunWatcher,
  StartedRun,
  TargetStanding,
} from '../../telemetry/run-watcher.ts';
import { LAST_WORDS_MS } from '../session/late-end.ts';
import { errorDocument, exitCodeOf } from '../session/print-error.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { datasetOf } from '../target/dataset-of.ts';
import { logEnd } from './log-run.ts';

/** So long whoever else watches a run waits for a file, which may be a pipe without a reader. */
const FILE_LIMIT_MS = 5_000;

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

/** A run whose watchers are told that it begins and how it ended. */
export class WatchedRun {
  readonly #session: Session;
  readonly #options: CommonOptions;
  readonly #watchers: readonly RunWatcher[];
  readonly #begun = performance.now();
  #started: StartedRun;
  #standing: TargetStanding | null = null;
  #result: WatchedResult | null = null;
  /** What broke the run off; in a list, because undefined and null can be thrown, too. */
  #thrown: readonly [error: unknown] | null = null;
  /** True from when the watchers are told how it ended. */
  #isTold = false;

  constructor(session: Session, command: string, options: CommonOptions, watchers: readonly RunWatcher[]) {
    this.#session = session;
    this.#options = options;
    this.#watchers = watchers;
    const { programVersion } = session;
    this.#started = { command, startedAt: systemClock.now(), programVersion, dataset: null, input: null, shard: null };
  }

  get elapsedMs(): number {
    return performance.now() - this.#begun;
  }

  /** For the context of the run; undefined when nobody wants to know. */
  get onChanges(): RunWatcher['onChanges'] | undefined {
    const wanting = this.#watchers.flatMap(({ onChanges }) => onChanges ?? []);
    if (wanting.length === 0) return undefined;
    return (changes, known) => {
      const all = [...changes];
      for (const tell of wanting) tell(all, known);
    };
  }

  /** True when a watcher tells how the accounts stand after the run. */
  get wantsStanding(): boolean {
    return this.#watchers.some(({ wantsStanding }) => wantsStanding === true);
  }

  /** Tells the watchers that the run begins, on the target of this config. */
  async begin(config: Config, origin: RunOrigin = {}): Promise<void> {
    const dataset = await datasetOf(config, this.#session.environment);
    this.#started = { ...this.#started, dataset, ...origin };
    await this.#tell((watcher) => watcher.started?.(this.#started, this.#session.signal));
  }

  noteStanding(standing: TargetStanding | null): void {
    this.#standing = standing;
  }

  finish(result: WatchedResult): void {
    this.#result = result;
  }

  /** The run, or showing its result, threw this. */
  breakOff(error: unknown): void {
    this.#thrown = [error];
  }

  /**
   * Tells everybody that the run did not end, because of `error`, a defect too, before the process is ended. Nobody who takes
   * long is waited for. Resolves with false when the run has not begun, or they are told of its end already.
   */
  async giveUp(error: unknown, exitCode: number): Promise<boolean> {
    if (this.#isTold || this.#started.dataset === null) return false;
    this.#isTold = true;
    this.#thrown = [error];
    const run = { ...this.#ended(), exitCode };
    const told = this.#tell((watcher) => watcher.ended(run, AbortSignal.abort(error)));
    const untold = await Promise.race([told, delay(LAST_WORDS_MS / 2, [])]);
    await this.#leaveSummary(run, untold);
    return true;
  }

  /** Tells everybody how the run ended. Resolves with the exit status; throws what broke off before the run began. */
  async end(): Promise<number> {
    const { settle, showError, signal } = this.#session;
    // The process is about to be ended.
    if (this.#isTold) return await new Promise<never>(() => {});
    this.#isTold = true;
    const told = this.#ended();
    const untold = await this.#tellEnd(told, signal);
    if (this.#result === null && this.#started.dataset === null) {
      for (const error of untold) showError(error);
      throw this.#thrown?.[0];
    }
    const run = this.#withUntold(told, untold);
    // As the watchers were told: a signal that only came while they were did not stop the run.
    settle(run.exitCode);
    await this.#leaveSummary(run, untold);
    return run.exitCode;
  }

  #ended(): EndedRun {
    const [error, exitCode] =
      this.#thrown === null
        ? [this.#result?.error, this.#result?.exitCode ?? 0]
        : [this.#thrown[0], exitCodeOf(this.#thrown[0])];
    return {
      ...this.#started,
      finishedAt: systemClock.now(),
      elapsedMs: this.elapsedMs,
      exitCode: this.#session.stoppedBy() ?? exitCode,
      report: this.#result?.report ?? null,
      problemCounts: this.#result?.problemCounts ?? [],
      error: this.#errorOf(error),
      standing: this.#standing,
    };
  }

  /** The end after the watchers were told. What a required one could not take is the error of a run that went well. */
  #withUntold(told: EndedRun, untold: readonly unknown[]): EndedRun {
    const run = { ...told, finishedAt: systemClock.now(), elapsedMs: this.elapsedMs };
    if (untold.length === 0 || this.#thrown !== null || !wentWell(told.report)) return run;
    const exitCode = this.#session.stoppedBy() ?? errorCodes.file_unusable.exitCode;
    return { ...run, exitCode, error: this.#errorOf(untold[0]) };
  }

  #errorOf(error: unknown): RunError | null {
    return error === undefined || error === null ? null : errorDocument(error, this.#session.redactor).error;
  }

  /**
   * Tells how the run ended: required files first, one after the other, so that whoever is told later knows when one could not
   * be written. One that waits for its reader is waited for in the end only.
   */
  async #tellEnd(told: EndedRun, signal: AbortSignal): Promise<readonly unknown[]> {
    const errors: Promise<readonly unknown[]>[] = [];
    let run = told;
    const tell = (watchers: readonly RunWatcher[]): Promise<readonly unknown[]> => {
      const known = run;
      return this.#tell((watcher) => watcher.ended(known, signal), watchers);
    };
    for (const watcher of this.#watchers.filter(({ isRequired }) => isRequired)) {
      const written = tell([watcher]);
      errors.push(written);
      const untold = await Promise.race([written, delay(FILE_LIMIT_MS, [], { ref: false })]);
      if (untold.length > 0) run = this.#withUntold(run, untold);
    }
    errors.push(tell(this.#watchers.filter(({ isRequired }) => !isRequired)));
    return (await Promise.all(errors)).flat();
  }

  /** All at the same time. Resolves with the errors of required watchers; those of others are warnings. */
  async #tell(
    tell: (watcher: RunWatcher) => Promise<void> | undefined,
    watchers: readonly RunWatcher[] = this.#watchers,
  ): Promise<readonly unknown[]> {
    const { logger, redactor } = this.#session;
    const errors = watchers.map(async (watcher) => {
      try {
        await tell(watcher);
        return [];
      } catch (error) {
        if (watcher.isRequired) return [error];
        logger.warn({ error: redactor.redact(messageOf(error)) }, `${watcher.name} was not told`);
        return [];
      }
    });
    return (await Promise.all(errors)).flat();
  }

  /** The summary is the last line of the log. An error for people is none, so it may come last. */
  async #leaveSummary(run: EndedRun, untold: readonly unknown[]): Promise<void> {
    const { logsErrors, terminationMessage } = this.#session;
    const summary = summaryOf(run);
    if (logsErrors) await this.#showErrors(untold);
    logEnd(this.#session, summary, { isQuiet: this.#isForPeople() });
    if (!logsErrors) await this.#showErrors(untold);
    terminationMessage.leave(summary, listedProblems(run.report));
  }

  async #showErrors(untold: readonly unknown[]): Promise<void> {
    if (this.#isUnseen()) this.#session.showError(this.#result?.error);
    for (const error of untold) this.#session.showError(error);
    if (this.#thrown !== null) await this.#session.fail(this.#thrown[0]);
  }

  /** True when the error of the result is not among the problems that a person sees on the screen. */
  #isUnseen(): boolean {
    const { error = null, report = null } = this.#result ?? {};
    if (error === null) return false;
    return !this.#isForPeople() || listedProblems(report).every(({ message }) => message !== error.message);
  }

  /** True when a person at a terminal reads the report, so that the log need not say it, too. */
  #isForPeople(): boolean {
    const { out, screen, logFormat } = this.#session;
    return this.#options.json !== true && out.isTerminal && screen.isTerminal && logFormat === 'pretty';
  }
}
