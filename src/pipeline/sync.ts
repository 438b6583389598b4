import { MAX_SLEEP_MS, systemTimer, type Timer } from '../clock.ts';
import { ScenedimError } from '../errors.ts';
import { fetchAccounts } from '../extract/fetch-accounts.ts';
import type { FetchResult, SceneSource, SourceAccount } from '../extract/scene-source.ts';
import { sourceDefaults } from '../extract/source-defaults.ts';
import { BatchBuilder, failureOf } from './batch/batch.ts';
import { Breaker } from './fetch/breaker.ts';
import { CountedAccounts } from './fetch/counted-accounts.ts';
import { compareRoster, type ListedAccounts } from './fetch/platform-roster.ts';
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
  const startedAt = options.timer.now();
  const guarded = { ...context, guards: guardsOf(context, options) };
  const scope = options.shard === null ? { kind: 'exclusive' as const } : { kind: 'shard' as const, ...options.shard };
  return withRun(guarded, 'sync', scope, async (run) => {
    const tally = new SyncTally(run);
    const keepRoster = await compareRoster(run, tally, options);
    const isComplete = await fetchAndApply(run, tally, { ...options, endsAt: startedAt + options.timeoutMs });
    if (isComplete) await keepRoster();
    const { counts } = run.tally;
    const outcome = outcomeOf(counts, tally.facts, context.signal.aborted);
    const exitCode = exitCodeOf(counts, tally.facts);
    return { outcome, value: run.tally.result(outcome, exitCode, tally.facts.stoppedBy) };
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
  /**
   * Milliseconds for the whole run, lock and migration included. When they are over, no account is asked any more, requests
   * in flight are given up, what was fetched is written, and the run ends with 75. Default `Infinity`.
   */
  readonly timeoutMs?: number;
  /** What the timeout and the waits for a source that is down are measured by. Default {@link systemTimer}. */
  readonly timer?: Timer;
  /** Default null: all accounts. */
  readonly shard?: Shard | null;
  /**
   * What the list of a third-party platform held, before anything was left out; compared with that
   * of the last run that came to its end. Default null: none.
   */
  readonly roster?: ListedAccounts | null;
  /** Accounts fetched side by side. Default 8. */
  readonly concurrency?: number;
  /** Let answers without scenes through in this run. Default false. */
  readonly acceptEmpty?: boolean;
  /**
   * Let answers that lost most of their scenes through in this run, and a `roster` that lost most
   * accounts. Default false.
   */
  readonly acceptShrink?: boolean;
}

const OUT_OF_TIME = 'the time of --timeout was over before every account was asked; what was fetched is stored';
const GO_ON = 'run again with --max-age, which asks only those that were not reached';

type CompleteOptions = Required<SyncOptions>;

const defaults = {
  accountTotal: null,
  maxAgeMs: null,
  timeoutMs: Number.POSITIVE_INFINITY,
  timer: systemTimer,
  shard: null,
  roster: null,
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

/**
 * Fetches on while a batch is being written. A run that is stopped still writes what was fetched,
 * and resolves with false.
 */
async function fetchAndApply(run: Run, tally: SyncTally, options: FetchOptions): Promise<boolean> {
  const { source, timer, concurrency } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const builder = new BatchBuilder(run.context.loader.limits);
  const writer = createBatchWriter(run, stop);
  const time = new TrustedTime(run, source, tally);
  const breaker = new Breaker({ host: source.host, timer, logger: run.context.logger, signal });
  const take = () => withoutSecrets(run, time.sift(builder.take()));
  const add = (result: FetchResult): void => {
    addResult(run, tally, builder, result);
    tally.tellProgress(options.accountTotal);
  };

  using listed = new CountedAccounts(options.accounts, options.shard);
  const selected = breaker.feed(selectAccounts(run, tally, { accounts: listed, maxAgeMs: options.maxAgeMs }, signal));
  try {
    using _deadline = stopInTime(options, tally, stop);
    for await (const result of fetchAccounts(source, selected, { concurrency, signal })) {
      for (const counted of breaker.see(time.judge(result))) add(counted);
      if (tally.facts.stoppedBy !== null) stop.abort();
      if (builder.isFullBefore('')) await writer.write(take());
    }
    if (breaker.error !== null) tally.stop(breaker.error);
  } catch (error) {
    if (!signal.aborted) {
      // Not while a batch is on its way: the lock must outlive it. Its own failure would come first.
      await writer.end();
      throw error;
    }
  }
  for (const failure of breaker.rest()) add(failure);
  if (!run.writeSignal.aborted && !builder.isEmpty) await writer.write(take());
  await writer.end();
  run.writeSignal.throwIfAborted();
  const isStopped = signal.aborted || breaker.error !== null;
  if (isStopped) tally.addUnreached(options.accountTotal ?? (await listed.countAll()));
  return !isStopped;
}

type FetchOptions = CompleteOptions & {
  /** When the time of the run is over, by the timer. */
  readonly endsAt: number;
};

/**
 * Stops the fetching when the time of the run is over, until it is disposed of; never for a time
 * beyond {@link MAX_SLEEP_MS}.
 */
function stopInTime({ timer, endsAt }: FetchOptions, tally: SyncTally, stop: AbortController): Disposable {
  const done = new AbortController();
  const end = (): void => {
    tally.stop(new ScenedimError('out_of_time', OUT_OF_TIME, { remedy: GO_ON }));
    stop.abort();
  };
  const leftMs = Math.max(0, endsAt - timer.now());
  if (leftMs <= MAX_SLEEP_MS) timer.sleep(leftMs, done.signal).then(end, () => undefined);
  return { [Symbol.dispose]: () => done.abort() };
}

function addResult(run: Run, tally: SyncTally, builder: BatchBuilder, result: FetchResult): void {
  const { appId, observedAt } = result;
  if (result.kind === 'failure' && result.unasked === true) {
    tally.addUnasked(result);
    return;
  }
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
