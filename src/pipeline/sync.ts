import type { AccountHead } from '../dimension/account-head.ts';
import { isUnavailable } from '../extract/error-catalogue.ts';
import { fetchAccounts } from '../extract/fetch-accounts.ts';
import type { FetchResult, SceneSource, SourceAccount } from '../extract/scene-source.ts';
import type { Micros } from '../instant.ts';
import type { Loader } from '../load/loader.ts';
import type { AnswerFailure } from '../normalize/snapshot.ts';
import type { Batch, BatchBuilder } from './batch/batch.ts';
import { createBatchBuilder, failureOf } from './batch/batch.ts';
import { hasAnswerSince } from './fetch/newer-answer.ts';
import { isFresh, withHeads } from './fetch/select-accounts.ts';
import type { Shard } from './fetch/shard.ts';
import { isInShard } from './fetch/shard.ts';
import type { SyncBooks } from './fetch/sync-tally.ts';
import { createSyncBooks } from './fetch/sync-tally.ts';
import { hashPayload } from './log/answer-cache.ts';
import { createBackgroundWriter } from './run/background-writer.ts';
import type { Run } from './run/run.ts';
import { withRun } from './run/run.ts';
import type { RunContext } from './run/run-context.ts';
import type { RunResult } from './run/run-result.ts';
import { exitCodeOf, outcomeOf } from './run/run-verdict.ts';

export interface SyncOptions {
  readonly source: SceneSource;
  readonly accounts: AsyncIterable<SourceAccount> | Iterable<SourceAccount>;
  /** How many accounts there are, for the progress; null (default) when nobody knows. */
  readonly accountTotal?: number | null;
  /** Skip accounts whose newest ok, held or `unavailable` answer is younger than this, in milliseconds. Default null: none. */
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
  concurrency: 8,
  acceptEmpty: false,
  acceptShrink: false,
} as const;

/** Fetches the selected accounts and applies what they answer. */
export async function sync(context: RunContext, given: SyncOptions): Promise<RunResult> {
  const options: CompleteOptions = { ...defaults, ...given };
  const guarded = { ...context, guards: guardsOf(context, options) };
  const scope = options.shard === null ? { kind: 'exclusive' as const } : { kind: 'shard' as const, ...options.shard };
  return withRun(guarded, 'sync', scope, async (run) => {
    const books = createSyncBooks(run);
    await fetchAndApply(run, books, options);
    const { counts } = run.ledger;
    const outcome = outcomeOf(counts, books.facts, context.signal.aborted);
    const exitCode = exitCodeOf(counts, books.facts);
    return { outcome, value: { report: run.ledger.report(outcome), exitCode, error: books.facts.stoppedBy } };
  });
}

function guardsOf(context: RunContext, options: CompleteOptions): RunContext['guards'] {
  return {
    ...context.guards,
    ...(options.acceptEmpty && { empty: 'accept' as const }),
    ...(options.acceptShrink && { maxShrink: 1 }),
  };
}

/** Fetches on while a batch is being written. A stop by the user still writes what was fetched. */
async function fetchAndApply(run: Run, books: SyncBooks, options: CompleteOptions): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const builder = createBatchBuilder(run.context.loader.limits);
  const writer = createBackgroundWriter((batch: Batch) => books.commit(batch), stop);

  const selected = selectAccounts(run, books, options, signal);
  try {
    for await (const result of fetchAccounts(options.source, selected, { concurrency: options.concurrency, signal })) {
      take(run, books, builder, result);
      books.tellProgress(options.accountTotal);
      if (books.facts.stoppedBy !== null) stop.abort();
      if (builder.isFullBefore('')) await writer.write(builder.take());
    }
  } catch (error) {
    if (!signal.aborted) {
      // Not while a batch is on its way: the lock must outlive it. Its own failure would come first.
      await writer.end();
      throw error;
    }
  }
  if (!run.writeSignal.aborted && builder.size > 0) await writer.write(builder.take());
  await writer.end();
  run.writeSignal.throwIfAborted();
}

/** The accounts to fetch: of this shard, not fresh, and not answered later than now. */
async function* selectAccounts(
  { context: { loader, clock } }: Run,
  books: SyncBooks,
  options: CompleteOptions,
  signal: AbortSignal,
): AsyncGenerator<SourceAccount> {
  for await (const { account, head } of withHeads(inShard(options.accounts, options.shard), loader, signal)) {
    const now = clock.now();
    if (head !== null && isFresh(head, now, options.maxAgeMs, isUnavailable)) books.addFresh(head);
    else if (head !== null && (await isAnsweredLater(loader, head, now, signal))) books.addNotNewer(head);
    else {
      books.addSelected(head);
      yield account;
    }
  }
}

async function isAnsweredLater(loader: Loader, head: AccountHead, now: Micros, signal: AbortSignal): Promise<boolean> {
  if (head.lastObservedAt === null || head.lastObservedAt < now) return false;
  return hasAnswerSince(loader, head.appId, now, signal);
}

async function* inShard(
  accounts: AsyncIterable<SourceAccount> | Iterable<SourceAccount>,
  shard: Shard | null,
): AsyncGenerator<SourceAccount> {
  for await (const account of accounts) if (isInShard(account.appId, shard)) yield account;
}

function take(run: Run, books: SyncBooks, builder: BatchBuilder, result: FetchResult): void {
  if (result.kind === 'failure') {
    books.addFailure(result);
    if (result.doNotRecord) return;
    const failure: AnswerFailure = { kind: 'failure', code: result.code, message: result.message };
    builder.add(result.appId, { ...pendingOf(result), failure, payloadHash: null }, null);
    return;
  }
  const payloadHash = hashPayload(result.body);
  const failure = failureOf(run.answers.normalize(payloadHash, result.body), run.context);
  if (failure !== null) books.addMalformed(result.appId, failure);
  builder.add(result.appId, { ...pendingOf(result), failure, payloadHash }, result.body);
}

function pendingOf({ observedAt }: FetchResult) {
  return { observedAt, recorded: null, origin: 0 };
}
