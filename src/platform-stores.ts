import type { Micros } from './instant.ts';

/**
 * Where the refresh tokens of a third-party platform's accounts are kept: one for each account, the newest that WeChat gave.
 * Whoever loses one needs the merchant to authorise the platform again, so what is stored is durable when a method resolves.
 */
export interface RefreshTokenStore {
  /** The stored tokens of these accounts by app id; accounts without one are missing. At most 1,000 app ids. */
  read(appIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Compare and set, of at most 1,000 accounts, each once. Gives the accounts whose stored token was the expected one and is replaced. */
  replace(changes: readonly RefreshTokenChange[], signal: AbortSignal): Promise<ReadonlySet<string>>;
}

/** A token that takes the place of another. */
export interface RefreshTokenChange {
  readonly appId: string;
  /** What must be stored; null: no token of this account. */
  readonly expected: string | null;
  /** Never empty. */
  readonly token: string;
}

/**
 * The accounts of a third-party platform that its list of the last full run held (`scene_roster`). An account that left the
 * list keeps its row, with the time when it was listed last.
 */
export interface RosterStore {
  /** App ids of the roster that was written last, in no order; none when none was. */
  read(signal: AbortSignal): AsyncIterable<string>;
  /** Makes these accounts the roster, all or nothing. `listedAt` is not older than that of the roster before. */
  write(appIds: Iterable<string>, listedAt: Micros, signal: AbortSignal): Promise<void>;
}
