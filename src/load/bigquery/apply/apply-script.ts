import { OPEN_END } from '../../../instant.ts';
import type { ChangeSet } from '../../loader.ts';
import type { Query } from '../jobs/run-query.ts';
import { guardParameters, hasCommitLease } from '../leases/assert-leases.ts';
import type { Lease } from '../leases/lease-statements.ts';
import { instantParameter, integerParameter, type QueryParameter } from '../sql/query-parameter.ts';
import type { DatasetName } from '../sql/table-path.ts';
import { applyStatements, type StagedSources } from './apply-statements.ts';
import { possiblyStoredObservations } from './possibly-stored.ts';
import { runParameters } from './run-row.ts';

/** The script that applies a batch: one job, whatever the batch holds. */
export function applyScript(
  place: DatasetName,
  changeSet: ChangeSet,
  sources: StagedSources,
  leases: readonly Lease[],
  leaseSeconds: number,
): Query {
  const { run, heads, decisions, versions } = changeSet;
  const unproven = sources.observation === undefined ? [] : possiblyStoredObservations(changeSet);
  const looksForObservations = unproven.length > 0;
  const guard = { leases: leases.length, hasCommitLease: hasCommitLease(leases) };
  const statements = applyStatements(place, {
    sources,
    guard,
    looksForObservations,
    headOperations: new Set(heads.map(({ before }) => (before === null ? 'insert' : 'update'))),
    versionOperations: new Set(versions.map(({ op }) => op)),
  });
  // A record of the run alone may come twice for the same batch: with it, and at the end of the run.
  const isRecordAlone = Object.keys(sources).length === 0;
  return {
    sql: `${statements.map(({ sql }) => sql).join(';\n\n')};`,
    parameters: [
      ...guardParameters(leases, leaseSeconds),
      integerParameter('first_unapplied', isRecordAlone ? run.batches + 1 : run.batches),
      ...runParameters(run),
      ...(sources.head === undefined ? [] : [integerParameter('head_rows', heads.length)]),
      ...(looksForObservations ? spanParameters('observed', unproven) : []),
      ...(sources.decision === undefined
        ? []
        : [...spanParameters('decided', decisions), integerParameter('decision_rows', decisions.length)]),
      ...(sources.version === undefined ? [] : [integerParameter('version_rows', versions.length)]),
    ],
  };
}

/** The oldest and the newest instant: constants, by which BigQuery leaves other partitions unread. */
function spanParameters(name: string, rows: readonly { readonly observedAt: bigint }[]): readonly QueryParameter[] {
  let first = OPEN_END;
  let last = 0n;
  for (const { observedAt } of rows) {
    if (observedAt < first) first = observedAt;
    if (observedAt > last) last = observedAt;
  }
  return [instantParameter(`first_${name}`, first), instantParameter(`last_${name}`, last)];
}
