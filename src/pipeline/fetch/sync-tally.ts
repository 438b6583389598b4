import type { AccountHead } from '../../dimension/account-head.ts';
import { ScenedimError } from '../../errors.ts';
import { CREDENTIALS_UNUSABLE, type FetchFailure } from '../../extract/scene-source.ts';
import type { Micros } from '../../instant.ts';
import type { RunCounts } from '../../load/loader.ts';
import type { AnswerFailure } from '../../normalize/snapshot.ts';
import type { Batch } from '../batch/batch.ts';
import { buildChangeSet } from '../batch/build-change-set.ts';
import { appIdsOf, type PlannedAccount } from '../batch/plan-account.ts';
import { planBatch } from '../batch/plan-batch.ts';
import { commitInParts } from '../run/commit-in-parts.ts';
import { describeHold, describeSuspension } from '../run/hold-problem.ts';
import type { Run } from '../run/run.ts';
import type { Problem } from '../run/run-report.ts';
import type { RunFacts } from '../run/run-verdict.ts';

/** How the fetch of an account ended, when not with a list. */
export type FetchVerdict = 'failed' | 'skipped';

type Facts = { -readonly [Name in keyof RunFacts]: RunFacts[Name] };

/** The counts, problems and facts of a sync, and the writing of its batches. */
export interface SyncBooks {
  readonly facts: Facts;
  /** Notes an account that is about to be fetched. */
  addSelected(head: AccountHead | null): void;
  addFresh(head: AccountHead): void;
  addNotNewer(head: AccountHead): void;
  addFailure(failure: FetchFailure): void;
  addMalformed(appId: string, answer: AnswerFailure): void;
  tellProgress(total: number | null): void;
  /** Plans and writes a batch. */
  commit(batch: Batch): Promise<void>;
}

export function createSyncBooks(run: Run): SyncBooks {
  const { ledger, context } = run;
  const facts: Facts = { credentialsRefused: 0, credentialsUnusable: 0, unreachable: 0, stoppedBy: null };
  const verdicts = new Map<string, FetchVerdict>();
  // Of accounts that are being fetched: when nothing can be recorded, their plan does not tell.
  const suspendedSince = new Map<string, Micros>();
  let done = 0;

  function addUnrecorded(verdict: FetchVerdict): void {
    ledger.add({ accountsSelected: 1, ...countVerdict(verdict) });
  }

  return {
    facts,

    addFresh(head) {
      done += 1;
      ledger.add({ accountsSelected: 1, accountsFresh: 1 });
      addSuspension(run, head.appId, head.removalsSuspendedSince);
    },

    addSelected(head) {
      if (head !== null && head.removalsSuspendedSince !== null)
        suspendedSince.set(head.appId, head.removalsSuspendedSince);
    },

    addNotNewer({ appId, removalsSuspendedSince }) {
      done += 1;
      addUnrecorded('failed');
      ledger.addProblem({
        app_id: appId,
        kind: 'failed',
        code: 'not_newer',
        message: 'its newest stored answer is not older than now',
        remedy: `check the clock; when that answer is wrong: scenedim hold --app-id ${appId} --observed-at TIME`,
      });
      addSuspension(run, appId, removalsSuspendedSince);
    },

    addFailure(failure) {
      const verdict = failure.errorClass === 'unavailable' ? 'skipped' : 'failed';
      ledger.addProblem(describeFailure(failure, verdict));
      if (failure.credentialsRefused) facts.credentialsRefused += 1;
      if (failure.code === CREDENTIALS_UNUSABLE) facts.credentialsUnusable += 1;
      if (failure.unreachable) facts.unreachable += 1;
      if (!failure.accountOnly) facts.stoppedBy ??= stopOf(failure);
      if (!failure.doNotRecord) {
        verdicts.set(failure.appId, verdict);
        return;
      }
      addUnrecorded(verdict);
      addSuspension(run, failure.appId, suspendedSince.get(failure.appId) ?? null);
    },

    addMalformed(appId, answer) {
      ledger.addProblem({
        app_id: appId,
        kind: 'failed',
        code: answer.code,
        message: answer.message,
        remedy: 'nothing was changed; if it happens again, report the answer to WeChat',
      });
      verdicts.set(appId, 'failed');
    },

    tellProgress(total) {
      done += 1;
      context.onProgress?.({ done, total, unit: 'accounts' });
    },

    async commit(batch) {
      const batchVerdicts = new Map([...batch.accounts.keys()].map((appId) => [appId, verdicts.get(appId)]));
      for (const appId of batch.accounts.keys()) {
        verdicts.delete(appId);
        suspendedSince.delete(appId);
      }
      await commitInParts(batch, async (part) => {
        let planned: readonly PlannedAccount[] = [];
        await run.commit(async () => {
          planned = await planBatch(run.planInputs, part);
          const draft = buildChangeSet(planned.filter(isAccepted), part);
          const counts = countAccounts(planned, (appId) => batchVerdicts.get(appId));
          return { ...draft, counts: { ...draft.counts, ...counts } };
        });
        for (const account of planned) addProblemsOf(run, account);
        return appIdsOf(planned);
      });
    },
  };
}

function isAccepted({ plan }: PlannedAccount): boolean {
  return plan.refusal === null;
}

function addProblemsOf(run: Run, { plan }: PlannedAccount): void {
  if (plan.refusal !== null) {
    run.ledger.addProblem({
      app_id: plan.appId,
      kind: 'failed',
      code: 'conflict',
      message: plan.refusal.reason,
      remedy: 'run again',
    });
  }
  for (const held of plan.held) run.ledger.addProblem(describeHold(held));
  addSuspension(run, plan.appId, plan.head?.removalsSuspendedSince ?? null);
}

function addSuspension({ ledger }: Run, appId: string, since: bigint | null): void {
  if (since !== null) ledger.addProblem(describeSuspension(appId, since));
}

/** Each account counts once: what went wrong comes before what changed. */
export function countAccounts(
  planned: readonly PlannedAccount[],
  verdictOf: (appId: string) => FetchVerdict | undefined,
): Partial<RunCounts> {
  const counts = {
    accountsSelected: planned.length,
    accountsFailed: 0,
    accountsSkipped: 0,
    accountsHeld: 0,
    accountsChanged: 0,
    accountsUnchanged: 0,
  };
  for (const { plan } of planned) {
    const verdict = plan.refusal === null ? verdictOf(plan.appId) : 'failed';
    if (verdict === 'failed') counts.accountsFailed += 1;
    else if (verdict === 'skipped') counts.accountsSkipped += 1;
    else if (plan.held.length > 0) counts.accountsHeld += 1;
    else if (plan.versions.length > 0) counts.accountsChanged += 1;
    else counts.accountsUnchanged += 1;
  }
  return counts;
}

function countVerdict(verdict: FetchVerdict): Partial<RunCounts> {
  return verdict === 'failed' ? { accountsFailed: 1 } : { accountsSkipped: 1 };
}

function describeFailure(failure: FetchFailure, verdict: FetchVerdict): Problem {
  return {
    app_id: failure.appId,
    kind: failure.code === 'clock_skew' ? 'clock_skew' : verdict,
    code: failure.code,
    message: failure.message,
    remedy: failure.remedy,
  };
}

function stopOf({ appId, message, remedy }: FetchFailure): ScenedimError {
  return new ScenedimError('config_invalid', `account ${appId}: ${message}`, remedy === null ? {} : { remedy });
}
