import type { Micros } from '../../../instant.ts';
import { assertLockScope } from '../../assert-lock-scope.ts';
import type { Lock, LockScope } from '../../loader.ts';
import { isMissing } from '../errors/bigquery-failure.ts';
import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryRows } from '../jobs/run-query.ts';
import { ensureDataset } from './ensure-dataset.ts';
import { lockEndQuery, takeRunLease } from './lease-statements.ts';
import { RenewedLease } from './renewed-lease.ts';
import { type HeldLease, takeLease } from './take-lease.ts';

/** The leases of the run lock that a loader holds: whatever it writes asserts that they are still held. */
export type RunLeases = Set<RenewedLease>;

/** The lease that excludes every other run. */
export const TARGET_LEASE = 'target';

/**
 * Takes the run lock: a lease that is renewed while its holder lives, and that ends by itself when the holder has died. A missing
 * dataset is made, with the table of the leases.
 */
export async function acquireLeaseLock(
  runner: JobRunner,
  held: RunLeases,
  scope: LockScope,
  signal: AbortSignal,
): Promise<Lock | null> {
  assertLockScope(scope);
  const takenAt = performance.now();
  const taken = await takeInNewDataset(runner, scope, signal);
  if (taken === null) return null;
  const lease = new RenewedLease(runner, taken, takenAt);
  held.add(lease);
  return {
    lost: lease.lost,
    [Symbol.asyncDispose]: async () => {
      await lease[Symbol.asyncDispose]();
      held.delete(lease);
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
  const { leaseId, compatibleSuffix } = leaseOf(scope);
  return takeLease(runner, leaseId, (request) => takeRunLease(runner.config, request, compatibleSuffix), signal);
}

/** Until when another run holds a lease that `scope` excludes, unless the lease is renewed; null when no run holds one. */
export async function lockEndsAt(runner: JobRunner, scope: LockScope, signal: AbortSignal): Promise<Micros | null> {
  const { leaseId, compatibleSuffix } = leaseOf(scope);
  const [row = []] = await queryRows(runner, lockEndQuery(runner.config, leaseId, compatibleSuffix), signal);
  return new RowCells(row, 'scene_lease').instantOrNull();
}

/** The lease of a scope, and the suffix of the ids of the leases that may be held beside it. */
function leaseOf(scope: LockScope): { readonly leaseId: string; readonly compatibleSuffix: string | null } {
  return scope.kind === 'exclusive'
    ? { leaseId: TARGET_LEASE, compatibleSuffix: null }
    : { leaseId: `shard-${scope.index}-of-${scope.count}`, compatibleSuffix: `-of-${scope.count}` };
}
