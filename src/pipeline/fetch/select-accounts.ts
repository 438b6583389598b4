import type { AccountHead } from '../../dimension/account-head.ts';
import type { Micros } from '../../instant.ts';
import type { Loader } from '../../load/loader.ts';

/** An account that a run may fetch, with what is stored about it. */
export interface SelectedAccount<Account> {
  readonly account: Account;
  readonly head: AccountHead | null;
}

/**
 * Pairs accounts with their heads, as many at a time as the loader reads at once. The next thousand is read while these are fetched, so that a slow
 * target does not keep the source waiting.
 */
export async function* withHeads<Account extends { readonly appId: string }>(
  accounts: AsyncIterable<Account> | Iterable<Account>,
  loader: Loader,
  signal: AbortSignal,
): AsyncGenerator<SelectedAccount<Account>> {
  const chunks = chunksOf(accounts, loader.limits.readAccounts);
  const readNext = async (): Promise<SelectedAccount<Account>[] | null> => {
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

async function* chunksOf<Account>(
  accounts: AsyncIterable<Account> | Iterable<Account>,
  size: number,
): AsyncGenerator<Account[]> {
  let chunk: Account[] = [];
  for await (const account of accounts) {
    chunk.push(account);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function pair<Account extends { readonly appId: string }>(
  accounts: readonly Account[],
  loader: Loader,
  signal: AbortSignal,
): Promise<SelectedAccount<Account>[]> {
  const heads = new Map<string, AccountHead>();
  const appIds = accounts.map((account) => account.appId);
  for await (const head of loader.readHeads({ appIds }, signal)) heads.set(head.appId, head);
  return accounts.map((account) => ({ account, head: heads.get(account.appId) ?? null }));
}

/**
 * True when the newest ok, held or `unavailable` answer of an account is younger than `maxAgeMs`.
 * `isUnavailable` tells whether an error code is WeChat's own word that the account has no list.
 */
export function isFresh(
  head: AccountHead,
  now: Micros,
  maxAgeMs: number | null,
  isUnavailable: (code: string) => boolean,
): boolean {
  if (maxAgeMs === null) return false;
  const limit = now - BigInt(Math.round(maxAgeMs * 1000));
  if (head.lastObservedAt !== null && head.lastObservedAt > limit) return true;
  return head.lastErrorCode !== null && isUnavailable(head.lastErrorCode) && head.lastAttemptAt > limit;
}
