import { OPEN_END } from '../../instant.ts';
import type { ChangeSet } from '../loader.ts';
import { applyStatements, type StagedSources } from './apply-statements.ts';
import { guardParameters } from './lease-guard.ts';
import type { Lease } from './lease-statements.ts';
import { COMMIT_LEASE } from './lease-table.ts';
import { instantParameter, integerParameter, type QueryParameter } from './query-parameter.ts';
import type { Query } from './run-query.ts';
import { runParameters } from './run-row.ts';
import type { DatasetName } from './table-path.ts';

/** The script that applies a batch: one job, whatever the batch holds. */
export function applyScript(
  place: DatasetName,
  changeSet: ChangeSet,
  sources: StagedSources,
  leases: readonly Lease[],
): Query {
  const hasCommitLease = leases.at(-1)?.leaseId === COMMIT_LEASE;
  const statements = applyStatements(place, { sources, guard: { leases: leases.length, hasCommitLease } });
  return {
    sql: `${statements.map(({ sql }) => sql).join(';\n\n')};`,
    parameters: applyParameters(changeSet, sources, leases),
  };
}

function applyParameters(
  changeSet: ChangeSet,
  sources: StagedSources,
  leases: readonly Lease[],
): readonly QueryParameter[] {
  const { run, observations, decisions } = changeSet;
  // A record of the run alone may come twice for the same batch: with it, and at the end of the run.
  const isRecordAlone = Object.keys(sources).length === 0;
  return [
    ...guardParameters(leases),
    integerParameter('first_unapplied', isRecordAlone ? run.batches + 1 : run.batches),
    ...(sources.observation === undefined ? [] : spanParameters('observed', observations)),
    ...(sources.decision === undefined ? [] : spanParameters('decided', decisions)),
    ...runParameters(run),
  ];
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
