import { isSameHead } from '../dimension/account-head.ts';
import type { VersionChange } from '../dimension/version.ts';
import { countChanges } from '../dimension/version-changes.ts';
import { ScenedimError } from '../errors.ts';
import type { HeadChange, TargetMeta } from '../load/loader.ts';
import { NORMALIZER_VERSION } from '../normalize/snapshot.ts';
import { emptyChanges } from './batch/build-change-set.ts';
import type { RecomputedAccount } from './log/recompute.ts';
import { recompute } from './log/recompute.ts';
import { Spool } from './log/spool.ts';
import { requireRebuildable } from './run/prepare-target.ts';
import { type Run, withRun } from './run/run.ts';
import type { RunContext } from './run/run-context.ts';
import { hasChanges } from './run/run-outcome.ts';
import type { RunResult } from './run/run-report.ts';

const BATCH = { accounts: 1_000, changes: 20_000 } as const;

/**
 * Computes `dim_scene` and the heads anew from the stored observations, under the normalizer and
 * `firstSeen` of this program and config, and writes what differs. All is read before anything is
 * written: damage is met before the target is marked, and no reader keeps a connection from the
 * writer. Killed in the middle of writing, the target asks for another rebuild.
 */
export async function rebuild(context: RunContext): Promise<RunResult> {
  const { loader } = context;
  return withRun(
    context,
    'rebuild',
    { kind: 'exclusive' },
    async (run) => {
      const stored = await requireRebuildable(context);
      const wanted: TargetMeta = {
        ...stored,
        normalizerVersion: NORMALIZER_VERSION,
        firstSeen: context.dimension.firstSeen,
        rebuilding: false,
      };
      const isOtherDimension =
        stored.rebuilding || stored.firstSeen !== wanted.firstSeen || stored.normalizerVersion !== NORMALIZER_VERSION;
      using batches = new Spool<readonly RebuiltAccount[]>();
      await recomputeAccounts(run, batches);
      if (isOtherDimension) await loader.writeMeta({ ...wanted, rebuilding: true }, run.writeSignal);
      await writeBatches(run, batches);
      if (isOtherDimension) await loader.writeMeta(wanted, run.writeSignal);
      const outcome = hasChanges(run.tally.counts) ? 'ok' : 'nothing_changed';
      return { outcome, value: { report: run.tally.report(outcome), exitCode: 0, error: null } };
    },
    async () => {
      await requireRebuildable(context);
      return context;
    },
  );
}

async function recomputeAccounts(run: Run, batches: Spool<readonly RebuiltAccount[]>): Promise<void> {
  const { loader, dimension } = run.context;
  let accounts: RebuiltAccount[] = [];
  let changes = 0;
  let done = 0;
  const recomputed = recompute({ loader, answers: run.answers, firstSeen: dimension.firstSeen, signal: run.signal });
  for await (const account of recomputed) {
    assertUndamaged(account);
    accounts.push({ versions: account.versions, heads: changedHead(account) });
    changes += account.versions.length;
    done += 1;
    if (accounts.length < BATCH.accounts && changes < BATCH.changes) continue;
    batches.add(accounts);
    run.context.onProgress?.({ done, total: null, unit: 'accounts' });
    accounts = [];
    changes = 0;
  }
  if (accounts.length > 0) batches.add(accounts);
}

async function writeBatches(run: Run, batches: Spool<readonly RebuiltAccount[]>): Promise<void> {
  for (const accounts of batches.values()) {
    run.signal.throwIfAborted();
    await write(run, accounts);
  }
}

/** What a batch keeps of an account: its stored rows would be a thousand dimensions in memory. */
interface RebuiltAccount {
  readonly versions: readonly VersionChange[];
  readonly heads: readonly HeadChange[];
}

async function write(run: Run, accounts: readonly RebuiltAccount[]): Promise<void> {
  const versions: VersionChange[] = accounts.flatMap((account) => account.versions);
  const heads = accounts.flatMap((account) => account.heads);
  const changed = accounts.filter((account) => account.versions.length > 0).length;
  const counts = {
    accounts: { selected: accounts.length, changed, unchanged: accounts.length - changed },
    versions: countChanges(versions),
  };
  await run.commit(async () => ({ changes: { ...emptyChanges(versions), heads }, counts }));
}

function changedHead({ head, storedHead, versions }: RecomputedAccount): HeadChange[] {
  if (head === null) return [];
  if (versions.length === 0 && storedHead !== null && isSameHead(head, storedHead)) return [];
  const revision = storedHead?.revision ?? 0;
  return [{ before: storedHead, head: { ...head, revision: revision + 1 } }];
}

function assertUndamaged({ appId, damaged }: RecomputedAccount): void {
  if (damaged.length === 0) return;
  throw new ScenedimError('data_refused', `account ${appId}: ${damaged.length} stored bodies are missing or damaged`, {
    remedy: 'restore scene_payload from a backup; `scenedim verify` lists them',
  });
}
