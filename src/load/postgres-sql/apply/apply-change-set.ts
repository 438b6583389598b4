import type { ChangeSet } from '../../loader.ts';
import type { SqlTarget } from '../sql-target.ts';
import { applyHeads } from './apply-heads.ts';
import { applyDecisions, insertObservations, insertRejects } from './apply-observations.ts';
import { applyVersions } from './apply-versions.ts';
import { lockRun, updateRun } from './run-row.ts';
import { writePayloads } from './write-payloads.ts';

/**
 * Applies one batch: payloads by themselves, everything else in one transaction. A batch that is applied already
 * (by number within its run) changes nothing, except that the end of the run may still be noted.
 */
export async function applyChangeSet(target: SqlTarget, changeSet: ChangeSet, signal: AbortSignal): Promise<void> {
  const { run } = changeSet;
  await writePayloads(target, changeSet.payloads, signal);
  await target.transaction(async (session) => {
    const applied = await lockRun(session, run);
    if (applied > run.batches) return;
    if (applied < run.batches) {
      await applyHeads(session, changeSet.heads);
      await insertObservations(session, changeSet.observations);
      await applyDecisions(session, changeSet.decisions);
      await insertRejects(session, changeSet.rejects, run.runId);
      await applyVersions(session, changeSet.versions);
    }
    await updateRun(session, run);
  }, signal);
}
