import type { FetchFailure, FetchResult, SceneSource } from '../../extract/scene-source.ts';
import { formatInstant, MICROS_PER_DAY, type Micros } from '../../instant.ts';
import type { Batch, FetchOutcome } from '../batch/batch.ts';
import type { Run } from '../run/run.ts';
import { flawOfTime } from '../run/time-bounds.ts';
import type { SyncTally } from './sync-tally.ts';

const SET_CLOCK = 'set the clock of this machine (NTP), then run again';
const CHECK_CLOCK = 'when the clock of this machine is wrong, set it (NTP); then run again';

/** Without a clock to compare with, a failure is recorded up to 31 days after the newest stored attempt. */
const MAX_GAP: Micros = 31n * MICROS_PER_DAY;

/**
 * Keeps results of a wrong clock out of the log. An answer of the API proves its time by its `Date`; a
 * failure without an answer does not. It is judged by the newest `Date` of the run, else by the clock
 * of the target's server, else by the newest attempt that is stored.
 */
export class TrustedTime {
  readonly #run: Run;
  readonly #source: SceneSource;
  readonly #tally: SyncTally;

  constructor(run: Run, source: SceneSource, tally: SyncTally) {
    this.#run = run;
    this.#source = source;
    this.#tally = tally;
  }

  /** The result, or when its time cannot be right a failure that may not be recorded. */
  judge(result: FetchResult): FetchResult {
    if (result.kind === 'failure' && result.doNotRecord) return result;
    const flaw = this.#flawOf(result.observedAt, this.#timeOfApi());
    if (flaw === null) return result;
    if (result.kind === 'answer') return skewed(result.appId, result.observedAt, flaw);
    const { message, remedy } = result;
    return {
      ...result,
      message: `${message}; not recorded: ${flaw.text}`,
      remedy: remedy === null ? flaw.remedy : `${flaw.remedy}; ${remedy}`,
      doNotRecord: true,
    };
  }

  /**
   * The batch without observations of a wrong time. Each was judged when it came; since then the API or
   * the server may have told the time for the first time. Every account that loses one is reported.
   */
  sift(batch: Batch): Batch {
    const failures = new Map<string, FetchOutcome>(batch.failures);
    const accounts = new Map(batch.accounts);
    for (const [appId, pending] of batch.accounts) {
      for (const { observedAt, failure } of pending) {
        const told = this.#timeOfApi() ?? this.#timeOfTarget();
        const flaw =
          this.#flawOf(observedAt, told) ?? (told === null && failure !== null ? this.#flawOfGap(observedAt) : null);
        if (flaw === null) continue;
        const { text, remedy } = flaw;
        const message = `what came of it is not recorded: ${text}`;
        const code = 'clock_skew';
        this.#run.tally.addProblem({ app_id: appId, kind: code, code, message, remedy });
        accounts.set(
          appId,
          (accounts.get(appId) ?? []).filter((kept) => kept.observedAt !== observedAt),
        );
        failures.set(appId, failures.get(appId) ?? 'failed');
      }
    }
    return { ...batch, accounts, failures };
  }

  #flawOf(observedAt: Micros, told: ToldTime | null): Flaw | null {
    const ours = this.#run.context.clock.now();
    const isAhead = told !== null && ours > told.time;
    const flaw = flawOfTime(observedAt, isAhead ? told.time : ours);
    if (flaw === null) return null;
    const by = isAhead ? ` (${told.by} says it is ${formatInstant(told.time)})` : '';
    return { text: `${formatInstant(observedAt)} ${flaw}${by}`, remedy: SET_CLOCK };
  }

  #timeOfApi(): ToldTime | null {
    const time = this.#source.latestTime?.() ?? null;
    return time === null ? null : { time, by: 'the newest answer' };
  }

  #timeOfTarget(): ToldTime | null {
    const { loader } = this.#run.context;
    const time = loader.latestTime?.() ?? null;
    return time === null ? null : { time, by: `the server of ${loader.description}` };
  }

  /** For failures only: a source that tells no time may be asked once a year, and its answers count. */
  #flawOfGap(observedAt: Micros): Flaw | null {
    const newest = this.#tally.newestAttemptAt;
    if (newest === null || observedAt <= newest + MAX_GAP) return null;
    const gap = `is more than 31 days after the newest stored attempt (${formatInstant(newest)})`;
    return { text: `${formatInstant(observedAt)} ${gap}, and no answer tells what time it is`, remedy: CHECK_CLOCK };
  }
}

/** What time it is by a clock that is not of this machine. */
interface ToldTime {
  readonly time: Micros;
  readonly by: string;
}

/** What is wrong with a time, and what to do about it. */
interface Flaw {
  readonly text: string;
  readonly remedy: string;
}

function skewed(appId: string, observedAt: Micros, { text, remedy }: Flaw): FetchFailure {
  return {
    kind: 'failure',
    appId,
    observedAt,
    errorClass: 'unknown',
    code: 'clock_skew',
    message: `the answer is not recorded: ${text}`,
    remedy,
    accountOnly: true,
    credentialsRefused: false,
    unreachable: false,
    doNotRecord: true,
  };
}
