import type { Batch } from '../batch/batch.ts';
import { buildChangeSet } from '../batch/build-change-set.ts';
import type { PlannedAccount } from '../batch/plan-account.ts';
import { planBatch } from '../batch/plan-batch.ts';
import { problemsOfPlan } from './account-problems.ts';
import type { Run } from './run.ts';
import type { Problem } from './run-report.ts';

/**
 * Plans a batch, waits for `before`, and writes the batch: whole, or part by part where its plan would be too large to be held
 * (`limits.batchVersions`).
 */
export async function commitBatch(run: Run, batch: Batch, { before, check }: CommitBatchOptions): Promise<void> {
  let { accounts } = batch;
  for (let isFirst = true; accounts.size > 0; isFirst = false) {
    const done = await commitPart(run, { ...batch, accounts }, before, async (planned) => {
      if (check === undefined) return;
      const refused = planned.filter(isRefused);
      check(isFirst ? [...refused, ...(await refusedBehind(run, batch, planned))] : refused);
    });
    accounts = without(accounts, done);
  }
}

export interface CommitBatchOptions {
  /** Resolves when the batch before is written. When it rejects, nothing of this one is written, and this one rejects, too. */
  readonly before: Promise<void>;
  /** May throw, so that nothing of the batch is written. Default: every batch is written. */
  readonly check?: CheckPlan | undefined;
}

/** Is given the accounts of a batch whose plan was refused. */
export type CheckPlan = (refused: readonly PlannedAccount[]) => void;

/** Holds no plan while the change set is written. */
async function commitPart(
  run: Run,
  part: Batch,
  before: Promise<void>,
  check: (planned: readonly PlannedAccount[]) => Promise<void>,
): Promise<ReadonlySet<string>> {
  let problems: readonly Problem[] = [];
  let bodies = 0;
  let done: ReadonlySet<string> = new Set();
  await run.commit(async (attempt) => {
    const planned = await planBatch(run.planInputs, part, attempt > 1);
    await check(planned);
    problems = planned.flatMap(problemsOfPlan);
    bodies = new Set(planned.flatMap(({ lostBodies }) => [...lostBodies.keys()])).size;
    done = appIdsOf(planned);
    return buildChangeSet(planned, part);
  }, before);
  for (const problem of problems) run.tally.addProblem(problem);
  if (bodies > 0) {
    run.context.logger.warn({ bodies }, 'the log lacked these bodies or had them damaged; the copy brings them');
  }
  return done;
}

/**
 * What is refused of the rest of a batch whose first part is planned. The plan of an account depends on that account alone, so
 * it is the same before the first part is written. It is made again later: all plans together would be too large to be held.
 */
async function refusedBehind(run: Run, batch: Batch, first: readonly PlannedAccount[]): Promise<PlannedAccount[]> {
  const refused: PlannedAccount[] = [];
  let planned = first;
  for (let { accounts } = batch; ; ) {
    accounts = without(accounts, appIdsOf(planned));
    if (accounts.size === 0) return refused;
    planned = await planBatch(run.planInputs, { ...batch, accounts });
    refused.push(...planned.filter(isRefused));
  }
}

function isRefused({ plan }: PlannedAccount): boolean {
  return plan.refusal !== null;
}

function appIdsOf(planned: readonly PlannedAccount[]): ReadonlySet<string> {
  if (planned.length === 0) throw new TypeError('a part plans at least one account');
  return new Set(planned.map(({ plan }) => plan.appId));
}

function without(accounts: Batch['accounts'], done: ReadonlySet<string>): Batch['accounts'] {
  return new Map([...accounts].filter(([appId]) => !done.has(appId)));
}
