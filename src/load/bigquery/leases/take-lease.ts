import { randomUUID } from 'node:crypto';
import { sleep } from '../../../clock.ts';
import { isScenedimError, ScenedimError } from '../../../errors.ts';
import { toFailure } from '../errors/bigquery-failure.ts';
import { meaningOfFailure } from '../errors/classify-error.ts';
import { hasChangedRows } from '../jobs/job.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { type Query, runStatement } from '../jobs/run-query.ts';
import { type Lease, type LeaseRequest, releaseLease, takeSeededLease } from './lease-statements.ts';

const RELEASE_TIMEOUT_MS = 30_000;
/** Whoever gives up already has waited long enough. */
const LOST_ANSWER_TIMEOUT_MS = 5_000;

/** A lease that we hold until it ends; disposing gives it back, as far as that goes. */
export interface HeldLease extends Lease, AsyncDisposable {}

/**
 * Asks once; null when somebody else holds what it excludes. What may have been taken is given back when the answer is not known:
 * after an abort, and when every answer was lost.
 */
export async function takeLease(
  runner: JobRunner,
  leaseId: string,
  statement: (request: LeaseRequest) => Query,
  signal: AbortSignal,
): Promise<HeldLease | null> {
  const holder = randomUUID();
  const release = (timeoutMs?: number): Promise<void> => giveBack(runner, { leaseId, holder }, timeoutMs);
  const request = { leaseId, holder, seconds: runner.timings.leaseSeconds };
  try {
    const job = await runStatement(runner, jobName('take', callName()), statement(request), signal);
    return hasChangedRows(job) ? { leaseId, holder, [Symbol.asyncDispose]: () => release() } : null;
  } catch (error) {
    if (signal.aborted) await release();
    else if (!isScenedimError(error) && meaningOfFailure(toFailure(error)).newAttempt)
      await release(LOST_ANSWER_TIMEOUT_MS);
    throw error;
  }
}

/** Waits for one of the leases that are held for moments only; `target_busy` when that takes twice as long as a lease lasts. */
export async function waitForLease(runner: JobRunner, leaseId: string, signal: AbortSignal): Promise<HeldLease> {
  const { leaseSeconds, leasePollMs } = runner.timings;
  const deadline = performance.now() + 2_000 * leaseSeconds;
  for (;;) {
    const lease = await takeLease(runner, leaseId, (request) => takeSeededLease(runner.config, request), signal);
    if (lease !== null) return lease;
    if (performance.now() > deadline) {
      throw new ScenedimError('target_busy', `another run has held the lease "${leaseId}" for a long time`, {
        remedy: 'run again; if it stays, look at the running jobs of the project',
      });
    }
    await sleep(leasePollMs * (1 + Math.random()), signal);
  }
}

/** Best effort: a lease that is not given back ends by itself. */
async function giveBack(runner: JobRunner, lease: Lease, timeoutMs = RELEASE_TIMEOUT_MS): Promise<void> {
  const query = releaseLease(runner.config, lease);
  await runStatement(runner, jobName('release', callName()), query, AbortSignal.timeout(timeoutMs)).catch(() => {});
}
