import { ScenedimError } from '../../../errors.ts';
import { hasChangedRows } from '../jobs/job.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { runStatement } from '../jobs/run-query.ts';
import { renewLease } from './lease-statements.ts';
import type { HeldLease } from './take-lease.ts';

/**
 * A lease of the run lock. It is renewed after a third of its time, so that one renewal may fail. Its time counts from before the
 * request was sent: BigQuery counts from later, so the lease never ends before we believe that it does.
 */
export class RenewedLease implements HeldLease {
  readonly leaseId: string;
  readonly holder: string;
  readonly #runner: JobRunner;
  readonly #lease: HeldLease;
  readonly #leaseMs: number;
  readonly #lost = new AbortController();
  #endsAt: number;
  #commits = 0;
  #isReleased = false;
  #failure: unknown;
  #renewal: Promise<void> = Promise.resolve();
  #renewalTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;

  /** `takenAt` is when the lease was asked for, by `performance.now()`. */
  constructor(runner: JobRunner, lease: HeldLease, takenAt: number) {
    this.leaseId = lease.leaseId;
    this.holder = lease.holder;
    this.#runner = runner;
    this.#lease = lease;
    this.#leaseMs = runner.timings.leaseSeconds * 1_000;
    this.#endsAt = takenAt + this.#leaseMs;
    this.#watchEnd();
    this.#renewAt(takenAt + this.#leaseMs / 3);
  }

  /** Aborted with `lock_lost` when the row is no longer ours, or when the time of the lease has passed by our own clock. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Does work whose transaction renews the lease. Nobody can take the lease while the transaction runs, and our own renewals wait
   * for its end. So the time of the lease may pass meanwhile; if it has, the next renewal tells whether the lease is still ours.
   */
  async duringCommit<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    this.#commits += 1;
    try {
      const result = await work();
      this.#extend(startedAt + this.#leaseMs);
      return result;
    } finally {
      this.#commits -= 1;
      const now = performance.now();
      if (this.#commits === 0 && this.#endsAt <= now) this.#extend(now + this.#leaseMs / 3);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#stopTimers();
    // A renewal that arrives after the release would take the lease again.
    await this.#renewal;
    await this.#lease[Symbol.asyncDispose]();
  }

  async #renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      const query = renewLease(this.#runner.config, this.#lease, this.#runner.timings.leaseSeconds);
      const limit = AbortSignal.timeout(this.#leaseMs / 3);
      const job = await runStatement(this.#runner, jobName('renew', callName()), query, limit);
      if (!hasChangedRows(job)) return this.#lose('another run has taken it over');
      this.#extend(sentAt + this.#leaseMs);
    } catch (error) {
      this.#failure = error;
    }
    if (!this.lost.aborted && !this.#isReleased) this.#renewAt(sentAt + this.#leaseMs / 3);
  }

  #renewAt(time: number): void {
    clearTimeout(this.#renewalTimer);
    this.#renewalTimer = callAt(time, () => {
      this.#renewal = this.#renew();
    });
  }

  #extend(endsAt: number): void {
    this.#endsAt = Math.max(this.#endsAt, endsAt);
    this.#watchEnd();
  }

  #watchEnd(): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = callAt(this.#endsAt, () => {
      if (this.#commits === 0) this.#lose('it could not be renewed');
    });
  }

  #lose(why: string): void {
    this.#stopTimers();
    if (this.#isReleased) return;
    const remedy = 'run the command again: nothing was written after that';
    const cause = this.#failure;
    this.#lost.abort(new ScenedimError('lock_lost', `the lease of the target was lost: ${why}`, { remedy, cause }));
  }

  #stopTimers(): void {
    clearTimeout(this.#renewalTimer);
    clearTimeout(this.#endTimer);
  }
}

/** Calls `work` at a time of `performance.now()`; does not keep the process alive. */
function callAt(time: number, work: () => void): NodeJS.Timeout {
  return setTimeout(work, Math.max(0, time - performance.now())).unref();
}
