import { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import { assertLockScope } from '../assert-lock-scope.ts';
import type { Lock, LockScope } from '../loader.ts';
import { isMissing } from './bigquery-failure.ts';
import { ensureDataset } from './ensure-dataset.ts';
import { hasChangedRows } from './job.ts';
import { callName, jobName } from './job-id.ts';
import { type HeldLease, takeLease } from './lease-holder.ts';
import { excludedUntil, renewLease, takeRunLease } from './lease-statements.ts';
import { createCellReader } from './row-cells.ts';
import type { JobRunner } from './run-job.ts';
import { queryRows, runStatement } from './run-query.ts';

/** The run leases that a loader holds: they guard what it applies. */
export type HeldLeases = Set<HeldLease>;

/** The lease that excludes everybody. */
export const TARGET_LEASE = 'target';

/**
 * Takes the run lock: a lease that is renewed while its holder lives and ends by itself when it died. A dataset that is missing is
 * made, with the table of the leases.
 */
export async function acquireLeaseLock(
  runner: JobRunner,
  held: HeldLeases,
  scope: LockScope,
  signal: AbortSignal,
): Promise<Lock | null> {
  assertLockScope(scope);
  const lease = await takeInNewDataset(runner, scope, signal);
  if (lease === null) return null;
  held.add(lease);
  return keepAlive(runner, held, lease);
}

async function takeInNewDataset(runner: JobRunner, scope: LockScope, signal: AbortSignal): Promise<HeldLease | null> {
  try {
    return await takeScope(runner, scope, signal);
  } catch (error) {
    if (signal.aborted || !isMissing(error)) throw error;
  }
  await ensureDataset(runner, signal);
  return takeScope(runner, scope, signal);
}

function takeScope(runner: JobRunner, scope: LockScope, signal: AbortSignal): Promise<HeldLease | null> {
  const { leaseId, companions } = leaseOf(scope);
  return takeLease(runner, leaseId, (request) => takeRunLease(runner.config, request, companions), signal);
}

/** Until when somebody holds a lease that `scope` excludes, unless it is renewed; null when nobody does. */
export async function leaseEndsAt(runner: JobRunner, scope: LockScope, signal: AbortSignal): Promise<Micros | null> {
  const { leaseId, companions } = leaseOf(scope);
  const [row = []] = await queryRows(runner, excludedUntil(runner.config, leaseId, companions), signal);
  return createCellReader(row, 'scene_lease').instantOrNull();
}

/** The lease of a scope, and what the ids of those end with that may be held beside it. */
function leaseOf(scope: LockScope): { readonly leaseId: string; readonly companions: string | null } {
  return scope.kind === 'exclusive'
    ? { leaseId: TARGET_LEASE, companions: null }
    : { leaseId: `shard-${scope.index}-of-${scope.count}`, companions: `-of-${scope.count}` };
}

/**
 * Renews the lease after a third of its time, so that two renewals may fail. It is lost when the row is no longer ours, or when
 * its time has passed by our own clock, counted from before the last renewal was sent.
 */
function keepAlive(runner: JobRunner, held: HeldLeases, lease: HeldLease): Lock {
  const leaseMs = runner.timings.leaseSeconds * 1_000;
  const lost = new AbortController();
  let endsAt = performance.now() + leaseMs;
  let isReleased = false;
  let renewal: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const renew = async (): Promise<void> => {
    const sentAt = performance.now();
    try {
      const query = renewLease(runner.config, lease, runner.timings.leaseSeconds);
      const job = await runStatement(runner, jobName('renew', callName()), query, AbortSignal.timeout(leaseMs / 2));
      if (!hasChangedRows(job)) lost.abort(lockLost('somebody else has taken it over'));
      else endsAt = sentAt + leaseMs;
    } catch (error) {
      if (performance.now() > endsAt) lost.abort(lockLost('it could not be renewed', error));
    }
    if (!lost.signal.aborted && !isReleased) schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(() => {
      renewal = renew();
    }, leaseMs / 3).unref();
  };
  schedule();
  return {
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => {
      if (isReleased) return;
      isReleased = true;
      clearTimeout(timer);
      // A renewal that arrives after the release would take the lease again.
      await renewal;
      await lease[Symbol.asyncDispose]();
      held.delete(lease);
    },
  };
}

function lockLost(why: string, cause?: unknown): ScenedimError {
  return new ScenedimError('lock_lost', `the lease of the target was lost: ${why}`, {
    remedy: 'run the command again: nothing was written after that',
    cause,
  });
}
