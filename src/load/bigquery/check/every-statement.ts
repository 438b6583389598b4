import type { VersionQuery } from '../../loader.ts';
import {
  applyStatements,
  headOperations,
  type ScriptParts,
  type StagedSources,
  versionOperations,
} from '../apply/apply-statements.ts';
import { type StagingPartName, stagingPartNames, stagingParts } from '../apply/staging-parts.ts';
import type { LeaseGuard } from '../leases/assert-leases.ts';
import { excludedUntil, releaseLease, renewLease, takeRunLease, takeSeededLease } from '../leases/lease-statements.ts';
import { boundariesQuery } from '../read/ordered-pages.ts';
import { headsQuery } from '../read/read-heads.ts';
import { observationsQuery } from '../read/read-observations.ts';
import { payloadsQuery } from '../read/read-payloads.ts';
import { versionsQuery } from '../read/read-versions.ts';
import { metaQuery, updateMetaQuery } from '../schema/meta.ts';
import type { QueryParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { rightProbes } from './check-rights.ts';

/** A statement that a run may send, beside those of `migrate`. */
export interface NamedStatement {
  /** What it does, for people. */
  readonly name: string;
  readonly sql: string;
  /** What its ASSERT asserts: the part of it that a dry run can look at. */
  readonly condition?: string;
}

/**
 * Every statement that a run or `check` can send, with every optional part on and off, each by itself. The first make the staging tables
 * that a run makes through the API, so that an analyzer knows them.
 */
export function everyStatement(place: DatasetName): readonly string[] {
  const staging = stagingPartNames.map((name) => {
    const columns = Object.entries(stagingParts[name].columns).map(([column, type]) => `${column} ${type}`);
    return `CREATE TABLE ${tablePath(place, stagingTable(name))} (${columns.join(', ')})`;
  });
  const sources = sourcesOf((name) => tablePath(place, stagingTable(name)));
  const probes = Object.values(rightProbes(place));
  return [...staging, ...probes, ...namedStatements(place, sources).map(({ sql }) => sql)];
}

/** The statements of a run, each once, reading staged rows from `sources`. */
export function namedStatements(place: DatasetName, sources: StagedSources): readonly NamedStatement[] {
  const all = [...readStatements(place), ...leaseStatements(place), ...scripts(place, sources)];
  return [...new Map(all.map((statement) => [statement.sql, statement])).values()];
}

/** Staged rows that are not there: what a dry run reads instead of a staging table. */
export function noStagedRows(): StagedSources {
  return sourcesOf((name) => {
    const columns = Object.entries(stagingParts[name].columns).map(
      ([column, type]) => `CAST(NULL AS ${type}) AS ${column}`,
    );
    return `(SELECT ${columns.join(', ')})`;
  });
}

function stagingTable(name: StagingPartName): string {
  return `scene_stage_${name}`;
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
    { sceneKey: '' },
    { scenes },
    { appIds: [''], openOnly: true, asOf: 0n, sceneKey: '', scenes },
  ];
  return [
    { name: 'read settings', ...metaQuery(place) },
    ...[[], [{ leaseId: '', holder: '' }]].map((leases) => ({
      name: 'write settings',
      ...updateMetaQuery(place, meta, leases),
    })),
    ...[{}, { appIds: [''] }].map((query) => ({ name: 'read accounts', ...headsQuery(place, query) })),
    ...[{}, { appIds: [''] }].map((query) => ({ name: 'read observations', ...observationsQuery(place, query) })),
    ...versionQueries.map((query) => ({ name: 'read versions', ...versionsQuery(place, query) })),
    ...ranges.map((part) => ({ name: 'read a part of the observations', ...observationsQuery(place, {}, part) })),
    ...ranges.map((part) => ({ name: 'read a part of the versions', ...versionsQuery(place, { asOf: 0n }, part) })),
    ...(['dim_scene', 'scene_observation'] as const).map((table) => ({
      name: 'cut a table into parts',
      ...boundariesQuery(place, table, 4),
    })),
    { name: 'read bodies', ...payloadsQuery(place, ['']) },
  ];
}

function leaseStatements(place: DatasetName): readonly NamedStatement[] {
  const request = { leaseId: '', holder: '', seconds: 1 };
  return [
    { name: 'take the run lease', ...takeRunLease(place, request, null) },
    { name: 'look who holds the run lease', ...excludedUntil(place, '', null) },
    { name: 'take a shared lease', ...takeSeededLease(place, request) },
    { name: 'renew a lease', ...renewLease(place, { leaseId: '', holder: '' }, 1) },
    { name: 'release a lease', ...releaseLease(place, { leaseId: '', holder: '' }) },
  ];
}

function scripts(place: DatasetName, sources: StagedSources): readonly NamedStatement[] {
  const guards: readonly LeaseGuard[] = [
    { leases: 1, hasCommitLease: false },
    { leases: 1, hasCommitLease: true },
    { leases: 2, hasCommitLease: true },
  ];
  const all = {
    sources,
    guard: { leases: 1, hasCommitLease: false },
    looksForObservations: true,
    headOperations: new Set(headOperations),
    versionOperations: new Set(versionOperations),
  };
  const variants: readonly ScriptParts[] = [
    ...guards.map((guard) => ({ ...all, guard })),
    { ...all, looksForObservations: false },
    ...someOf(headOperations).map((operations) => ({ ...all, headOperations: operations })),
    ...someOf(versionOperations).map((operations) => ({ ...all, versionOperations: operations })),
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

/** What a dry run can look at: the condition of an ASSERT, and for rows of a certain time those of now, because NULL is no time. */
export function dryRunText({ sql, condition }: NamedStatement): string {
  return (condition === undefined ? sql : `SELECT ${condition}`).replaceAll('@read_at', 'CURRENT_TIMESTAMP()');
}

/** A NULL for each parameter of a statement, of the type that it has, for a dry run. */
export function nullParameters(sql: string): readonly QueryParameter[] {
  const names = new Set(
    [...sql.matchAll(/(?<!@)@([a-z_]+\d*)/g)].flatMap(([, name]) => (name === undefined ? [] : [name])),
  );
  return [...names].map((name) => {
    const type = parameterType(name);
    return type === 'ARRAY'
      ? { name, parameterType: { type, arrayType: { type: 'STRING' } }, parameterValue: { arrayValues: [] } }
      : { name, parameterType: { type }, parameterValue: {} };
  });
}

function parameterType(name: string): string {
  if (/^(?:app_ids|scenes|hashes)$/.test(name)) return 'ARRAY';
  if (
    /^(?:started_at|finished_at|as_of|open_end|read_at|first_observed|last_observed|first_decided|last_decided)$/.test(
      name,
    )
  )
    return 'TIMESTAMP';
  if (
    /^(?:seconds|lease_seconds|first_unapplied|batches|rejects|schema_version|normalizer_version|(?:head|decision|version)_rows)$/.test(
      name,
    )
  )
    return 'INT64';
  if (/^(?:accounts|observations|versions)_/.test(name)) return 'INT64';
  return name === 'rebuilding' ? 'BOOL' : 'STRING';
}
