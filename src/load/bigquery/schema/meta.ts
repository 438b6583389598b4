import { firstSeenModes } from '../../../dimension/version.ts';
import { ScenedimError } from '../../../errors.ts';
import type { TargetMeta } from '../../loader.ts';
import { oneOf } from '../../one-of.ts';
import { isMissing } from '../errors/bigquery-failure.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryRows, runStatement } from '../jobs/run-query.ts';
import { heldCondition } from '../leases/assert-leases.ts';
import type { Lease } from '../leases/lease-statements.ts';
import type { Query } from '../sql/query.ts';
import { booleanParameter, integerParameter, textParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';

/** The row of `scene_meta`. */
export function metaQuery(place: DatasetName): Query {
  return {
    sql: `SELECT schema_version, normalizer_version, first_seen, time_zone, catalog_hash, rebuilding FROM ${tablePath(place, 'scene_meta')} WHERE only_row`,
  };
}

/**
 * Replaces what the row of `scene_meta` says, if all of these leases are still held. A killed `rebuild` may have left this job in
 * the queue, and the job may start when another `rebuild` has stored other settings.
 */
export function updateMetaQuery(place: DatasetName, meta: TargetMeta, leases: readonly Lease[]): Query {
  const held = leases.map(heldCondition);
  const conditions = held.map(({ sql }) => `EXISTS (SELECT 1 FROM ${tablePath(place, 'scene_lease')} WHERE ${sql})`);
  return {
    sql: `UPDATE ${tablePath(place, 'scene_meta')}
SET schema_version = @schema_version, normalizer_version = @normalizer_version, first_seen = @first_seen,
  time_zone = @time_zone, catalog_hash = @catalog_hash, rebuilding = @rebuilding
WHERE ${['only_row', ...conditions].join(' AND ')}`,
    parameters: [
      integerParameter('schema_version', meta.schemaVersion),
      integerParameter('normalizer_version', meta.normalizerVersion),
      textParameter('first_seen', meta.firstSeen),
      textParameter('time_zone', meta.timeZone),
      textParameter('catalog_hash', meta.catalogHash),
      booleanParameter('rebuilding', meta.rebuilding),
      ...held.flatMap(({ parameters }) => parameters),
    ],
  };
}

/** The stored settings; null without dataset, table or row, and while a first migration is unfinished (version 0). */
export async function readMeta(runner: JobRunner, signal: AbortSignal): Promise<TargetMeta | null> {
  signal.throwIfAborted();
  const [row] = await queryRows(runner, metaQuery(runner.config), signal).catch((error: unknown) => {
    if (signal.aborted || !isMissing(error)) throw error;
    return [];
  });
  if (row === undefined) return null;
  const cells = new RowCells(row, 'scene_meta');
  const meta = {
    schemaVersion: Number(cells.integer()),
    normalizerVersion: Number(cells.integer()),
    firstSeen: oneOf(firstSeenModes, cells.text(), 'scene_meta.first_seen'),
    timeZone: cells.text(),
    catalogHash: cells.text(),
    rebuilding: cells.flag(),
  };
  return meta.schemaVersion === 0 ? null : meta;
}

/** Replaces the stored settings; `lock_lost` when a lease of ours was lost. */
export async function writeMeta(
  runner: JobRunner,
  leases: readonly Lease[],
  meta: TargetMeta,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const query = updateMetaQuery(runner.config, meta, leases);
  const job = await runStatement(runner, jobName('meta', callName()), query, signal);
  if (job.statistics?.query?.numDmlAffectedRows !== '0') return;
  if (leases.length > 0 && (await readMeta(runner, signal)) !== null) {
    throw new ScenedimError('lock_lost', 'the lease of the target was lost, so its settings were not stored', {
      remedy: 'run the command again',
    });
  }
  throw new ScenedimError('schema_outdated', 'scene_meta holds no row', { remedy: 'run scenedim migrate' });
}
