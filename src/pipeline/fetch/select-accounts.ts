import { chunksOfStream } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { isUnavailable } from '../../extract/error-catalogue.ts';
import type { SourceAccount } from '../../extract/scene-source.ts';
import type { Micros } from '../../instant.ts';
import type { Loader } from '../../load/loader.ts';
import type { Run } from '../run/run.ts';
import type { SyncTally } from './sync-tally.ts';

/** The accounts to fetch: not fresh, and not answered later than now. The others are only counted. */
export async function* selectAccounts(
  { context: { loader, clock } }: Run,
  tally: SyncTally,
  { accounts, maxAgeMs }: Selection,
  signal: AbortSignal,
): AsyncGenerator<SourceAccount> {
  for await (const { account, head } of withHeads(accounts, loader, signal)) {
    const now = clock.now();
    tally.addSelected(head);
    if (head !== null && isFresh(head, now, maxAgeMs)) tally.addFresh(head);
    else {
      const newest = head === null ? null : await newestAnswerSince(loader, head, now, signal);
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
  loader: Loader,
  signal: AbortSignal,
): AsyncGenerator<SelectedAccount> {
  const chunks = chunksOfStream(accounts, loader.limits.readAccounts);
  const readNext = async (): Promise<SelectedAccount[] | null> => {
    const { done, value } = await chunks.next();
    return done === true ? null : pair(value, loader, signal);
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
  loader: Loader,
  signal: AbortSignal,
): Promise<SelectedAccount[]> {
  const stored = loader.readHeads({ appIds: accounts.map(({ appId }) => appId) }, signal);
  const heads = new Map(await Array.fromAsync(stored, (head) => [head.appId, head] as const));
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
  loader: Loader,
  { appId, lastObservedAt }: AccountHead,
  now: Micros,
  signal: AbortSignal,
): Promise<Micros | null> {
  if (lastObservedAt === null || lastObservedAt < now) return null;
  let newest: Micros | null = null;
  for await (const { observedAt, status, holdReason } of loader.readObservations({ appIds: [appId] }, signal)) {
    if (observedAt < now || status === 'failed') continue;
    if (status === 'ok' || holdReason !== 'manual') newest = observedAt;
  }
  return newest;
}
