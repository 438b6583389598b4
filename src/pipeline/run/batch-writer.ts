import type { Batch } from '../batch/batch.ts';
import { type CheckPlan, commitBatch } from './commit-batch.ts';
import type { Run } from './run.ts';

/**
 * Writes batches in the order in which they come, while the caller collects the next. A batch is planned while the one before
 * is written, under three conditions:
 * - The target can be read meanwhile.
 * - The two share no account: a plan stands on what is written of its accounts.
 * - Their bodies would fit into one batch: with the batch that is collected, three are in memory.
 *
 * `stop` is aborted when a batch cannot be written, so that the caller does not collect more in vain.
 */
export function createBatchWriter(run: Run, stop: AbortController, check?: CheckPlan): BatchWriter {
  let last: Underway = { accounts: new Map(), bodyBytes: 0, done: Promise.resolve(), isDone: true };
  let beforeLast = last.done;

  return {
    async write(batch) {
      const started: Underway = {
        accounts: batch.accounts,
        bodyBytes: bodyBytesOf(batch),
        done: nothing,
        isDone: false,
      };
      // Where the batch before the last one failed, `last.done` rejects with the same, and not before all has ended.
      await (mayPlanBeside(run, last, started) ? beforeLast.catch(() => last.done) : last.done);
      beforeLast = last.done;
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
  readonly bodyBytes: number;
  /** Settles when no batch before it is under way either; rejects with the failure of the earliest. */
  done: Promise<void>;
  isDone: boolean;
}

const nothing = Promise.resolve();

function bodyBytesOf({ payloads }: Batch): number {
  let bytes = 0;
  for (const { body } of payloads.values()) bytes += body.byteLength;
  return bytes;
}

function mayPlanBeside({ context }: Run, last: Underway, next: Underway): boolean {
  if (last.bodyBytes + next.bodyBytes > context.loader.limits.batchBodyBytes) return false;
  if (last.isDone || context.loader.readsBesideApply?.() !== true) return false;
  for (const appId of next.accounts.keys()) if (last.accounts.has(appId)) return false;
  return true;
}

async function inOrder(first: Promise<void>, second: Promise<void>): Promise<void> {
  const settled = await Promise.allSettled([first, second]);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}
