import type { JobRunner } from '../jobs/run-job.ts';
import { runStatement } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { type RunLeases, TARGET_LEASE } from './acquire-lease-lock.ts';
import type { Lease } from './lease-statements.ts';
import { COMMIT_LEASE } from './lease-table.ts';
import type { RenewedLease } from './renewed-lease.ts';
import { waitForLease } from './take-lease.ts';

/**
 * Runs a script of one transaction that begins with `assertLeasesStatements` of the leases that it
 * is given: those of the run, and the commit lease unless the run has the target to itself. The
 * script gives the commit lease back.
 */
export async function runUnderLeases(
  runner: JobRunner,
  held: RunLeases,
  name: string,
  script: (leases: readonly Lease[]) => Query,
  signal: AbortSignal,
): Promise<void> {
  const leases: Lease[] = [...held];
  await using stack = new AsyncDisposableStack();
  if (!leases.some(({ leaseId }) => leaseId === TARGET_LEASE)) {
    leases.push(stack.use(await waitForLease(runner, COMMIT_LEASE, signal)));
  }
  await renewing([...held], () => runStatement(runner, name, script(leases), signal));
  // The script has given the commit lease back.
  stack.move();
}

/** Does work that renews some leases. */
function renewing<T>([first, ...others]: readonly RenewedLease[], work: () => Promise<T>): Promise<T> {
  return first === undefined ? work() : first.duringCommit(() => renewing(others, work));
}
