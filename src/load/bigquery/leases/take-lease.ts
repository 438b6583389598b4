import { randomUUID } from 'node:crypto';
import { sleep } from '../../../clock.ts';
import { isScenedimError, ScenedimError } from '../../../errors.ts';
import { toFailure } from '../errors/bigquery-failure.ts';
import { meaningOfFailure } from '../errors/classify-error.ts';
import { hasChangedRows } from '../jobs/job.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { runStatement } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { type Lease, type LeaseRequest, releaseLease, takeSeededLease } from './lease-statements.ts';

const RELEASE_TIMEOUT_MS = 30_000;
/** After a lost answer: the caller has waited through all attempts already. */
const LOST_ANSWER_TIMEOUT_MS = 5_000;

/** A lease that we hold until it ends; disposing releases it, if BigQuery can be reached. */
export interface HeldLease extends Lease, AsyncDisposable {}

/**
 * Asks for a lease once; null when another holder has a lease that this one excludes. After an abort, and when every answer was
 * lost, the lease may have been taken nevertheless: then it is released.
 */
export async function takeLease(
  runner: JobRunner,
  leaseId: string,
  statement: (request: LeaseRequest) => Query,
  signal: AbortSignal,
): Promise<HeldLease | null> {
  const holder = randomUUID();
  const release = (timeoutMs: number): Promise<void> => releaseIfReachable(runner, { leaseId, holder }, timeoutMs);
  const request = { leaseId, holder, seconds: runner.timings.leaseSeconds };
  try {
    const job = await runStatement(runner, jobName('take', callName()), statement(request), signal);
    if (!hasChangedRows(job)) return null;
    return { leaseId, holder, [Symbol.asyncDispose]: () => release(RELEASE_TIMEOUT_MS) };
  } catch (error) {
    const isAnswerLost = !isScenedimError(error) && meaningOfFailure(toFailure(error)).newAttempt;
    if (signal.aborted) await release(RELEASE_TIMEOUT_MS);
    else if (isAnswerLost) await release(LOST_ANSWER_TIMEOUT_MS);
    throw error;
  }
}

/** Waits for a lease that is only held for moments; `target_busy` when that takes twice as long as a lease lasts. */
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

/** A lease that could not be released ends by itself. */
async function releaseIfReachable(runner: JobRunner, lease: Lease, timeoutMs: number): Promise<void> {
  const query = releaseLease(runner.config, lease);
  await runStatement(runner, jobName('release', callName()), query, AbortSignal.timeout(timeoutMs)).catch(() => {});
}
