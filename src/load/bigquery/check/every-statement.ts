/** Every statement that a run or `check` can send, so that BigQuery itself or its analyzer can look at each. */
import type { RunRecord, VersionQuery } from '../../loader.ts';
import { noCounts } from '../../run-counts.ts';
import {
  applyStatements,
  headOperations,
  type ScriptParts,
  type StagedSources,
  versionOperations,
} from '../apply/apply-statements.ts';
import { type StagingPartName, stagingPartNames, stagingParts } from '../apply/staging-parts.ts';
import { rosterStatements } from '../apply/write-roster.ts';
import { lockEndQuery, releaseLease, renewLease, takeRunLease, takeSeededLease } from '../leases/lease-statements.ts';
import { COMMIT_LEASE } from '../leases/lease-table.ts';
import { boundariesQuery } from '../read/ordered-pages.ts';
import { headsQuery } from '../read/read-heads.ts';
import { observationsQuery } from '../read/read-observations.ts';
import { payloadSizesQuery, payloadsQuery } from '../read/read-payloads.ts';
import { rosterQuery } from '../read/read-roster.ts';
import { versionsQuery } from '../read/read-versions.ts';
import { metaQuery, updateMetaQuery } from '../schema/meta.ts';
import type { Query, ScriptStatement } from '../sql/query.ts';
import type { QueryParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { rightProbes } from './check-rights.ts';

/** A statement of a run; those of `migrate` are not among them. */
export interface NamedStatement extends ScriptStatement {
  /** What the statement does, for people. */
  readonly name: string;
}

const lease = { leaseId: '', holder: '' };
const shardLeases = [lease, { ...lease, leaseId: COMMIT_LEASE }];
const run: RunRecord = {
  runId: '',
  command: '',
  startedAt: 0n,
  finishedAt: null,
  outcome: null,
  programVersion: '',
  counts: noCounts,
  batches: 0,
};

/**
 * Every statement that a run or `check` can send, with every optional part on and off, each by itself. The first make the staging tables
 * that a run makes through the API, so that an analyzer knows them.
 */
export function everyStatement(place: DatasetName): readonly Query[] {
  const tableOf = (name: StagingPartName): string => tablePath(place, `scene_stage_${name}`);
  const staging = stagingPartNames.map((name) => {
    const columns = Object.entries(stagingParts[name].columns).map(([column, type]) => `${column} ${type}`);
    return `CREATE TABLE ${tableOf(name)} (${columns.join(', ')})`;
  });
  const withoutParameters = [...staging, ...Object.values(rightProbes(place))].map((sql) => ({ sql }));
  return [...withoutParameters, ...namedStatements(place, sourcesOf(tableOf))];
}

/** The statements of a run, each once, reading staged rows from `sources`. */
export function namedStatements(place: DatasetName, sources: StagedSources): readonly NamedStatement[] {
  const roster = rosterStatements(place, [''], 0n, [lease], 1).map((each) => ({ name: 'write the roster', ...each }));
  const all = [...readStatements(place), ...leaseStatements(place), ...scripts(place, sources), ...roster];
  return [...new Map(all.map((statement) => [statement.sql, statement])).values()];
}

/** What a dry run reads instead of a staging table: one row of NULLs. */
export function emptyRowSources(): StagedSources {
  return sourcesOf((name) => {
    const columns = Object.entries(stagingParts[name].columns).map(
      ([column, type]) => `CAST(NULL AS ${type}) AS ${column}`,
    );
    return `(SELECT ${columns.join(', ')})`;
  });
}

/**
 * What a dry run can look at: of an ASSERT the condition, with NULL for every parameter. Rows as of a certain time become those of
 * now, because NULL is no time.
 */
export function dryRunQuery({ sql, condition, parameters = [] }: NamedStatement): Query {
  return {
    sql: (condition === undefined ? sql : `SELECT ${condition}`).replaceAll('@read_at', 'CURRENT_TIMESTAMP()'),
    parameters: parameters.filter(({ name }) => name !== 'read_at').map(withoutValue),
  };
}

function withoutValue({ name, parameterType }: QueryParameter): QueryParameter {
  return { name, parameterType, parameterValue: parameterType.type === 'ARRAY' ? { arrayValues: [] } : {} };
}

function sourcesOf(source: (name: StagingPartName) => string): StagedSources {
  return Object.fromEntries(stagingPartNames.map((name) => [name, source(name)]));
}

function readStatements(place: DatasetName): readonly NamedStatement[] {
  const meta = {
    schemaVersion: 1,
    normalizerVersion: 1,
    firstSeen: 'beginning',
    timeZone: 'UTC',
    catalogHash: '',
    rebuilding: false,
  } as const;
  const scenes = [{ appId: '', sceneKey: '' }];
  const range = { after: '', until: '', at: 0n };
  const ranges = [range, { ...range, after: null }, { ...range, until: null }];
  const versionQueries: readonly VersionQuery[] = [
    {},
    { appIds: [''] },
    { openOnly: true },
    { asOf: 0n },
    { changedIn: { since: 0n, until: 0n } },
    { sceneKey: '' },
    { scenes },
    { appIds: [''], openOnly: true, asOf: 0n, sceneKey: '', scenes },
  ];
  return [
    { name: 'read settings', ...metaQuery(place) },
    ...[[], [lease]].map((leases) => ({ name: 'write settings', ...updateMetaQuery(place, meta, leases) })),
    ...[{}, { appIds: [''] }].map((query) => ({ name: 'read accounts', ...headsQuery(place, query) })),
    ...[{}, { appIds: [''] }, { notedOnly: true }].map((query) => ({
      name: 'read observations',
      ...observationsQuery(place, query),
    })),
    ...versionQueries.map((query) => ({ name: 'read versions', ...versionsQuery(place, query) })),
    ...ranges.map((part) => ({ name: 'read a part of the observations', ...observationsQuery(place, {}, part) })),
    ...ranges.map((part) => ({ name: 'read a part of the versions', ...versionsQuery(place, { asOf: 0n }, part) })),
    ...(['dim_scene', 'scene_observation'] as const).map((table) => ({
      name: 'cut a table into parts',
      ...boundariesQuery(place, table, 4),
    })),
    { name: 'read the roster', ...rosterQuery(place) },
    { name: 'read bodies', ...payloadsQuery(place, ['']) },
    { name: 'read the sizes of bodies', ...payloadSizesQuery(place) },
  ];
}

function leaseStatements(place: DatasetName): readonly NamedStatement[] {
  const request = { ...lease, seconds: 1 };
  return [
    { name: 'take the run lease', ...takeRunLease(place, request, null) },
    { name: 'look who holds the run lease', ...lockEndQuery(place, '', null) },
    { name: 'take a shared lease', ...takeSeededLease(place, request) },
    { name: 'renew a lease', ...renewLease(place, lease, 1) },
    { name: 'release a lease', ...releaseLease(place, lease) },
  ];
}

function scripts(place: DatasetName, sources: StagedSources): readonly NamedStatement[] {
  const span = { first: 0n, last: 0n };
  const all: ScriptParts = {
    run,
    sources,
    leases: [lease],
    leaseSeconds: 1,
    possiblyStored: span,
    heads: { rows: 0, operations: new Set(headOperations) },
    replacesPayloads: true,
    decisions: { rows: 0, span },
    removed: { observations: 0, span, appIds: [''], payloads: 0 },
    versions: { rows: 0, operations: new Set(versionOperations) },
  };
  const variants: readonly ScriptParts[] = [
    all,
    { ...all, leases: shardLeases },
    { ...all, leases: shardLeases.slice(1) },
    { ...all, possiblyStored: null },
    { ...all, replacesPayloads: false },
    ...someOf(headOperations).map((operations) => ({ ...all, heads: { rows: 0, operations } })),
    ...someOf(versionOperations).map((operations) => ({ ...all, versions: { rows: 0, operations } })),
  ];
  return variants.flatMap((parts) =>
    applyStatements(place, parts).map((statement) => ({ name: 'apply a batch', ...statement })),
  );
}

/** Every choice of at least one. */
function someOf<Value>([first, ...others]: readonly Value[]): ReadonlySet<Value>[] {
  if (first === undefined) return [];
  const without = someOf(others);
  return [new Set([first]), ...without, ...without.map((chosen) => new Set([first, ...chosen]))];
}
