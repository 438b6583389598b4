import { fetchAccounts } from '../extract/fetch-accounts.ts';
import type { FetchResult, SceneSource, SourceAccount } from '../extract/scene-source.ts';
import { sourceDefaults } from '../extract/source-defaults.ts';
import { BatchBuilder, failureOf } from './batch/batch.ts';
import { CountedAccounts } from './fetch/counted-accounts.ts';
import { selectAccounts } from './fetch/select-accounts.ts';
import type { Shard } from './fetch/shard.ts';
import { SyncTally } from './fetch/sync-tally.ts';
import { TrustedTime } from './fetch/trusted-time.ts';
import { withoutSecrets } from './fetch/without-secrets.ts';
import { hashPayload } from './log/hash-payload.ts';
import { createBatchWriter } from './run/batch-writer.ts';
import { type Run, withRun } from './run/run.ts';
import type { RunContext } from './run/run-context.ts';
import { exitCodeOf, outcomeOf } from './run/run-outcome.ts';
import type { RunResult } from './run/run-report.ts';

/** Fetches the selected accounts and applies what they answer. */
export async function sync(context: RunContext, given: SyncOptions): Promise<RunResult> {
  const options: CompleteOptions = { ...defaults, ...given };
  const guarded = { ...context, guards: guardsOf(context, options) };
  const scope = options.shard === null ? { kind: 'exclusive' as const } : { kind: 'shard' as const, ...options.shard };
  return withRun(guarded, 'sync', scope, async (run) => {
    const tally = new SyncTally(run);
    await fetchAndApply(run, tally, options);
    const { counts } = run.tally;
    const outcome = outcomeOf(counts, tally.facts, context.signal.aborted);
    const exitCode = exitCodeOf(counts, tally.facts);
    return { outcome, value: { report: run.tally.report(outcome), exitCode, error: tally.facts.stoppedBy } };
  });
}

export interface SyncOptions {
  readonly source: SceneSource;
  readonly accounts: AsyncIterable<SourceAccount> | Iterable<SourceAccount>;
  /** How many accounts there are in the shard, for the progress; null (default) when nobody knows. */
  readonly accountTotal?: number | null;
  /**
   * Milliseconds. Leaves out accounts whose newest ok, held or `unavailable` answer is younger. Default
   * null: none.
   */
  readonly maxAgeMs?: number | null;
  /** Default null: all accounts. */
  readonly shard?: Shard | null;
  /** Accounts fetched side by side. Default 8. */
  readonly concurrency?: number;
  /** Let answers without scenes through in this run. Default false. */
  readonly acceptEmpty?: boolean;
  /** Let answers that lost most of their scenes through in this run. Default false. */
  readonly acceptShrink?: boolean;
}

type CompleteOptions = Required<SyncOptions>;

const defaults = {
  accountTotal: null,
  maxAgeMs: null,
  shard: null,
  concurrency: sourceDefaults.concurrency,
  acceptEmpty: false,
  acceptShrink: false,
} as const;

function guardsOf(context: RunContext, options: CompleteOptions): RunContext['guards'] {
  return {
    ...context.guards,
    ...(options.acceptEmpty && { empty: 'accept' as const }),
    ...(options.acceptShrink && { maxShrink: 1 }),
  };
}

/** Fetches on while a batch is being written. A stop by the user still writes what was fetched. */
async function fetchAndApply(run: Run, tally: SyncTally, options: CompleteOptions): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const builder = new BatchBuilder(run.context.loader.limits);
  const writer = createBatchWriter(run, stop);
  const time = new TrustedTime(run, options.source, tally);
  const take = () => withoutSecrets(run, time.sift(builder.take()));

  using listed = new CountedAccounts(options.accounts, options.shard);
  const selected = selectAccounts(run, tally, { accounts: listed, maxAgeMs: options.maxAgeMs }, signal);
  try {
    for await (const result of fetchAccounts(options.source, selected, { concurrency: options.concurrency, signal })) {
      addResult(run, tally, builder, time.judge(result));
      tally.tellProgress(options.accountTotal);
      if (tally.facts.stoppedBy !== null) stop.abort();
      if (builder.isFullBefore('')) await writer.write(take());
    }
  } catch (error) {
    if (!signal.aborted) {
      // Not while a batch is on its way: the lock must outlive it. Its own failure would come first.
      await writer.end();
      throw error;
    }
  }
  if (!run.writeSignal.aborted && !builder.isEmpty) await writer.write(take());
  await writer.end();
  run.writeSignal.throwIfAborted();
  if (signal.aborted) tally.addUnreached(options.accountTotal ?? (await listed.countAll()));
}

function addResult(run: Run, tally: SyncTally, builder: BatchBuilder, result: FetchResult): void {
  const { appId, observedAt } = result;
  const pending = { observedAt, recorded: null, origin: 0 };
  if (result.kind === 'failure') {
    const { code, message, errorClass, doNotRecord } = result;
    tally.addFailure(result);
    builder.addFailure(appId, errorClass === 'unavailable' ? 'skipped' : 'failed');
    if (doNotRecord) return;
    builder.add(appId, { ...pending, failure: { kind: 'failure', code, message }, payloadHash: null }, null);
    return;
  }
  const payloadHash = hashPayload(result.body);
  const failure = failureOf(run.answers.normalize(payloadHash, result.body), run.context);
  if (failure !== null) {
    tally.addMalformed(appId, failure);
    builder.addFailure(appId, 'failed');
  }
  builder.add(appId, { ...pending, failure, payloadHash }, result.body);
}
