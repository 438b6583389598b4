import type { AccountHead } from '../dimension/account-head.ts';
import type { Micros } from '../instant.ts';
import type { Loader } from '../load/loader.ts';

const CHUNK = 1_000;

/** An account that a run may fetch, with what is stored about it. */
export interface SelectedAccount<Account> {
  readonly account: Account;
  readonly head: AccountHead | null;
}

/** Pairs accounts with their heads, a thousand at a time. */
export async function* withHeads<Account extends { readonly appId: string }>(
  accounts: AsyncIterable<Account> | Iterable<Account>,
  loader: Loader,
  signal: AbortSignal,
): AsyncGenerator<SelectedAccount<Account>> {
  let chunk: Account[] = [];
  for await (const account of accounts) {
    chunk.push(account);
    if (chunk.length < CHUNK) continue;
    yield* pair(chunk, loader, signal);
    chunk = [];
  }
  if (chunk.length > 0) yield* pair(chunk, loader, signal);
}

async function* pair<Account extends { readonly appId: string }>(
  accounts: readonly Account[],
  loader: Loader,
  signal: AbortSignal,
): AsyncGenerator<SelectedAccount<Account>> {
  const heads = new Map<string, AccountHead>();
  const appIds = accounts.map((account) => account.appId);
  for await (const head of loader.readHeads({ appIds }, signal)) heads.set(head.appId, head);
  for (const account of accounts) yield { account, head: heads.get(account.appId) ?? null };
}

/**
 * True when the newest ok, held or class A answer of an account is younger than `maxAgeMs`.
 * `isUnavailable` tells whether an error code is WeChat's own word that the account has no list (class A).
 */
export function isFresh(
  head: AccountHead | null,
  now: Micros,
  maxAgeMs: number | null,
  isUnavailable: (code: string) => boolean,
): boolean {
  if (head === null || maxAgeMs === null) return false;
  const limit = now - BigInt(Math.round(maxAgeMs * 1000));
  if (head.lastObservedAt !== null && head.lastObservedAt > limit) return true;
  return head.lastErrorCode !== null && isUnavailable(head.lastErrorCode) && head.lastAttemptAt > limit;
}
