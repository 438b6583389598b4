import type { FetchFailure, FetchResult, SceneSource } from '../../extract/scene-source.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { Batch, FetchOutcome } from '../batch/batch.ts';
import type { Run } from '../run/run.ts';
import { flawOfTime } from '../run/time-bounds.ts';

const SET_CLOCK = 'set the clock of this machine (NTP), then run again';

/**
 * Keeps results of a wrong clock out of the log. An answer of the API proves its time by its `Date`; a
 * failure without an answer does not, and is judged by the newest `Date` of the run.
 */
export class TrustedTime {
  readonly #run: Run;
  readonly #source: SceneSource;

  constructor(run: Run, source: SceneSource) {
    this.#run = run;
    this.#source = source;
  }

  /** The result, or when its time cannot be right a failure that may not be recorded. */
  judge(result: FetchResult): FetchResult {
    const flaw = this.#flawOf(result.observedAt);
    if (flaw === null || (result.kind === 'failure' && result.doNotRecord)) return result;
    if (result.kind === 'answer') return skewed(result.appId, result.observedAt, flaw);
    const { message, remedy } = result;
    return {
      ...result,
      message: `${message}; not recorded: ${flaw}`,
      remedy: remedy === null ? SET_CLOCK : `${SET_CLOCK}; ${remedy}`,
      doNotRecord: true,
    };
  }

  /** The batch without what came before the API told the time, and was not of it. Each such account is told. */
  sift(batch: Batch): Batch {
    const failures = new Map<string, FetchOutcome>(batch.failures);
    const accounts = new Map(batch.accounts);
    for (const [appId, pending] of batch.accounts) {
      for (const { observedAt } of pending) {
        const flaw = this.#flawOf(observedAt);
        if (flaw === null) continue;
        const message = `what came of it is not recorded: ${flaw}`;
        const code = 'clock_skew';
        this.#run.tally.addProblem({ app_id: appId, kind: code, code, message, remedy: SET_CLOCK });
        accounts.set(
          appId,
          (accounts.get(appId) ?? []).filter((kept) => kept.observedAt !== observedAt),
        );
        failures.set(appId, failures.get(appId) ?? 'failed');
      }
    }
    return { ...batch, accounts, failures };
  }

  #flawOf(observedAt: Micros): string | null {
    const ours = this.#run.context.clock.now();
    const theirs = this.#source.latestTime?.() ?? ours;
    const isAhead = ours > theirs;
    const flaw = flawOfTime(observedAt, isAhead ? theirs : ours);
    if (flaw === null) return null;
    const by = isAhead ? ` (the newest answer says it is ${formatInstant(theirs)})` : '';
    return `${formatInstant(observedAt)} ${flaw}${by}`;
  }
}

function skewed(appId: string, observedAt: Micros, flaw: string): FetchFailure {
  return {
    kind: 'failure',
    appId,
    observedAt,
    errorClass: 'unknown',
    code: 'clock_skew',
    message: `the answer is not recorded: ${flaw}`,
    remedy: SET_CLOCK,
    accountOnly: true,
    credentialsRefused: false,
    unreachable: false,
    doNotRecord: true,
  };
}
