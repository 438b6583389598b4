import type { Query } from '../jobs/run-query.ts';
import { integerParameter, type QueryParameter, textParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { COMMIT_LEASE } from './lease-table.ts';

/** A lease that was taken: a right to write until it ends. */
export interface Lease {
  /** As in `scene_lease`: `target`, `shard-0-of-2`, `commit`, `migrate`. */
  readonly leaseId: string;
  /** Who took it: a random name, new each time that the lease is taken, so whoever has another one has lost it. */
  readonly holder: string;
}

/** Who asks for a lease, and for how long. */
export interface LeaseRequest extends Lease {
  readonly seconds: number;
}

/** Whether a lease of the run lock may not be held beside the one that is asked for. */
const isExcluded = `(h.lease_id = 'target' OR STARTS_WITH(h.lease_id, 'shard-'))
    AND (h.lease_id = @lease_id OR NOT ENDS_WITH(h.lease_id, @companions))`;

/**
 * Takes a lease of the run lock when nobody holds one that it excludes; changes no row otherwise. `companions` is what the ids of the
 * leases end with that may be held beside it: `-of-4` for shards of four; null for none.
 *
 * Two who ask at once must not both be given it. BigQuery lets two statements that only insert run side by side, so this one also
 * writes to a row that is always there: of two that update it, one waits for the other and then sees its lease. What the holder
 * has already, it may take again: the answer to the first attempt may have been lost.
 *
 * Leases that it excludes and that have ended are given back for their holders, in whose name a renewal may still be on its way:
 * they are other rows, so it would find its own untouched, and both would be held.
 */
export function takeRunLease(place: DatasetName, request: LeaseRequest, companions: string | null): Query {
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
    parameters: [...requestParameters(request), textParameter('companions', companions ?? 'nobody')],
  };
}

/** When the last of the leases ends that a lease of the run lock excludes; NULL when none is held. */
export function excludedUntil(place: DatasetName, leaseId: string, companions: string | null): Query {
  return {
    sql: `SELECT UNIX_MICROS(MAX(h.expires_at)) FROM ${tablePath(place, 'scene_lease')} AS h
WHERE h.expires_at > CURRENT_TIMESTAMP() AND ${isExcluded}`,
    parameters: [textParameter('lease_id', leaseId), textParameter('companions', companions ?? 'nobody')],
  };
}

/** Takes a lease whose row was made with the table, when it is free or the holder's already; changes no row otherwise. */
export function takeSeededLease(place: DatasetName, request: LeaseRequest): Query {
  return {
    sql: `UPDATE ${tablePath(place, 'scene_lease')}
SET token = token + 1, holder = @holder, expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @seconds SECOND)
WHERE lease_id = @lease_id AND (expires_at <= CURRENT_TIMESTAMP() OR holder = @holder)`,
    parameters: requestParameters(request),
  };
}

/** Holds a lease for longer; changes no row when somebody else has taken it or one that excludes it, or when it was given back. */
export function renewLease(place: DatasetName, { leaseId, holder }: Lease, seconds: number): Query {
  return {
    sql: `UPDATE ${tablePath(place, 'scene_lease')}
SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @seconds SECOND)
WHERE lease_id = @lease_id AND holder = @holder AND expires_at > TIMESTAMP_MICROS(0)`,
    parameters: requestParameters({ leaseId, holder, seconds }),
  };
}

/** Gives a lease back; changes no row when somebody else has taken it. */
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
