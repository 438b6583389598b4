import { isSameHead } from '../dimension/account-head.ts';
import { emptiedHead, SHORTENED_REMEDY, shortenedLog } from '../dimension/log-cut.ts';
import type { Decision } from '../dimension/observation.ts';
import type { FirstSeen, VersionChange } from '../dimension/version.ts';
import { countChanges } from '../dimension/version-changes.ts';
import { errorCodes, ScenedimError } from '../errors.ts';
import type { HeadChange, TargetMeta } from '../load/loader.ts';
import { NORMALIZER_VERSION } from '../normalize/snapshot.ts';
import { emptyChanges } from './batch/build-change-set.ts';
import { createAnswerCache } from './log/answer-cache.ts';
import { type PackedChanges, packChanges, unpackChanges } from './log/packed-changes.ts';
import { type RecomputedAccount, recompute, shorteningOf } from './log/recompute.ts';
import { Spool } from './log/spool.ts';
import { describeUnplannable } from './run/account-problems.ts';
import { requireRebuildable } from './run/require-target.ts';
import { type Run, withRun } from './run/run.ts';
import type { RunContext } from './run/run-context.ts';
import type { RunResult } from './run/run-report.ts';

const BATCH = { accounts: 1_000, changes: 20_000 } as const;

/**
 * Computes `dim_scene` and the heads anew from the stored observations, under the normalizer and
 * `firstSeen` of this program and config, and writes what differs. All is read before anything is
 * written: damage is met before the target is marked, and no reader keeps a connection from the
 * writer. Killed in the middle of writing, the target asks for another rebuild. An account whose log
 * was cut stays as it is; under other settings, where none can stay behind, nothing is done then.
 */
export async function rebuild(context: RunContext, options: RebuildOptions = {}): Promise<RunResult> {
  const { loader } = context;
  const { acceptShortenedLog = false } = options;
  const work = async (run: Run) => {
    const stored = await requireRebuildable(context);
    const wanted: TargetMeta = {
      ...stored,
      normalizerVersion: NORMALIZER_VERSION,
      firstSeen: context.dimension.firstSeen,
      rebuilding: false,
    };
    const isOtherDimension = isOther(stored, wanted.firstSeen);
    using batches = new Spool<RebuiltBatch>();
    const remedy = remedyOf(stored, wanted.firstSeen);
    const failed = await recomputeAccounts(run, batches, { acceptShortenedLog, mayRedate: isOtherDimension, remedy });
    if (failed === 0 || !isOtherDimension) {
      if (isOtherDimension) await loader.writeMeta({ ...wanted, rebuilding: true }, run.writeSignal);
      await writeBatches(run, batches);
      if (isOtherDimension) await loader.writeMeta(wanted, run.writeSignal);
    }
    const { counts } = run.tally;
    if (failed > 0) {
      const { exitCode } = errorCodes.log_shortened;
      return { outcome: 'refused' as const, value: run.tally.result('refused', exitCode, null) };
    }
    const outcome = counts.accounts.changed > 0 ? 'ok' : 'nothing_changed';
    return { outcome, value: run.tally.result(outcome, 0, null) } as const;
  };
  await requireRebuildable(context);
  return withRun(context, 'rebuild', { kind: 'exclusive' }, work, {});
}

export interface RebuildOptions {
  /**
   * Computes accounts from what is left of their log, too, and gives up the rest. What {@link findShortened} told somebody who
   * accepts that alone: where more would be lost meanwhile, nothing is done (`log_shortened`). Default false.
   */
  readonly acceptShortenedLog?: boolean | ShortenedLogs;
}

/** What a rebuild would lose that accepts shortened logs. */
export async function findShortened(context: RunContext): Promise<ShortenedLogs> {
  const stored = await requireRebuildable(context);
  const { loader, dimension, signal } = context;
  const mayRedate = isOther(stored, dimension.firstSeen);
  const found = new ShorteningTally();
  const { firstSeen } = dimension;
  const options = { loader, answers: createAnswerCache(), firstSeen, signal, skipDamaged: true, mayRedate };
  for await (const account of recompute(options)) if (shorteningOf(account) !== null) found.add(account);
  return found;
}

/** Accounts whose log was cut. */
export interface ShortenedLogs {
  readonly accounts: number;
  /** Their stored versions that would change or go. */
  readonly versions: number;
  readonly first: string | null;
}

class ShorteningTally implements ShortenedLogs {
  accounts = 0;
  versions = 0;
  first: string | null = null;

  add({ appId, versions }: RecomputedAccount): void {
    this.accounts += 1;
    this.versions += versions.filter(({ op }) => op !== 'insert').length;
    this.first ??= appId;
  }

  /** Refuses to lose more than somebody was told of. */
  assertWithin(told: ShortenedLogs): void {
    if (this.accounts <= told.accounts && this.versions <= told.versions) return;
    const { accounts, versions } = this;
    const message = `more answers are gone than before: ${versions} versions of ${accounts} accounts would be dated anew or lost`;
    throw new ScenedimError('log_shortened', `${message}; nothing was done`, {
      remedy: 'find out what cuts the log, then run scenedim rebuild --accept-shortened-log again',
    });
  }
}

/** True when the stored rows are, or may be, of other settings or rules than those of this program. */
function isOther(stored: TargetMeta, firstSeen: FirstSeen): boolean {
  return stored.rebuilding || stored.firstSeen !== firstSeen || stored.normalizerVersion !== NORMALIZER_VERSION;
}

