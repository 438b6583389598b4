import { chunksOfStream } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { isUnavailable } from '../../extract/error-catalogue.ts';
import type { SourceAccount } from '../../extract/scene-source.ts';
import type { Micros } from '../../instant.ts';
import { retryOnTarget } from '../run/retry-on-target.ts';
import type { Run } from '../run/run.ts';
import type { RunContext } from '../run/run-context.ts';
import type { SyncTally } from './sync-tally.ts';

/** The accounts to fetch: not fresh, and not answered later than now. The others are only counted. */
export async function* selectAccounts(
  { context }: Run,
  tally: SyncTally,
  { accounts, maxAgeMs }: Selection,
  signal: AbortSignal,
): AsyncGenerator<SourceAccount> {
  for await (const { account, head } of withHeads(accounts, context, signal)) {
    const now = context.clock.now();
    tally.addSelected(head);
    if (head !== null && isFresh(head, now, maxAgeMs)) tally.addFresh(head);
    else {
      const newest = head === null ? null : await newestAnswerSince(context, head, now, signal);
      if (head !== null && newest !== null) tally.addNotNewer(head, newest);
      else yield account;
    }
  }
}

export interface Selection {
  readonly accounts: AsyncIterable<SourceAccount>;
  readonly maxAgeMs: number | null;
}

/** An account that a run may fetch, with what is stored about it. */
interface SelectedAccount {
  readonly account: SourceAccount;
  readonly head: AccountHead | null;
}

/**
 * Pairs accounts with their heads, as many at a time as the loader reads at once. The next ones are
 * read while these are fetched, so that a slow target does not keep the source waiting.
 */
async function* withHeads(
  accounts: AsyncIterable<SourceAccount>,
  context: RunContext,
  signal: AbortSignal,
): AsyncGenerator<SelectedAccount> {
  const chunks = chunksOfStream(accounts, context.loader.limits.readAccounts);
  const readNext = async (): Promise<SelectedAccount[] | null> => {
    const { done, value } = await chunks.next();
    return done === true ? null : pair(value, context, signal);
  };
  let ahead = readNext();
  for (let chunk = await ahead; chunk !== null; chunk = await ahead) {
    ahead = readNext();
    // A failure is met when its turn comes, or never, when the run ends before.
    ahead.catch(() => undefined);
    yield* chunk;
  }
}

async function pair(
  accounts: readonly SourceAccount[],
  context: RunContext,
  signal: AbortSignal,
): Promise<SelectedAccount[]> {
  const query = { appIds: accounts.map(({ appId }) => appId) };
  const read = () => Array.fromAsync(context.loader.readHeads(query, signal), (head) => [head.appId, head] as const);
  const heads = new Map(await retryOnTarget(read, 'reading accounts', context, signal));
  return accounts.map((account) => ({ account, head: heads.get(account.appId) ?? null }));
}

/** True when the newest ok, held or `unavailable` answer of an account is younger than `maxAgeMs`. */
function isFresh(head: AccountHead, now: Micros, maxAgeMs: number | null): boolean {
  if (maxAgeMs === null) return false;
  const limit = now - BigInt(Math.round(maxAgeMs * 1000));
  if (head.lastObservedAt !== null && head.lastObservedAt > limit) return true;
  return head.lastErrorCode !== null && isUnavailable(head.lastErrorCode) && head.lastAttemptAt > limit;
}

/** When an account's newest ok or held answer that is not older than `now` came, if any; one held by hand does not count. */
async function newestAnswerSince(
  context: RunContext,
  { appId, lastObservedAt }: AccountHead,
  now: Micros,
  signal: AbortSignal,
): Promise<Micros | null> {
  if (lastObservedAt === null || lastObservedAt < now) return null;
  let newest: Micros | null = null;
  const read = () => Array.fromAsync(context.loader.readObservations({ appIds: [appId], since: now }, signal));
  for (const { observedAt, status, holdReason } of await retryOnTarget(read, 'reading an account', context, signal)) {
    if (observedAt < now || status === 'failed') continue;
    if (status === 'ok' || holdReason !== 'manual') newest = observedAt;
  }
  return newest;
}
