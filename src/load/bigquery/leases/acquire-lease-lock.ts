import type { Micros } from '../../../instant.ts';
import { assertLockScope } from '../../assert-lock-scope.ts';
import type { Lock, LockScope } from '../../loader.ts';
import { isMissing } from '../errors/bigquery-failure.ts';
import { createCellReader } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryRows } from '../jobs/run-query.ts';
import { ensureDataset } from './ensure-dataset.ts';
import { excludedUntil, takeRunLease } from './lease-statements.ts';
import { keepLease, type RenewedLease } from './renewed-lease.ts';
import { type HeldLease, takeLease } from './take-lease.ts';

/** The run leases that a loader holds: they guard what it applies. */
export type RunLeases = Set<RenewedLease>;

/** The lease that excludes everybody. */
export const TARGET_LEASE = 'target';

/**
 * Takes the run lock: a lease that is renewed while its holder lives and ends by itself when it died. A dataset that is missing is
 * made, with the table of the leases.
 */
export async function acquireLeaseLock(
  runner: JobRunner,
  held: RunLeases,
  scope: LockScope,
  signal: AbortSignal,
): Promise<Lock | null> {
  assertLockScope(scope);
  const takenAt = performance.now();
  const lease = await takeInNewDataset(runner, scope, signal);
  if (lease === null) return null;
  const kept = keepLease(runner, lease, takenAt);
  held.add(kept);
  return {
    lost: kept.lost,
    [Symbol.asyncDispose]: async () => {
      await kept[Symbol.asyncDispose]();
      held.delete(kept);
    },
  };
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
