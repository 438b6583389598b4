import type { Batch } from '../batch/batch.ts';
import { buildChangeSet } from '../batch/build-change-set.ts';
import type { PlannedAccount } from '../batch/plan-account.ts';
import { planBatch } from '../batch/plan-batch.ts';
import { problemsOfPlan } from './account-problems.ts';
import type { Run } from './run.ts';

/**
 * Plans and writes a batch: at once, or part by part where its plan would be too large to be held
 * (`limits.batchVersions`). `check` may refuse a plan by throwing, before anything of its part is
 * written.
 */
export async function commitBatch(run: Run, batch: Batch, check: CheckPlan = () => {}): Promise<void> {
  let { accounts } = batch;
  while (accounts.size > 0) {
    const done = await commitPart(run, { ...batch, accounts }, check);
    if (done.size === 0) throw new TypeError('a part plans at least one account');
    accounts = new Map([...accounts].filter(([appId]) => !done.has(appId)));
  }
}

export type CheckPlan = (planned: readonly PlannedAccount[]) => void;

/** Tells app ids and not plans, which would still be held while the next part is planned. */
async function commitPart(run: Run, part: Batch, check: CheckPlan): Promise<ReadonlySet<string>> {
  let planned: readonly PlannedAccount[] = [];
  await run.commit(async () => {
    planned = await planBatch(run.planInputs, part);
    check(planned);
    return buildChangeSet(planned, part);
  });
  for (const account of planned) for (const problem of problemsOfPlan(account)) run.tally.addProblem(problem);
  return new Set(planned.map(({ plan }) => plan.appId));
}
