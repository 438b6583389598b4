import type { VersionChange } from '../../../dimension/version.ts';
import { assertMessages } from '../errors/classify-error.ts';
import { guardStatements, type LeaseGuard } from '../leases/assert-leases.ts';
import { assertion, rowCountAssertion, type ScriptStatement } from '../sql/script.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { mergeRunStatements } from './run-row.ts';
import { type StagingPartName, stagingParts } from './staging-parts.ts';

/** What the script reads a staged part from: its table, or in a dry run rows that are not there. */
export type StagedSources = Partial<Readonly<Record<StagingPartName, string>>>;

/** What a batch does to rows of `scene_account`. */
export const headOperations = ['update', 'insert'] as const;
export type HeadOperation = (typeof headOperations)[number];

/** What it does to rows of `dim_scene`. */
export const versionOperations = ['delete', 'update', 'insert'] as const satisfies readonly VersionChange['op'][];
export type VersionOperation = (typeof versionOperations)[number];

/** Which optional parts a script has. */
export interface ScriptParts {
  /** A source for each part of the change set that is not empty. */
  readonly sources: StagedSources;
  readonly guard: LeaseGuard;
  /** Whether an observation of the batch may be stored already, so that the log must be looked into. */
  readonly looksForObservations: boolean;
  /**
   * The operations that the staged heads and versions hold. A MERGE has clauses for no others: one that only inserts bills the
   * keys that it compares, any other the whole table.
   */
  readonly headOperations: ReadonlySet<HeadOperation>;
  readonly versionOperations: ReadonlySet<VersionOperation>;
}

/**
 * The statements that apply a batch, in order, from BEGIN to COMMIT. An ASSERT that fails rolls everything back. Leases, run and
 * heads come first: a batch that is out of date fails there, whatever else does not fit then, and what follows may rely on them.
 *
 * Each table that a statement names bills 10 MiB at least, so what a write can check itself is not read before: its conditions
 * are the rule, and the number of rows that it wrote tells whether all of them fulfilled it. A batch of accounts that did not
 * change names scene_lease, scene_run, scene_account and the two staging tables, and nothing that grows with the time.
 */
export function applyStatements(
  place: DatasetName,
  { sources, guard, looksForObservations, ...operations }: ScriptParts,
): readonly ScriptStatement[] {
  return [
    { sql: 'BEGIN TRANSACTION' },
    ...guardStatements(place, guard),
    ...mergeRunStatements(place),
    ...(sources.head === undefined ? [] : mergeHeads(place, sources.head, operations.headOperations)),
    ...(sources.payload === undefined ? [] : [insertPayloads(place, sources.payload)]),
    ...(sources.observation === undefined ? [] : insertObservations(place, sources.observation, looksForObservations)),
    ...(sources.decision === undefined ? [] : mergeDecisions(place, sources.decision)),
    ...(sources.reject === undefined ? [] : [insertRejects(place, sources.reject)]),
    ...(sources.version === undefined ? [] : mergeVersions(place, sources.version, operations.versionOperations)),
    { sql: 'COMMIT TRANSACTION' },
  ];
}

