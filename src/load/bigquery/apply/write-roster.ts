import type { Micros } from '../../../instant.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import type { RunLeases } from '../leases/acquire-lease-lock.ts';
import { assertLeasesStatements } from '../leases/assert-leases.ts';
import type { Lease } from '../leases/lease-statements.ts';
import { runUnderLeases } from '../leases/under-leases.ts';
import { type ScriptStatement, scriptOf } from '../sql/query.ts';
import { instantParameter, textsParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';

/** The statements that make some accounts the roster, in order, from BEGIN to COMMIT. */
export function rosterStatements(
  place: DatasetName,
  appIds: readonly string[],
  listedAt: Micros,
  leases: readonly Lease[],
  leaseSeconds: number,
): readonly ScriptStatement[] {
  const table = tablePath(place, 'scene_roster');
  const parameters = [textsParameter('app_ids', appIds), instantParameter('listed_at', listedAt)];
  return [
    { sql: 'BEGIN TRANSACTION' },
    ...assertLeasesStatements(place, leases, leaseSeconds),
    {
      sql: `MERGE ${table} AS r
USING (SELECT id FROM UNNEST(@app_ids) AS id) AS l
ON r.app_id = l.id
WHEN MATCHED THEN
  UPDATE SET last_listed_at = @listed_at, left_at = CAST(NULL AS TIMESTAMP)
WHEN NOT MATCHED THEN
  INSERT (app_id, first_listed_at, last_listed_at)
  VALUES (l.id, @listed_at, @listed_at)`,
      parameters,
    },
    {
      sql: `UPDATE ${table}
SET left_at = @listed_at
WHERE left_at IS NULL AND app_id NOT IN (SELECT id FROM UNNEST(@app_ids) AS id)`,
      parameters,
    },
    { sql: 'COMMIT TRANSACTION' },
  ];
}

/**
 * Makes these accounts the roster: one job, and one more for the commit lease of a shard. A request
 * may have 10 MB, which is the array of a quarter of a million accounts.
 */
export async function writeRoster(
  runner: JobRunner,
  held: RunLeases,
  appIds: Iterable<string>,
  listedAt: Micros,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const listed = [...new Set(appIds)];
  const { config, timings } = runner;
  const script = (leases: readonly Lease[]) =>
    scriptOf(rosterStatements(config, listed, listedAt, leases, timings.leaseSeconds));
  await runUnderLeases(runner, held, jobName('roster', callName()), script, signal);
}
