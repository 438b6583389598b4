import type { VersionChange } from '../../../dimension/version.ts';
import type { Micros } from '../../../instant.ts';
import type { RunRecord } from '../../loader.ts';
import { assertMessages } from '../errors/classify-error.ts';
import { assertLeasesStatements } from '../leases/assert-leases.ts';
import type { Lease } from '../leases/lease-statements.ts';
import { betweenAccounts } from '../read/account-conditions.ts';
import { assertion, rowCountAssertion, type ScriptStatement } from '../sql/query.ts';
import { instantParameter, integerParameter, type QueryParameter, textParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { mergeRunStatements } from './run-row.ts';
import { type StagingPartName, stagingParts } from './staging-parts.ts';

/** What the script reads a staged part from: its table, or in a dry run a SELECT of one empty row. */
export type StagedSources = Partial<Readonly<Record<StagingPartName, string>>>;

/** What a batch does to rows of `scene_account`. */
export const headOperations = ['update', 'insert'] as const;
export type HeadOperation = (typeof headOperations)[number];

/** What a batch does to rows of `dim_scene`. */
export const versionOperations = ['delete', 'update', 'insert'] as const satisfies readonly VersionChange['op'][];
export type VersionOperation = (typeof versionOperations)[number];

/** From the oldest to the newest observation, both included: BigQuery leaves the other partitions unread. */
export interface TimeSpan {
  readonly first: Micros;
  readonly last: Micros;
}

/**
 * Rows to merge: how many, and what is done to them. A MERGE has clauses for these operations only: one that only inserts bills the
 * keys that it compares, any other the whole table.
 */
export interface MergedRows<Operation> {
  readonly rows: number;
  readonly operations: ReadonlySet<Operation>;
}

/** What a script is made of. */
export interface ScriptParts {
  readonly run: RunRecord;
  /** A source for each part of the change set that is not empty. */
  readonly sources: StagedSources;
  /** The leases that must be held; the commit lease, when it is among them, is the last one. */
  readonly leases: readonly Lease[];
  readonly leaseSeconds: number;
  /** Where an observation of the batch may be stored already, so that the log must be read; null: none is. */
  readonly possiblyStored: TimeSpan | null;
  readonly heads: MergedRows<HeadOperation>;
  /** Whether some bodies replace damaged ones. */
  readonly replacesPayloads: boolean;
  readonly decisions: { readonly rows: number; readonly span: TimeSpan | null };
  readonly removed: RemovedRows;
  readonly versions: MergedRows<VersionOperation>;
}

/** What is deleted of the log. */
export interface RemovedRows {
  readonly observations: number;
  readonly span: TimeSpan | null;
  /** Their accounts. */
  readonly appIds: readonly string[];
  readonly payloads: number;
}

/**
 * The statements that apply a batch, in order, from BEGIN to COMMIT. An ASSERT that fails rolls everything back. Leases, run and
 * heads come first: a batch that is out of date fails there, and what follows may rely on them.
 *
 * Each table that a statement names bills 10 MiB at least, so a row is not read before it is written: the conditions of the write are
 * the rule, and the number of written rows tells whether all rows fulfilled it. A batch of unchanged accounts names scene_lease,
 * scene_run, scene_account and the two staging tables, and nothing that grows with time.
 */
export function applyStatements(place: DatasetName, parts: ScriptParts): readonly ScriptStatement[] {
  const { run, sources, leases, leaseSeconds } = parts;
  // A record of the run alone may come twice for the same batch: with the batch, and at the end of the run.
  const isRecordAlone = Object.keys(sources).length === 0;
  return [
    { sql: 'BEGIN TRANSACTION' },
    ...assertLeasesStatements(place, leases, leaseSeconds),
    ...mergeRunStatements(place, run, isRecordAlone ? run.batches + 1 : run.batches),
    ...(sources.head === undefined ? [] : mergeHeads(place, sources.head, parts.heads)),
    ...(sources.payload === undefined ? [] : writePayloads(place, sources.payload, parts.replacesPayloads)),
    ...(sources.observation === undefined ? [] : insertObservations(place, sources.observation, parts.possiblyStored)),
    ...(sources.decision === undefined ? [] : mergeDecisions(place, sources.decision, parts.decisions)),
    ...(sources.removed_observation === undefined
      ? []
      : removeObservations(place, sources.removed_observation, parts.removed)),
    ...(sources.removed_payload === undefined ? [] : removePayloads(place, sources.removed_payload, parts.removed)),
    ...(sources.reject === undefined ? [] : [insertRejects(place, sources.reject, run)]),
    ...(sources.version === undefined ? [] : mergeVersions(place, sources.version, parts.versions)),
    { sql: 'COMMIT TRANSACTION' },
  ];
}

/** Writes the heads whose stored revision is the one that was read, and asserts that these were all heads. */
function mergeHeads(
  place: DatasetName,
  source: string,
  { rows, operations }: MergedRows<HeadOperation>,
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
    rowCountAssertion(integerParameter('head_rows', rows), assertMessages.staleHeads),
  ];
}

/** To insert bills the hashes that are stored, to replace bills all bodies: so that is left out where nothing is damaged. */
function writePayloads(place: DatasetName, source: string, replaces: boolean): readonly ScriptStatement[] {
  const table = tablePath(place, 'scene_payload');
  const update = {
    sql: `UPDATE ${table} AS p
SET body = s.body, byte_length = s.byte_length
FROM ${source} AS s
WHERE p.payload_hash = s.payload_hash AND s.replaces`,
  };
  const insert = {
    sql: `INSERT INTO ${table} (payload_hash, body, byte_length)
SELECT s.payload_hash, s.body, s.byte_length
FROM ${source} AS s
LEFT JOIN ${table} AS p ON p.payload_hash = s.payload_hash
WHERE p.payload_hash IS NULL`,
  };
  return replaces ? [update, insert] : [insert];
}