/** Writes the heads whose stored revision is the one that was read, and asserts that those are all. */
function mergeHeads(
  place: DatasetName,
  source: string,
  operations: ReadonlySet<HeadOperation>,
): readonly ScriptStatement[] {
  const columns = Object.keys(stagingParts.head.columns).filter((column) => column !== 'revision_before');
  const changing = columns.filter((column) => column !== 'app_id');
  const clauses: readonly Clause<HeadOperation>[] = [
    ['update', `WHEN MATCHED AND a.revision = s.revision_before THEN\n  UPDATE SET ${assignmentsOf(changing)}`],
    ['insert', `WHEN NOT MATCHED AND s.revision_before IS NULL THEN\n  ${insertionOf(columns)}`],
  ];
  return [
    {
      sql: `MERGE ${tablePath(place, 'scene_account')} AS a
USING ${source} AS s
ON a.app_id = s.app_id
${clausesOf(clauses, operations)}`,
    },
    rowCountAssertion('@head_rows', assertMessages.staleHeads),
  ];
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

function insertObservations(
  place: DatasetName,
  source: string,
  looksForObservations: boolean,
): readonly ScriptStatement[] {
  const table = tablePath(place, 'scene_observation');
  const columns = Object.keys(stagingParts.observation.columns);
  const noneIsStored = assertion(
    `NOT EXISTS (
  SELECT 1 FROM ${source} AS s
  JOIN ${table} AS o ON o.app_id = s.app_id AND o.observed_at = s.observed_at
  WHERE o.observed_at BETWEEN @first_observed AND @last_observed
)`,
    assertMessages.staleRows,
  );
  return [
    ...(looksForObservations ? [noneIsStored] : []),
    {
      sql: `INSERT INTO ${table} (${columns.join(', ')})
SELECT ${columns.map((column) => `s.${column}`).join(', ')}
FROM ${source} AS s`,
    },
  ];
}

function mergeDecisions(place: DatasetName, source: string): readonly ScriptStatement[] {
  return [
    {
      sql: `MERGE ${tablePath(place, 'scene_observation')} AS o
USING ${source} AS s
ON o.app_id = s.app_id AND o.observed_at = s.observed_at AND o.observed_at BETWEEN @first_decided AND @last_decided
WHEN MATCHED THEN
  UPDATE SET status = s.status, hold_reason = s.hold_reason, decided_at = s.decided_at`,
    },
    rowCountAssertion('@decision_rows', assertMessages.staleRows),
  ];
}

function insertRejects(place: DatasetName, source: string): ScriptStatement {
  return {
    sql: `INSERT INTO ${tablePath(place, 'scene_reject')} (run_id, app_id, observed_at, row_index, reason, raw)
SELECT @run_id, s.app_id, s.observed_at, s.row_index, s.reason, s.raw
FROM ${source} AS s`,
  };
}

/**
 * Changes the dimension by version_id. Any UPDATE or DELETE in a MERGE bills the whole of dim_scene, however few its rows are, and
 * its version_id once more; without them it bills the version_id alone. The overlap is looked for in three columns.
 */
function mergeVersions(
  place: DatasetName,
  source: string,
  operations: ReadonlySet<VersionOperation>,
): readonly ScriptStatement[] {
  const table = tablePath(place, 'dim_scene');
  const columns = Object.keys(stagingParts.version.columns).filter((column) => column !== 'op');
  const changing = columns.filter((column) => column !== 'version_id');
  const clauses: readonly Clause<VersionOperation>[] = [
    ['delete', "WHEN MATCHED AND s.op = 'delete' THEN\n  DELETE"],
    ['update', `WHEN MATCHED AND s.op = 'update' THEN\n  UPDATE SET ${assignmentsOf(changing)}`],
    ['insert', `WHEN NOT MATCHED AND s.op = 'insert' THEN\n  ${insertionOf(columns)}`],
  ];
  return [
    {
      sql: `MERGE ${table} AS d
USING ${source} AS s
ON d.version_id = s.version_id
${clausesOf(clauses, operations)}`,
    },
    // One that was to be new but is stored, or was to be changed but is not, was not counted.
    rowCountAssertion('@version_rows', assertMessages.staleRows),
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

/** A clause of a MERGE, and the operation that it does. */
type Clause<Operation> = readonly [operation: Operation, sql: string];

function clausesOf<Operation>(clauses: readonly Clause<Operation>[], operations: ReadonlySet<Operation>): string {
  return clauses.flatMap(([operation, sql]) => (operations.has(operation) ? [sql] : [])).join('\n');
}

function assignmentsOf(columns: readonly string[]): string {
  return columns.map((column) => `${column} = s.${column}`).join(', ');
}

function insertionOf(columns: readonly string[]): string {
  return `INSERT (${columns.join(', ')})
  VALUES (${columns.map((column) => `s.${column}`).join(', ')})`;
}
