import { messageOf } from '../../error-text.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import type { ChangeSet, LockScope, RunOutcome } from '../../load/loader.ts';
import type { DraftChangeSet } from '../batch/build-change-set.ts';
import { emptyChanges } from '../batch/build-change-set.ts';
import type { PlanInputs } from '../batch/plan-account.ts';
import type { AnswerCache } from '../log/answer-cache.ts';
import { createAnswerCache } from '../log/answer-cache.ts';
import { type PreparedTarget, prepareTarget } from './prepare-target.ts';
import { retryOnTarget } from './retry-on-target.ts';
import type { RunContext } from './run-context.ts';
import { acquireRunLock } from './run-lock.ts';
import { RunTally } from './run-tally.ts';

/** Attempts to plan a batch again after somebody else changed one of its accounts. */
const PLAN_ATTEMPTS = 3;

/** How long the target is asked, after the lock was lost, whether it is still there. */
const PROBE_TIMEOUT_MS = 5_000;

/**
 * Takes the lock, does the work, and records the end of the run whatever happens. `prepared` is what
 * the caller found out about a target that it has checked itself; without it, `prepareTarget` makes
 * the target ready.
 */
export async function withRun<Value>(
  context: RunContext,
  command: string,
  scope: LockScope,
  work: (run: Run) => Promise<FinishedWork<Value>>,
  prepared?: PreparedTarget,
): Promise<Value> {
  const { lockTimeoutMs = context.lockTimeoutMs, problems = [] } = prepared ?? (await prepareTarget(context));
  await using lock = await acquireRunLock({ ...context, lockTimeoutMs }, scope);
  const run = createRun(context, command, lock.lost);
  for (const problem of problems) run.tally.addProblem(problem);
  let finished: FinishedWork<Value>;
  try {
    finished = await work(run);
  } catch (error) {
    const outcome = isScenedimError(error, 'bad_line') ? 'refused' : 'failed';
    if (!isTargetGone(error) && !lock.lost.aborted) {
      await recordEnd(run, outcome).catch((unrecorded: unknown) => {
        context.logger.warn({ error: messageOf(unrecorded) }, 'the end of the run could not be recorded');
      });
    }
    throw lock.lost.aborted ? await explainLoss(context, asError(lock.lost.reason)) : error;
  }
  await recordEnd(run, finished.outcome);
  return finished.value;
}

/**
 * Resolves when no other run is at work, of a shard neither; `lock_held` as {@link withRun}. Keeps
 * nobody from beginning one.
 */
export async function awaitOtherRuns(context: RunContext): Promise<void> {
  const { lockTimeoutMs = context.lockTimeoutMs } = await prepareTarget(context);
  await using _lock = await acquireRunLock({ ...context, lockTimeoutMs }, { kind: 'exclusive' });
}

/** A run that holds its lock: what the stages of a command share. */
export interface Run {
  readonly context: RunContext;
  readonly tally: RunTally;
  readonly answers: AnswerCache;
  /** Aborted when the user stops the run or the lock is lost. */
  readonly signal: AbortSignal;
  /** Aborted only when the lock is lost. After a stop by the user, what is fetched already is still written. */
  readonly writeSignal: AbortSignal;
  /** What plans are made from, writing under `writeSignal`. */
  readonly planInputs: PlanInputs;
  /**
   * Plans one batch, waits for `before` (default: nothing), and writes the batch; plans it again when its accounts changed
   * meanwhile. `plan` is given the attempt, from 1. Rejects with what `before` rejects with.
   */
  commit(plan: (attempt: number) => Promise<DraftChangeSet>, before?: Promise<void>): Promise<void>;
}

/** What a run's work hands back: the outcome for its row, and its own result. */
export interface FinishedWork<Value> {
  readonly outcome: RunOutcome;
  readonly value: Value;
}

function createRun(context: RunContext, command: string, lost: AbortSignal): Run {
  const { loader, logger, guards } = context;
  const tally = new RunTally({
    command,
    startedAt: context.clock.now(),
    programVersion: context.programVersion,
  });
  const answers = createAnswerCache();
  const { firstSeen } = context.dimension;
  return {
    context,
    tally,
    answers,
    signal: AbortSignal.any([context.signal, lost]),
    writeSignal: lost,
    planInputs: { loader, answers, firstSeen, guards, runId: tally.runId, signal: lost },

    async commit(plan, before) {
      for (let attempt = 1; ; attempt += 1) {
        const draft = await retryOnTarget(() => plan(attempt), 'planning a batch', context, lost);
        await before;
        try {
          await apply(context, { run: tally.recordAfter(draft.counts), ...draft.changes }, lost);
        } catch (error) {
          if (!isScenedimError(error, 'stale_heads') || attempt === PLAN_ATTEMPTS) throw error;
          logger.warn({ attempt }, 'an account changed while the batch was planned; planning it again');
          continue;
        }
        tally.commitBatch(draft.counts);
        context.onChanges?.(draft.changes.versions);
        return;
      }
    },
  };
}

async function recordEnd({ context, tally, writeSignal }: Run, outcome: RunOutcome): Promise<void> {
  if (writeSignal.aborted) throw asError(writeSignal.reason);
  const run = tally.finalRecord(context.clock.now(), outcome);
  await apply(context, { run, ...emptyChanges() }, writeSignal);
}

/** Applying the same batch twice is harmless by contract, so it is repeated when the target was away or busy. */
async function apply(context: RunContext, changeSet: ChangeSet, signal: AbortSignal): Promise<void> {
  await retryOnTarget(() => context.loader.apply(changeSet, signal), 'writing a batch', context, signal);
}

function isTargetGone(error: unknown): boolean {
  return isScenedimError(error) && (error.code.startsWith('target_') || error.code === 'lock_lost');
}

/** When the server is gone too, the target is unreachable; else the lock alone was lost. */
async function explainLoss({ loader, signal }: RunContext, loss: Error): Promise<Error> {
  try {
    await loader.readMeta(AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]));
    return loss;
  } catch (error) {
    return isScenedimError(error, 'target_unreachable') ? error : loss;
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new ScenedimError('lock_lost', 'the lock of the target was lost');
}