/** What to do before the rebuild is tried again. `replay` takes lines under what the target was computed with only. */
function remedyOf(stored: TargetMeta, firstSeen: FirstSeen): string {
  const restore = 'restore scene_observation and scene_payload from a backup, then run scenedim rebuild again';
  const giveUp = 'scenedim rebuild --accept-shortened-log --confirm SCHEMA gives up for good what only they said';
  if (stored.rebuilding) return `${restore}; ${giveUp}`;
  const before = [
    ...(stored.normalizerVersion === NORMALIZER_VERSION ? [] : ['use the scenedim that computed the target']),
    ...(stored.firstSeen === firstSeen ? [] : ['set the config back']),
  ];
  const first = before.length === 0 ? '' : `nothing was changed: ${before.join(', ')}, then `;
  return `${first}${SHORTENED_REMEDY}; ${giveUp}`;
}

interface AccountsOptions {
  readonly acceptShortenedLog: boolean | ShortenedLogs;
  /** True when the stored rows may be of other settings. */
  readonly mayRedate: boolean;
  /** For accounts whose log was cut. */
  readonly remedy: string;
}

/** Resolves with the number of accounts whose log was cut. */
async function recomputeAccounts(
  run: Run,
  batches: Spool<RebuiltBatch>,
  { acceptShortenedLog, mayRedate, remedy }: AccountsOptions,
): Promise<number> {
  const { loader, dimension } = run.context;
  let accounts: RebuiltAccount[] = [];
  let changes = 0;
  let done = 0;
  let failed = 0;
  const { answers, signal } = run;
  const options = {
    loader,
    answers,
    firstSeen: dimension.firstSeen,
    signal,
    mayRedate,
    skipDamaged: acceptShortenedLog !== false,
  };
  const accepted = new ShorteningTally();
  for await (const account of recompute(options)) {
    const shortening = shorteningOf(account);
    if (shortening === null || acceptShortenedLog !== false) {
      if (shortening !== null) accepted.add(account);
      accounts.push(rebuiltAccount(run, account));
      changes += account.versions.length;
    } else {
      failed += 1;
      run.tally.add({ accounts: { selected: 1, failed: 1 } });
      run.tally.addProblem(describeUnplannable(account.appId, shortenedLog(account.appId, shortening, remedy)));
    }
    done += 1;
    if (accounts.length < BATCH.accounts && changes < BATCH.changes) continue;
    batches.add(batchOf(accounts));
    run.context.onProgress?.({ done, total: null, unit: 'accounts' });
    accounts = [];
    changes = 0;
  }
  if (accounts.length > 0) batches.add(batchOf(accounts));
  if (typeof acceptShortenedLog === 'object') accepted.assertWithin(acceptShortenedLog);
  return failed;
}

async function writeBatches(run: Run, batches: Spool<RebuiltBatch>): Promise<void> {
  for (const batch of batches.values()) {
    run.signal.throwIfAborted();
    await write(run, batch);
  }
}

function rebuiltAccount(run: Run, account: RecomputedAccount): RebuiltAccount {
  const { appId, versions, damaged } = account;
  const decidedAt = run.context.clock.now();
  const decisions = damaged.map(({ observedAt }) => {
    return { appId, observedAt, status: 'held', holdReason: 'manual', decidedAt, decisionNote: null } as const;
  });
  return { versions, heads: changedHead(account), decisions };
}

/** What a batch keeps of an account. The stored rows of a thousand accounts would be too many for memory. */
interface RebuiltAccount {
  readonly versions: readonly VersionChange[];
  readonly heads: readonly HeadChange[];
  /** Observations whose body is gone are held by hand, when that is accepted. */
  readonly decisions: readonly Decision[];
}

/** What is set aside until all accounts are computed. */
interface RebuiltBatch {
  readonly versions: PackedChanges;
  readonly heads: readonly HeadChange[];
  readonly decisions: readonly Decision[];
  readonly accounts: { readonly selected: number; readonly changed: number; readonly unchanged: number };
  /** Accounts whose versions were right, and whose row of scene_account was not. */
  readonly onlyHeads: number;
}

function batchOf(accounts: readonly RebuiltAccount[]): RebuiltBatch {
  const changed = accounts.filter(({ versions, heads }) => versions.length + heads.length > 0).length;
  return {
    versions: packChanges(accounts.flatMap(({ versions }) => versions)),
    heads: accounts.flatMap(({ heads }) => heads),
    decisions: accounts.flatMap(({ decisions }) => decisions),
    accounts: { selected: accounts.length, changed, unchanged: accounts.length - changed },
    onlyHeads: accounts.filter(({ versions, heads }) => versions.length === 0 && heads.length > 0).length,
  };
}

async function write(
  run: Run,
  { versions: packed, heads, decisions, accounts, onlyHeads }: RebuiltBatch,
): Promise<void> {
  if (onlyHeads > 0) {
    run.context.logger.info({ accounts: onlyHeads }, 'computed rows of scene_account anew whose versions were right');
  }
  const versions = unpackChanges(packed);
  const counts = { accounts, versions: countChanges(versions) };
  await run.commit(async () => ({ changes: { ...emptyChanges(versions), heads, decisions }, counts }));
}

function changedHead({ head: computed, storedHead, versions, damaged }: RecomputedAccount): HeadChange[] {
  const head = computed ?? (storedHead === null ? null : emptiedHead(storedHead));
  if (head === null) return [];
  const isSame = storedHead !== null && isSameHead(head, storedHead);
  if (versions.length === 0 && damaged.length === 0 && isSame) return [];
  const revision = storedHead?.revision ?? 0;
  return [{ before: storedHead, head: { ...head, revision: revision + 1 } }];
}
