import type { Micros } from '../instant.ts';

/** One row of `scene_account`: what the log of an account amounts to. Everything but `revision` is derived from the log. */
export interface AccountHead {
  readonly appId: string;
  /** Grows by one with every batch that changes the account's log; 1 after the first. */
  readonly revision: number;
  /** Newest ok observation. */
  readonly lastOkAt: Micros | null;
  /** Newest ok or held observation. */
  readonly lastObservedAt: Micros | null;
  /** Payload of the newest ok observation. */
  readonly lastPayloadHash: string | null;
  /** Newest observation of any status. */
  readonly lastAttemptAt: Micros;
  /** Error code of the newest observation when that one failed, else null. */
  readonly lastErrorCode: string | null;
  /** While the newest ok answer held a row without a key: since which observation that has been so. */
  readonly removalsSuspendedSince: Micros | null;
}
