import { assertMessages } from '../errors/classify-error.ts';
import { type Condition, rowCountAssertion, type ScriptStatement } from '../sql/query.ts';
import { integerParameter, textParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import type { Lease } from './lease-statements.ts';
import { COMMIT_LEASE } from './lease-table.ts';

/**
 * The first statements of every transaction: they fail the transaction unless the leases are still ours. They renew the leases
 * for `seconds`, because a renewal of its own would wait behind the transaction. The commit lease, which is the last one, they
 * give back.
 *
 * Each UPDATE writes to the row of its lease. BigQuery cancels a transaction when another one has written to the same table, and
 * lets single statements wait for its end. So no run can take a lease over between this check and the commit. A transaction that
 * only reads the row conflicts with no other.
 *
 * BigQuery alone does not keep two runs apart. Two transactions that only insert never conflict, so two runs that see the same new
 * account would both add it. A job that a killed client left in the queue conflicts with no other when it starts hours later. The
 * holder and the end of the lease stop both.
 */
export function assertLeasesStatements(
  place: DatasetName,
  leases: readonly Lease[],
  seconds: number,
): readonly ScriptStatement[] {
  return leases.flatMap((lease, n) => {
    const isCommitLease = lease.leaseId === COMMIT_LEASE;
    const held = heldCondition(lease, n);
    return [
      {
        sql: `UPDATE ${tablePath(place, 'scene_lease')}
SET expires_at = ${isCommitLease ? 'TIMESTAMP_MICROS(0)' : 'TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease_seconds SECOND)'}
WHERE ${held.sql}`,
        parameters: [...held.parameters, ...(isCommitLease ? [] : [integerParameter('lease_seconds', seconds)])],
      },
      rowCountAssertion(1, isCommitLease ? assertMessages.commitLeaseLost : assertMessages.leaseLost),
    ];
  });
}

/** True for the row of a lease that is still held; `n` tells the parameters of several leases apart. */
export function heldCondition({ leaseId, holder }: Lease, n: number): Condition {
  return {
    sql: `lease_id = @lease_id_${n} AND holder = @lease_holder_${n} AND expires_at > CURRENT_TIMESTAMP()`,
    parameters: [textParameter(`lease_id_${n}`, leaseId), textParameter(`lease_holder_${n}`, holder)],
  };
}
