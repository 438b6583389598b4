import type { AccountHead } from '../../dimension/account-head.ts';

export const accountStates = ['ok', 'failed', 'held', 'removals_suspended'] as const;
/** How an account stands: `failed`, its newest attempt failed; `held`, its newest answer waits for a decision. */
export type AccountState = (typeof accountStates)[number];

/** The worst that is to say about an account. */
export function stateOf(head: AccountHead): AccountState {
  if (isHeld(head)) return 'held';
  if (head.lastErrorCode !== null) return 'failed';
  return head.removalsSuspendedSince === null ? 'ok' : 'removals_suspended';
}

/** True while the newest answer that could be used is held. */
export function isHeld({ lastOkAt, lastObservedAt }: AccountHead): boolean {
  return lastObservedAt !== null && (lastOkAt === null || lastOkAt < lastObservedAt);
}
