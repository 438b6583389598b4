import type { Query } from '../sql/query.ts';
import { integerParameter, type QueryParameter, textParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { COMMIT_LEASE } from './lease-table.ts';

/** A lease that was taken: a right to write until it ends. */
export interface Lease {
  /** As in `scene_lease`: `target`, `shard-0-of-2`, `commit`, `migrate`. */
  readonly leaseId: string;
  /** Who took the lease: a random name, new each time that a lease is taken. Another name in the row means that it was lost. */
  readonly holder: string;
}

/** Who asks for a lease, and for how long. */
export interface LeaseRequest extends Lease {
  readonly seconds: number;
}

/** Whether the lease `h` belongs to the run lock and may not be held beside the requested one. */
const isExcluded = `(h.lease_id = 'target' OR STARTS_WITH(h.lease_id, 'shard-'))
    AND (h.lease_id = @lease_id OR NOT ENDS_WITH(h.lease_id, @compatible_suffix))`;

/**
 * Takes a lease of the run lock, unless another holder has a lease that this one excludes; then no row changes. The ids of leases
 * that may be held beside it end with `compatibleSuffix`: `-of-4` for a shard of four; null when none may.
 *
 * Two runs that ask at once must not both get the lease. BigQuery lets two statements that only insert run side by side, so this
 * one also updates the row `commit`, which is always there: the second statement waits for the first and then sees its lease.
 * A holder may take its own lease again, because the answer to its first attempt may have been lost.
 *
 * An ended lease that this one excludes is set to expired as well. Otherwise a late renewal of its old holder would succeed, and
 * both would hold the lock.
 */
export function takeRunLease(place: DatasetName, request: LeaseRequest, compatibleSuffix: string | null): Query {
  const table = tablePath(place, 'scene_lease');
  const excluded = `h.holder IS DISTINCT FROM @holder AND ${isExcluded}`;
  return {
    sql: `MERGE ${table} AS l
USING (
  SELECT w.lease_id FROM (
    SELECT lease_id FROM UNNEST(['${COMMIT_LEASE}', @lease_id]) AS lease_id
    UNION DISTINCT
    SELECT h.lease_id FROM ${table} AS h WHERE ${excluded}
  ) AS w
  WHERE NOT EXISTS (
    SELECT 1 FROM ${table} AS h WHERE h.expires_at > CURRENT_TIMESTAMP() AND ${excluded}
  )
) AS w
ON l.lease_id = w.lease_id
WHEN MATCHED AND l.lease_id = @lease_id THEN
  UPDATE SET token = l.token + 1, holder = @holder, expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @seconds SECOND)
WHEN MATCHED AND l.lease_id = '${COMMIT_LEASE}' THEN
  UPDATE SET holder = l.holder
WHEN MATCHED THEN
  UPDATE SET expires_at = TIMESTAMP_MICROS(0)
WHEN NOT MATCHED THEN
  INSERT (lease_id, token, holder, expires_at)
  VALUES (w.lease_id, 1, @holder, TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @seconds SECOND))`,
    parameters: [...requestParameters(request), suffixParameter(compatibleSuffix)],
  };
}

/** When the last of the held leases ends that a lease of the run lock excludes; NULL when none is held. */
export function lockEndQuery(place: DatasetName, leaseId: string, compatibleSuffix: string | null): Query {
  return {
    sql: `SELECT UNIX_MICROS(MAX(h.expires_at)) FROM ${tablePath(place, 'scene_lease')} AS h
WHERE h.expires_at > CURRENT_TIMESTAMP() AND ${isExcluded}`,
    parameters: [textParameter('lease_id', leaseId), suffixParameter(compatibleSuffix)],
  };
}

/** Takes a lease whose row was made with the table, if it is free or already the holder's; changes no row otherwise. */
export function takeSeededLease(place: DatasetName, request: LeaseRequest): Query {
  return {
    sql: `UPDATE ${tablePath(place, 'scene_lease')}
SET token = token + 1, holder = @holder, expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @seconds SECOND)
WHERE lease_id = @lease_id AND (expires_at <= CURRENT_TIMESTAMP() OR holder = @holder)`,
    parameters: requestParameters(request),
  };
}

/** Holds a lease for longer; changes no row when it was released, or when another holder took it or one that excludes it. */
export function renewLease(place: DatasetName, { leaseId, holder }: Lease, seconds: number): Query {
  return {
    sql: `UPDATE ${tablePath(place, 'scene_lease')}
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @seconds SECOND)
WHERE lease_id = @lease_id AND holder = @holder AND expires_at > TIMESTAMP_MICROS(0)`,
    parameters: requestParameters({ leaseId, holder, seconds }),
  };
}

/** Gives a lease back; changes no row when another holder has taken it. */
export function releaseLease(place: DatasetName, { leaseId, holder }: Lease): Query {
  return {
    sql: `UPDATE ${tablePath(place, 'scene_lease')}
SET expires_at = TIMESTAMP_MICROS(0)
WHERE lease_id = @lease_id AND holder = @holder`,
    parameters: [textParameter('lease_id', leaseId), textParameter('holder', holder)],
  };
}

function requestParameters({ leaseId, holder, seconds }: LeaseRequest): readonly QueryParameter[] {
  return [textParameter('lease_id', leaseId), textParameter('holder', holder), integerParameter('seconds', seconds)];
}

/** No lease id ends with `nobody`. */
function suffixParameter(compatibleSuffix: string | null): QueryParameter {
  return textParameter('compatible_suffix', compatibleSuffix ?? 'nobody');
}
