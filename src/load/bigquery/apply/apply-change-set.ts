import type { ChangeSet } from '../../loader.ts';
import { toFailure } from '../errors/bigquery-failure.ts';
import { assertMessages } from '../errors/classify-error.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import type { RunLeases } from '../leases/acquire-lease-lock.ts';
import type { Lease } from '../leases/lease-statements.ts';
import { runUnderLeases } from '../leases/under-leases.ts';
import { applyScript } from './apply-script.ts';
import type { StagedSources } from './apply-statements.ts';
import { assertChangeSet } from './assert-change-set.ts';
import { stageChangeSet } from './staging.ts';

/**
 * Applies one batch: its rows are loaded into staging tables, then one script with one transaction applies them. The number of
 * jobs does not depend on the number of accounts. Each part that is not empty is one load (one more for each further 45 MiB), and no
 * batch has more than six. The script is one job. A shard takes the commit lease with one more. The record of a run alone is one job.
 *
 * A kill between two jobs leaves staging tables, which end after a day, and at worst the commit lease, which ends after five minutes.
 * A kill during the script leaves all of the batch or nothing.
 */
export async function applyChangeSet(
  runner: JobRunner,
  held: RunLeases,
  changeSet: ChangeSet,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  assertChangeSet(changeSet);
  await using staged = await stageChangeSet(runner, changeSet, signal);
  const applied = await commit(runner, held, changeSet, staged.sources, signal);
  const isRecordAlone = Object.keys(staged.sources).length === 0;
  // An earlier call applied the batch, and its answer was lost. The end of the run may still have to be written.
  if (!applied && !isRecordAlone && changeSet.run.finishedAt !== null)
    await commit(runner, held, changeSet, {}, signal);
}

/** False when the batch, or a later batch of the same run, is applied already. */
async function commit(
  runner: JobRunner,
  held: RunLeases,
  changeSet: ChangeSet,
  sources: StagedSources,
  signal: AbortSignal,
): Promise<boolean> {
  const { run } = changeSet;
  const name = jobName(run.runId, run.batches, callName(), 'commit');
  const script = (leases: readonly Lease[]) =>
    applyScript(runner.config, changeSet, sources, leases, runner.timings.leaseSeconds);
  try {
    await runUnderLeases(runner, held, name, script, signal);
    return true;
  } catch (error) {
    if (signal.aborted || !toFailure(error).message.includes(assertMessages.appliedAlready)) throw error;
    return false;
  }
}
