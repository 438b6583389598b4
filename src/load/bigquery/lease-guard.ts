import { assertMessages } from './classify-error.ts';
import type { Lease } from './lease-statements.ts';
import { COMMIT_LEASE } from './lease-table.ts';
import { integerParameter, type QueryParameter, textParameter } from './query-parameter.ts';
import { assertion, type ScriptStatement } from './script-statement.ts';
import { type DatasetName, tablePath } from './table-path.ts';

/** Which leases guard a script. */
export interface LeaseGuard {
  readonly leases: number;
  /** Whether the last of them is the commit lease, which the script gives back. */
  readonly hasCommitLease: boolean;
}

/**
 * The first statements of every transaction: they fail it unless our leases are still ours.
 *
 * The UPDATE writes to the rows although it changes nothing there: BigQuery cancels a transaction that wrote to a table
 * which another one wrote to meanwhile, and queues single statements behind it, so nobody can take a lease over between this
 * check and the commit. To only read the row would not conflict with that.
 *
 * BigQuery's own conflict detection is not enough by itself: two transactions that only insert never conflict, so two runs that
 * both see a new account would both add it; and a job that a killed client left in the queue conflicts with nobody when it
 * starts hours later. Lease, token and end of the lease stop both.
 */
export function guardStatements(
  place: DatasetName,
  { leases, hasCommitLease }: LeaseGuard,
): readonly ScriptStatement[] {
  const table = tablePath(place, 'scene_lease');
  const ours = Array.from({ length: leases }, (_, n) => `(lease_id = @lease_id_${n} AND token = @lease_token_${n})`);
  const given = `IF(lease_id = '${COMMIT_LEASE}', TIMESTAMP_MICROS(0), expires_at)`;
  const commit = leases - 1;
  return [
    {
      sql: `UPDATE ${table}
SET expires_at = ${hasCommitLease ? given : 'expires_at'}
WHERE expires_at > CURRENT_TIMESTAMP() AND (${ours.join(' OR ')})`,
    },
    ...ours
      .slice(0, hasCommitLease ? commit : leases)
      .map((own) =>
        assertion(
          `EXISTS (SELECT 1 FROM ${table} WHERE expires_at > CURRENT_TIMESTAMP() AND ${own})`,
          assertMessages.leaseLost,
        ),
      ),
    ...(hasCommitLease
      ? [
          assertion(
            `EXISTS (SELECT 1 FROM ${table} WHERE expires_at = TIMESTAMP_MICROS(0) AND ${ours[commit] ?? 'FALSE'})`,
            assertMessages.commitLeaseLost,
          ),
        ]
      : []),
  ];
}

/** The parameters of {@link guardStatements}. */
export function guardParameters(leases: readonly Lease[]): readonly QueryParameter[] {
  return leases.flatMap(({ leaseId, token }, n) => [
    textParameter(`lease_id_${n}`, leaseId),
    integerParameter(`lease_token_${n}`, token),
  ]);
}
