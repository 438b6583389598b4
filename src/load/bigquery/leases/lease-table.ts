import { type DatasetName, tablePath } from '../sql/table-path.ts';

/** The lease that a shard holds while its transaction commits; its row is made with the table. */
export const COMMIT_LEASE = 'commit';
/** The lease of a migration; its row is made with the table. */
export const MIGRATE_LEASE = 'migrate';

/**
 * Makes the table of the leases with the rows `commit` and `migrate`, in one statement, so that no run sees the table without the
 * rows. This table comes before all others, because the lock is taken before the schema is made.
 */
export function createLeaseTableStatement(place: DatasetName): string {
  return `CREATE TABLE IF NOT EXISTS ${tablePath(place, 'scene_lease')} (
  lease_id STRING NOT NULL OPTIONS (description = 'Which right: target, shard-I-of-N, commit or migrate'),
  token INT64 NOT NULL OPTIONS (description = 'How often the lease was taken'),
  holder STRING OPTIONS (description = 'Fencing token: who took it last, a random name that is new each time'),
  expires_at TIMESTAMP NOT NULL OPTIONS (description = 'Until when it is held; in the past when it is free')
)
OPTIONS (description = 'Who may write now: one row a right')
AS SELECT lease_id, 0 AS token, CAST(NULL AS STRING) AS holder, TIMESTAMP_MICROS(0) AS expires_at
FROM UNNEST(['${COMMIT_LEASE}', '${MIGRATE_LEASE}']) AS lease_id`;
}
