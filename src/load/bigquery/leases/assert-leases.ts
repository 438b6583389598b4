import { assertMessages } from '../errors/classify-error.ts';
import { integerParameter, type QueryParameter, textParameter } from '../sql/query-parameter.ts';
import { rowCountAssertion, type ScriptStatement } from '../sql/script.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import type { Lease } from './lease-statements.ts';
import { COMMIT_LEASE } from './lease-table.ts';

/** Which leases guard a script. */
export interface LeaseGuard {
  readonly leases: number;
  /** Whether the last of them is the commit lease, which the script gives back. */
  readonly hasCommitLease: boolean;
}

/**
 * The first statements of every transaction: they fail it unless our leases are still ours.
 *
 * Each UPDATE writes to the row: BigQuery cancels a transaction that wrote to a table which another one wrote to meanwhile, and
 * queues single statements behind it, so nobody can take a lease over between this check and the commit. To only read the row
 * would not conflict with that. What it writes renews the lease, because our own renewals are queued like all others.
 *
 * BigQuery's own conflict detection is not enough by itself: two transactions that only insert never conflict, so two runs that
 * both see a new account would both add it; and a job that a killed client left in the queue conflicts with nobody when it
 * starts hours later. Lease, holder and end of the lease stop both.
 */
export function guardStatements(
  place: DatasetName,
  { leases, hasCommitLease }: LeaseGuard,
): readonly ScriptStatement[] {
  return Array.from({ length: leases }, (_, n) => {
    const isCommitLease = hasCommitLease && n === leases - 1;
    return [
      {
        sql: `UPDATE ${tablePath(place, 'scene_lease')}
SET expires_at = ${isCommitLease ? 'TIMESTAMP_MICROS(0)' : 'TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_seconds SECOND)'}
WHERE lease_id = @lease_id_${n} AND holder = @lease_holder_${n} AND expires_at > CURRENT_TIMESTAMP()`,
      },
      rowCountAssertion('1', isCommitLease ? assertMessages.commitLeaseLost : assertMessages.leaseLost),
    ];
  }).flat();
}

/** Whether the last of some leases is the commit lease. */
export function hasCommitLease(leases: readonly Lease[]): boolean {
  return leases.at(-1)?.leaseId === COMMIT_LEASE;
}

/** The parameters of {@link guardStatements}; `leaseSeconds` is how long the leases last that are renewed. */
export function guardParameters(leases: readonly Lease[], leaseSeconds: number): readonly QueryParameter[] {
  const renews = leases.some(({ leaseId }) => leaseId !== COMMIT_LEASE);
  return [...holderParameters(leases), ...(renews ? [integerParameter('lease_seconds', leaseSeconds)] : [])];
}

/** Who holds which lease. */
export function holderParameters(leases: readonly Lease[]): readonly QueryParameter[] {
  return leases.flatMap(({ leaseId, holder }, n) => [
    textParameter(`lease_id_${n}`, leaseId),
    textParameter(`lease_holder_${n}`, holder),
  ]);
}
