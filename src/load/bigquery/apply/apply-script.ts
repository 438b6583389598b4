import type { VersionChange } from '../../../dimension/version.ts';
import type { ChangeSet } from '../../loader.ts';
import type { Lease } from '../leases/lease-statements.ts';
import { type Query, scriptOf } from '../sql/query.ts';
import type { DatasetName } from '../sql/table-path.ts';
import { applyStatements, type StagedSources, type TimeSpan } from './apply-statements.ts';
import { possiblyStoredObservations } from './possibly-stored.ts';

/** The script that applies a batch: one job, whatever the batch holds. */
export function applyScript(
  place: DatasetName,
  { run, payloads, observations, heads, decisions, removedObservations, removedPayloads, versions }: ChangeSet,
  sources: StagedSources,
  leases: readonly Lease[],
  leaseSeconds: number,
): Query {
  const statements = applyStatements(place, {
    run,
    sources,
    leases,
    leaseSeconds,
    possiblyStored: spanOf(possiblyStoredObservations({ observations, heads })),
    heads: {
      rows: heads.length,
      operations: new Set(heads.map(({ before }) => (before === null ? 'insert' : 'update'))),
    },
    replacesPayloads: payloads.some(({ replaces }) => replaces === true),
    decisions: { rows: decisions.length, span: spanOf(decisions) },
    removed: {
      observations: removedObservations.length,
      span: spanOf(removedObservations),
      appIds: removedObservations.map(({ appId }) => appId),
      payloads: removedPayloads.length,
    },
    versions: versionsOf(versions),
  });
  return scriptOf(statements);
}

function versionsOf(changes: ChangeSet['versions']) {
  const operations = new Set<VersionChange['op']>();
  let rows = 0;
  for (const { op } of changes) {
    operations.add(op);
    rows += 1;
  }
  return { rows, operations };
}

/** From the oldest to the newest row; null when there is none. */
function spanOf(rows: readonly { readonly observedAt: bigint }[]): TimeSpan | null {
  const [row] = rows;
  if (row === undefined) return null;
  let { observedAt: first, observedAt: last } = row;
  for (const { observedAt } of rows) {
    if (observedAt < first) first = observedAt;
    if (observedAt > last) last = observedAt;
  }
  return { first, last };
}