function insertObservations(
  place: DatasetName,
  source: string,
  possiblyStored: TimeSpan | null,
): readonly ScriptStatement[] {
  const table = tablePath(place, 'scene_observation');
  const columns = Object.keys(stagingParts.observation.columns);
  return [
    ...(possiblyStored === null ? [] : [assertNoneIsStored(table, source, possiblyStored)]),
    {
      sql: `INSERT INTO ${table} (${columns.join(', ')})
SELECT ${columns.map((column) => `s.${column}`).join(', ')}
FROM ${source} AS s`,
    },
  ];
}

function assertNoneIsStored(table: string, source: string, span: TimeSpan): ScriptStatement {
  const sql = `NOT EXISTS (
  SELECT 1 FROM ${source} AS s
  JOIN ${table} AS o ON o.app_id = s.app_id AND o.observed_at = s.observed_at
  WHERE o.observed_at BETWEEN @first_observed AND @last_observed
)`;
  return assertion({ sql, parameters: spanParameters('observed', span) }, assertMessages.staleRows);
}

function mergeDecisions(
  place: DatasetName,
  source: string,
  { rows, span }: ScriptParts['decisions'],
): readonly ScriptStatement[] {
  return [
    {
      sql: `MERGE ${tablePath(place, 'scene_observation')} AS o
USING ${source} AS s
ON o.app_id = s.app_id AND o.observed_at = s.observed_at AND o.observed_at BETWEEN @first_decided AND @last_decided
WHEN MATCHED THEN
  UPDATE SET status = s.status, hold_reason = s.hold_reason, decided_at = s.decided_at, decision_note = s.decision_note`,
      parameters: spanParameters('decided', span),
    },
    rowCountAssertion(integerParameter('decision_rows', rows), assertMessages.staleRows),
  ];
}

/** BigQuery reads only the accounts of the batch, and of the log only its days. How many rejects go with them is not known. */
function removeObservations(
  place: DatasetName,
  source: string,
  { observations, span, appIds }: RemovedRows,
): readonly ScriptStatement[] {
  const range = betweenAccounts(appIds);
  const parameters = [...spanParameters('removed', span), ...range.parameters];
  const removeFrom = (table: 'scene_observation' | 'scene_reject'): ScriptStatement => ({
    sql: `DELETE FROM ${tablePath(place, table)} AS o
WHERE o.observed_at BETWEEN @first_removed AND @last_removed AND ${range.sql}
  AND EXISTS (SELECT 1 FROM ${source} AS s WHERE s.app_id = o.app_id AND s.observed_at = o.observed_at)`,
    parameters,
  });
  const counted = rowCountAssertion(integerParameter('removed_rows', observations), assertMessages.staleRows);
  return [removeFrom('scene_observation'), counted, removeFrom('scene_reject')];
}

/** Bills all bodies, so it is left out where none goes. */
function removePayloads(place: DatasetName, source: string, { payloads }: RemovedRows): readonly ScriptStatement[] {
  return [
    {
      sql: `DELETE FROM ${tablePath(place, 'scene_payload')} AS p
WHERE EXISTS (SELECT 1 FROM ${source} AS s WHERE s.payload_hash = p.payload_hash)`,
    },
    rowCountAssertion(integerParameter('removed_bodies', payloads), assertMessages.staleRows),
  ];
}

/** Without a span both parameters are NULL. */
function spanParameters(name: string, span: TimeSpan | null): readonly QueryParameter[] {
  return [instantParameter(`first_${name}`, span?.first ?? null), instantParameter(`last_${name}`, span?.last ?? null)];
}

function insertRejects(place: DatasetName, source: string, { runId }: RunRecord): ScriptStatement {
  return {
    sql: `INSERT INTO ${tablePath(place, 'scene_reject')} (run_id, app_id, observed_at, row_index, reason, raw)
SELECT @run_id, s.app_id, s.observed_at, s.row_index, s.reason, s.raw
FROM ${source} AS s`,
    parameters: [textParameter('run_id', runId)],
  };
}

/**
 * Changes the dimension by version_id, then asserts that no scene has two versions with the same end. A MERGE with UPDATE or DELETE
 * bills the whole of dim_scene, however few rows it changes; one that only inserts bills the column version_id.
 */
function mergeVersions(
  place: DatasetName,
  source: string,
  { rows, operations }: MergedRows<VersionOperation>,
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
    // Not counted: a new version that is stored already, and a changed version that is not stored.
    rowCountAssertion(integerParameter('version_rows', rows), assertMessages.staleRows),
    // Stands in for UNIQUE (app_id, scene_key, effective_to), which forbids two open versions of a scene.
    assertion(
      {
        sql: `NOT EXISTS (
  SELECT 1 FROM ${table} AS d
  JOIN (SELECT DISTINCT s.app_id, s.scene_key FROM ${source} AS s) AS t
  ON t.app_id = d.app_id AND t.scene_key = d.scene_key
  GROUP BY d.app_id, d.scene_key, d.effective_to
  HAVING COUNT(*) > 1
)`,
        parameters: [],
      },
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
