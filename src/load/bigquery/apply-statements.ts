import { assertMessages } from './classify-error.ts';
import { guardStatements, type LeaseGuard } from './lease-guard.ts';
import { mergeRunStatement } from './run-row.ts';
import { assertion, type ScriptStatement } from './script-statement.ts';
import { type StagingPartName, stagingParts } from './staging-parts.ts';
import { type DatasetName, tablePath } from './table-path.ts';

/** What the script reads a staged part from: its table, or in a dry run rows that are not there. */
export type StagedSources = Partial<Readonly<Record<StagingPartName, string>>>;

/** Which optional parts a script has. */
export interface ScriptParts {
  /** A source for each part of the change set that is not empty. */
  readonly sources: StagedSources;
  readonly guard: LeaseGuard;
}

/** The statements that apply a batch, in order, from BEGIN to COMMIT. An ASSERT that fails rolls everything back. */
export function applyStatements(place: DatasetName, { sources, guard }: ScriptParts): readonly ScriptStatement[] {
  return [
    { sql: 'BEGIN TRANSACTION' },
    ...guardStatements(place, guard),
    assertion(
      `NOT EXISTS (SELECT 1 FROM ${tablePath(place, 'scene_run')} AS r WHERE r.run_id = @run_id AND r.batches >= @first_unapplied)`,
      assertMessages.appliedAlready,
    ),
    ...(sources.head === undefined ? [] : [assertHeads(place, sources.head)]),
    ...(sources.payload === undefined ? [] : [insertPayloads(place, sources.payload)]),
    ...(sources.observation === undefined ? [] : insertObservations(place, sources.observation)),
    ...(sources.decision === undefined ? [] : mergeDecisions(place, sources.decision)),
    ...(sources.reject === undefined ? [] : [insertRejects(place, sources.reject)]),
    ...(sources.version === undefined ? [] : mergeVersions(place, sources.version)),
    ...(sources.head === undefined ? [] : [mergeHeads(place, sources.head)]),
    mergeRunStatement(place),
    { sql: 'COMMIT TRANSACTION' },
  ];
}

function assertHeads(place: DatasetName, source: string): ScriptStatement {
  return assertion(
    `NOT EXISTS (
  SELECT 1 FROM ${source} AS s
  LEFT JOIN ${tablePath(place, 'scene_account')} AS a ON a.app_id = s.app_id
  WHERE COALESCE(a.revision, -1) != COALESCE(s.expected_revision, -1)
)`,
    assertMessages.staleHeads,
  );
}

function insertPayloads(place: DatasetName, source: string): ScriptStatement {
  const table = tablePath(place, 'scene_payload');
  return {
    sql: `INSERT INTO ${table} (payload_hash, body, byte_length)
SELECT s.payload_hash, s.body, s.byte_length
FROM ${source} AS s
LEFT JOIN ${table} AS p ON p.payload_hash = s.payload_hash
WHERE p.payload_hash IS NULL`,
  };
}

function insertObservations(place: DatasetName, source: string): readonly ScriptStatement[] {
  const table = tablePath(place, 'scene_observation');
  return [
    assertion(
      `NOT EXISTS (
  SELECT 1 FROM ${source} AS s
  JOIN ${table} AS o ON o.app_id = s.app_id AND o.observed_at = s.observed_at
  WHERE o.observed_at BETWEEN @first_observed AND @last_observed
)`,
      assertMessages.staleRows,
    ),
    { sql: insertAll(table, 'observation', source) },
  ];
}

function mergeDecisions(place: DatasetName, source: string): readonly ScriptStatement[] {
  const table = tablePath(place, 'scene_observation');
  const on = 'o.app_id = s.app_id AND o.observed_at = s.observed_at';
  const span = 'o.observed_at BETWEEN @first_decided AND @last_decided';
  return [
    assertion(
      `(SELECT COUNT(*) FROM ${source} AS s JOIN ${table} AS o ON ${on} WHERE ${span}) = (SELECT COUNT(*) FROM ${source} AS s)`,
      assertMessages.staleRows,
    ),
    {
      sql: `MERGE ${table} AS o
USING ${source} AS s
ON ${on} AND ${span}
WHEN MATCHED THEN
  UPDATE SET status = s.status, hold_reason = s.hold_reason, decided_at = s.decided_at`,
    },
  ];
}

function insertRejects(place: DatasetName, source: string): ScriptStatement {
  return {
    sql: `INSERT INTO ${tablePath(place, 'scene_reject')} (run_id, app_id, observed_at, row_index, reason, raw)
SELECT @run_id, s.app_id, s.observed_at, s.row_index, s.reason, s.raw
FROM ${source} AS s`,
  };
}

function mergeVersions(place: DatasetName, source: string): readonly ScriptStatement[] {
  const table = tablePath(place, 'dim_scene');
  const columns = Object.keys(stagingParts.version.columns).filter((column) => column !== 'op');
  const changing = columns.filter((column) => column !== 'version_id');
  return [
    assertion(
      `NOT EXISTS (
  SELECT 1 FROM ${source} AS s
  LEFT JOIN ${table} AS d ON d.version_id = s.version_id
  WHERE (s.op = 'insert') = (d.version_id IS NOT NULL)
)`,
      assertMessages.staleRows,
    ),
    {
      sql: `MERGE ${table} AS d
USING ${source} AS s
ON d.version_id = s.version_id
WHEN MATCHED AND s.op = 'delete' THEN
  DELETE
WHEN MATCHED AND s.op = 'update' THEN
  UPDATE SET ${changing.map((column) => `${column} = s.${column}`).join(', ')}
WHEN NOT MATCHED AND s.op = 'insert' THEN
  INSERT (${columns.join(', ')})
  VALUES (${columns.map((column) => `s.${column}`).join(', ')})`,
    },
    // Stands in for UNIQUE (app_id, scene_key, effective_to), which forbids two open versions of a scene.
    assertion(
      `NOT EXISTS (
  SELECT 1 FROM ${table} AS d
  JOIN (SELECT DISTINCT s.app_id, s.scene_key FROM ${source} AS s) AS t
  ON t.app_id = d.app_id AND t.scene_key = d.scene_key
  GROUP BY d.app_id, d.scene_key, d.effective_to
  HAVING COUNT(*) > 1
)`,
      assertMessages.overlap,
    ),
  ];
}

function mergeHeads(place: DatasetName, source: string): ScriptStatement {
  const columns = Object.keys(stagingParts.head.columns).filter((column) => column !== 'expected_revision');
  const changing = columns.filter((column) => column !== 'app_id');
  return {
    sql: `MERGE ${tablePath(place, 'scene_account')} AS a
USING ${source} AS s
ON a.app_id = s.app_id
WHEN MATCHED THEN
  UPDATE SET ${changing.map((column) => `${column} = s.${column}`).join(', ')}
WHEN NOT MATCHED THEN
  INSERT (${columns.join(', ')})
  VALUES (${columns.map((column) => `s.${column}`).join(', ')})`,
  };
}

function insertAll(table: string, part: StagingPartName, source: string): string {
  const columns = Object.keys(stagingParts[part].columns);
  return `INSERT INTO ${table} (${columns.join(', ')})
SELECT ${columns.map((column) => `s.${column}`).join(', ')}
FROM ${source} AS s`;
}
