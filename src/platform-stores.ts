import type { Micros } from './instant.ts';

/**
 * The refresh tokens of the authorizers of a third-party platform: one for each account, the newest
 * that WeChat gave. When one is lost, the merchant may have to authorise the platform again. So a
 * change is durable when `replace` resolves.
 */
export interface RefreshTokenStore {
  /** The stored tokens of at most 1,000 accounts, by app id; an account without one is left out. */
  read(appIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /**
   * Compare and set for at most 1,000 accounts, each named once. Resolves with the accounts whose
   * stored token was the expected one, and is replaced now.
   */
  replace(changes: readonly RefreshTokenChange[], signal: AbortSignal): Promise<ReadonlySet<string>>;
}

/** One compare and set. */
export interface RefreshTokenChange {
  readonly appId: string;
  /** The token that must be stored; null when none may be. */
  readonly expected: string | null;
  /** Never empty. */
  readonly token: string;
}

/**
 * The authorizers that the platform's list held at the last full run (`scene_roster`). An account
 * that left the list keeps its row, with the time when it was listed last.
 */
export interface RosterStore {
  /** The app ids of the newest roster, in no order; none when no roster was written. */
  read(signal: AbortSignal): AsyncIterable<string>;
  /**
   * Replaces the roster, all or nothing. `listedAt` must not be older than that of the roster
   * before.
   */
  write(appIds: Iterable<string>, listedAt: Micros, signal: AbortSignal): Promise<void>;
}
