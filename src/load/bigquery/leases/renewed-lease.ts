import { ScenedimError } from '../../../errors.ts';
import { hasChangedRows } from '../jobs/job.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { runStatement } from '../jobs/run-query.ts';
import { renewLease } from './lease-statements.ts';
import type { HeldLease } from './take-lease.ts';

/** A run lease that is renewed while it is held. */
export interface RenewedLease extends HeldLease {
  /** Aborted with `lock_lost` when the row is no longer ours, or when its time has passed by our own clock. */
  readonly lost: AbortSignal;
  /**
   * Does work whose transaction renews the lease itself. Nobody can take the lease while it runs, and our own renewals wait behind
   * it; so its time may pass meanwhile, and what has become of it is asked when the work is done.
   */
  duringCommit<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Renews a lease after a third of its time, so that one renewal may fail; `takenAt` is when it was asked for, by
 * `performance.now()`. Time counts from before a renewal was sent, which is earlier than BigQuery counts it.
 */
export function keepLease(runner: JobRunner, lease: HeldLease, takenAt: number): RenewedLease {
  const leaseMs = runner.timings.leaseSeconds * 1_000;
  const lost = new AbortController();
  let endsAt = takenAt + leaseMs;
  let commits = 0;
  let isReleased = false;
  let failure: unknown;
  let renewal: Promise<void> = Promise.resolve();
  let renewalTimer: NodeJS.Timeout | undefined;
  let endTimer: NodeJS.Timeout | undefined;

  const lose = (why: string): void => {
    clearTimeout(renewalTimer);
    clearTimeout(endTimer);
    if (!isReleased) lost.abort(lockLost(why, failure));
  };
  const watchEnd = (): void => {
    clearTimeout(endTimer);
    endTimer = setTimeout(
      () => {
        if (commits === 0) lose('it could not be renewed');
      },
      Math.max(0, endsAt - performance.now()),
    ).unref();
  };
  const extend = (from: number, ms: number): void => {
    endsAt = Math.max(endsAt, from + ms);
    watchEnd();
  };
  const renew = async (): Promise<void> => {
    const sentAt = performance.now();
    try {
      const query = renewLease(runner.config, lease, runner.timings.leaseSeconds);
      const job = await runStatement(runner, jobName('renew', callName()), query, AbortSignal.timeout(leaseMs / 3));
      if (!hasChangedRows(job)) return lose('somebody else has taken it over');
      extend(sentAt, leaseMs);
    } catch (error) {
      failure = error;
    }
    if (!lost.signal.aborted && !isReleased) renewAt(sentAt + leaseMs / 3);
  };
  const renewAt = (time: number): void => {
    clearTimeout(renewalTimer);
    renewalTimer = setTimeout(
      () => {
        renewal = renew();
      },
      Math.max(0, time - performance.now()),
    ).unref();
  };
  watchEnd();
  renewAt(takenAt + leaseMs / 3);
  return {
    leaseId: lease.leaseId,
    holder: lease.holder,
    lost: lost.signal,

    async duringCommit(work) {
      const startedAt = performance.now();
      commits += 1;
      try {
        const result = await work();
        extend(startedAt, leaseMs);
        return result;
      } finally {
        commits -= 1;
        if (commits === 0 && endsAt <= performance.now()) extend(performance.now(), leaseMs / 3);
      }
    },

    [Symbol.asyncDispose]: async () => {
      if (isReleased) return;
      isReleased = true;
      clearTimeout(renewalTimer);
      clearTimeout(endTimer);
      // A renewal that arrives after the release would take the lease again.
      await renewal;
      await lease[Symbol.asyncDispose]();
    },
  };
}

function lockLost(why: string, cause: unknown): ScenedimError {
  return new ScenedimError('lock_lost', `the lease of the target was lost: ${why}`, {
    remedy: 'run the command again: nothing was written after that',
    ...(cause === undefined ? {} : { cause }),
  });
}
