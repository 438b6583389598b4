import type { ChangeSet } from '../../loader.ts';
import type { SqlTarget } from '../sql-target.ts';
import { applyHeads } from './apply-heads.ts';
import { applyDecisions, insertObservations, insertRejects, removeObservations } from './apply-observations.ts';
import { applyVersions } from './apply-versions.ts';
import { lockRun, updateRun } from './run-row.ts';
import type { VersionKey } from './version-key.ts';
import { removePayloads, writePayloads } from './write-payloads.ts';

/**
 * Applies one batch: payloads by themselves, everything else in one transaction. A batch that is applied already
 * (by number within its run) changes nothing, except that the end of the run may still be noted. With the end of a run comes
 * the primary key of `dim_scene`, when a first load went without.
 */
export async function applyChangeSet(
  target: SqlTarget,
  versionKey: VersionKey,
  changeSet: ChangeSet,
  signal: AbortSignal,
): Promise<void> {
  const { run } = changeSet;
  if (run.finishedAt !== null) await versionKey.restore(signal);
  await writePayloads(target, changeSet.payloads, signal);
  await target.transaction(async (session) => {
    const applied = await lockRun(session, run);
    if (applied > run.batches) return;
    if (applied < run.batches) {
      await applyHeads(session, changeSet.heads);
      await insertObservations(session, changeSet.observations);
      await applyDecisions(session, changeSet.decisions);
      await removeObservations(session, changeSet.removedObservations);
      await removePayloads(session, changeSet.removedPayloads);
      await insertRejects(session, changeSet.rejects, run.runId);
      await applyVersions(session, versionKey, changeSet.versions);
    }
    await updateRun(session, run);
  }, signal);
}
