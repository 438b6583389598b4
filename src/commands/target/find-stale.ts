import type { Config } from '../../config/load-config.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { isUnavailable } from '../../extract/error-catalogue.ts';
import type { Micros } from '../../instant.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { Session } from '../session/session.ts';
import { readListedAccounts } from './listed-accounts.ts';

/** An account without a recent answer. */
export interface StaleAccount {
  readonly appId: string;
  /** Its newest ok answer; null when it never gave one. */
  readonly lastOkAt: Micros | null;
  /** True when its newest attempt failed, which says why. */
  readonly isFailing: boolean;
}

/**
 * The accounts whose newest ok answer is older than `maxAgeMs` milliseconds: of those that the config lists, or of all in the
 * target where there is no list that can be read. An answer that the account is unavailable counts as ok.
 */
export async function* findStale(
  session: Session,
  config: Config,
  { loader, clock, signal }: RunContext,
  maxAgeMs: number,
): AsyncGenerator<StaleAccount> {
  const listed = await readListedAccounts(session, config, loader);
  const oldest = clock.now() - BigInt(maxAgeMs) * 1000n;
  for await (const head of loader.readHeads({}, signal)) {
    const isListed = listed?.delete(head.appId) ?? true;
    if (!isListed || !isStale(head, oldest)) continue;
    yield { appId: head.appId, lastOkAt: head.lastOkAt, isFailing: head.lastErrorCode !== null };
  }
  for (const appId of listed?.keys() ?? []) yield { appId, lastOkAt: null, isFailing: false };
}

/**
 * True when the newest answer of an account, one that it is unavailable included, is older than
 * `oldest`.
 */
export function isStale(head: AccountHead, oldest: Micros): boolean {
  return (answeredAt(head) ?? 0n) < oldest;
}

/** The newest ok answer of an account, or one that it is unavailable; null when it never gave one. */
export function answeredAt({ lastOkAt, lastAttemptAt, lastErrorCode }: AccountHead): Micros | null {
  const saysUnavailable = lastErrorCode !== null && isUnavailable(lastErrorCode);
  return saysUnavailable ? lastAttemptAt : lastOkAt;
}
