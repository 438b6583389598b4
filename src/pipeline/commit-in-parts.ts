import type { Batch } from './batch.ts';
import type { PlannedAccount } from './plan-batch.ts';

/**
 * Commits a batch: at once, or where its plan would be too large to be held (`limits.batchVersions`), part by part. `commitPart`
 * plans as many accounts as it may, at least one, writes them, and tells which.
 */
export async function commitInParts(
  batch: Batch,
  commitPart: (part: Batch) => Promise<readonly PlannedAccount[]>,
): Promise<void> {
  let { accounts } = batch;
  while (accounts.size > 0) {
    const planned = await commitPart({ accounts, payloads: batch.payloads });
    const done = new Set(planned.map(({ plan }) => plan.appId));
    if (done.size === 0) throw new TypeError('a part plans at least one account');
    accounts = new Map([...accounts].filter(([appId]) => !done.has(appId)));
  }
}
