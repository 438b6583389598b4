import type { Batch } from '../batch/batch.ts';

/**
 * Commits a batch: at once, or where its plan would be too large to be held (`limits.batchVersions`), part by part. `commitPart`
 * plans as many accounts as it may, at least one, writes them, and tells their app ids: not their plans, which would still be
 * held while the next part is planned.
 */
export async function commitInParts(
  batch: Batch,
  commitPart: (part: Batch) => Promise<ReadonlySet<string>>,
): Promise<void> {
  let { accounts } = batch;
  while (accounts.size > 0) {
    const done = await commitPart({ accounts, payloads: batch.payloads });
    if (done.size === 0) throw new TypeError('a part plans at least one account');
    accounts = new Map([...accounts].filter(([appId]) => !done.has(appId)));
  }
}
