import type { MigrateOptions, MigrateResult, TargetMeta } from '../../loader.ts';
import { listMigrationFiles } from '../../migration-files.ts';
import { assertNotNewer } from '../../schema-version.ts';
import { readDatasetExpirations } from '../jobs/dataset-location.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { runStatement } from '../jobs/run-query.ts';
import { ensureDataset } from '../leases/ensure-dataset.ts';
import { MIGRATE_LEASE } from '../leases/lease-table.ts';
import { waitForLease } from '../leases/take-lease.ts';
import { readMeta } from './meta.ts';
import { migrationStatements, newestSchemaVersion } from './migrations.ts';

/**
 * Brings the dataset to the newest schema, with a lease of its own: of many runs that start at once, one migrates and the others find
 * nothing to do. All statements are one script. Each may run again, so the next migration repairs a killed one.
 */
export async function migrateTarget(
  runner: JobRunner,
  options: MigrateOptions,
  signal: AbortSignal,
): Promise<MigrateResult> {
  const toVersion = newestSchemaVersion();
  const unchanged = { fromVersion: toVersion, toVersion, applied: [] };
  if (isCurrent(await readMeta(runner, signal), options)) return unchanged;
  await ensureDataset(runner, signal);
  await using _lease = await waitForLease(runner, MIGRATE_LEASE, signal);
  const meta = await readMeta(runner, signal);
  if (isCurrent(meta, options)) return unchanged;
  const pending = listMigrationFiles('bigquery').filter(({ number }) => number > (meta?.schemaVersion ?? 0));
  const { tables, partitions } = await readDatasetExpirations(runner.client, runner.config, signal);
  const keepForever = tables !== null || partitions !== null;
  const sql = migrationStatements(runner.config, options, { keepForever })
    .map((statement) => `${statement.replace(/;\s*$/, '')};`)
    .join('\n\n');
  await runStatement(runner, jobName('migrate', callName()), { sql }, signal);
  return { fromVersion: meta?.schemaVersion ?? null, toVersion, applied: pending.map(({ name }) => name) };
}

function isCurrent(meta: TargetMeta | null, { timeZone, catalog }: MigrateOptions): boolean {
  assertNotNewer(meta, newestSchemaVersion());
  if (meta === null || meta.schemaVersion !== newestSchemaVersion()) return false;
  return meta.timeZone === timeZone && meta.catalogHash === catalog.hash;
}
