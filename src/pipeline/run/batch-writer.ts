import type { Batch } from '../batch/batch.ts';
import { type CheckPlan, commitBatch } from './commit-batch.ts';
import type { Run } from './run.ts';

/**
 * Writes batches in the order in which they come, while the caller collects the next. A batch is planned while the one before
 * is written, where the target reads beside that and they share no account, whose plan would stand on what is not written yet.
 * `stop` is aborted when a batch cannot be written, so that the caller does not collect more in vain.
 */
export function createBatchWriter(run: Run, stop: AbortController, check?: CheckPlan): BatchWriter {
  let last: Underway = { accounts: new Map(), done: Promise.resolve(), isDone: true };
  let beforeLast = last.done;

  return {
    async write(batch) {
      await (mayPlanBeside(run, last, batch) ? beforeLast.catch(() => last.done) : last.done);
      beforeLast = last.done;
      const started: Underway = { accounts: batch.accounts, done: nothing, isDone: false };
      started.done = inOrder(last.done, commitBatch(run, batch, { before: last.done, check }));
      started.done
        .catch(() => stop.abort())
        .finally(() => {
          started.isDone = true;
        });
      last = started;
    },
    end: () => last.done,
  };
}

export interface BatchWriter {
  /**
   * Resolves when there is room for another batch: the next to be collected, beside one that is planned and one that is
   * written. Rejects with what kept a batch before this one from being written, when nothing is under way any more.
   */
  write(batch: Batch): Promise<void>;
  /** Waits until all is written, or nothing is under way any more. */
  end(): Promise<void>;
}

/** A batch that is planned or written. */
interface Underway {
  readonly accounts: Batch['accounts'];
  /** Settles when no batch before it is under way either; rejects with the failure of the earliest. */
  done: Promise<void>;
  isDone: boolean;
}

const nothing = Promise.resolve();

function mayPlanBeside({ context }: Run, last: Underway, batch: Batch): boolean {
  if (last.isDone || context.loader.readsBesideApply?.() !== true) return false;
  for (const appId of batch.accounts.keys()) if (last.accounts.has(appId)) return false;
  return true;
}

async function inOrder(first: Promise<void>, second: Promise<void>): Promise<void> {
  const settled = await Promise.allSettled([first, second]);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}
