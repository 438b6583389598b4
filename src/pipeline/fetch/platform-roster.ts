import type { Micros } from '../../instant.ts';
import { retryOnTarget } from '../run/retry-on-target.ts';
import type { Run } from '../run/run.ts';
import type { Shard } from './shard.ts';
import type { SyncTally } from './sync-tally.ts';

/** What the list of a third-party platform held, before anything was left out. */
export interface ListedAccounts {
  readonly appIds: ReadonlySetLike<string>;
  readonly listedAt: Micros;
}

export interface PlatformRosterOptions {
  /** Null: the accounts are not those of a platform. */
  readonly roster: ListedAccounts | null;
  /** Whether a list that lost more than half of its accounts is believed. */
  readonly acceptShrink: boolean;
  readonly shard: Shard | null;
}

/**
 * Reports accounts that left the list since the last full run, or a list that lost too many
 * accounts to be believed. Resolves with a function that stores the list, to be called at the end
 * of a full run. Of several shards only the first does this.
 */
export async function compareRoster(
  run: Run,
  tally: SyncTally,
  { roster: listed, acceptShrink, shard }: PlatformRosterOptions,
): Promise<() => Promise<void>> {
  const { context } = run;
  const store = context.loader.roster;
  if (listed === null || store === undefined || (shard !== null && shard.index !== 0)) return async () => {};
  const read = () => Array.fromAsync(store.read(run.signal));
  const stored = await retryOnTarget(read, 'reading the roster', context, run.signal);
  if (listed.appIds.size < stored.length / 2 && !acceptShrink) {
    tally.refuseRoster(listed.appIds.size, stored.length);
    return async () => {};
  }
  const left = stored.filter((appId) => !listed.appIds.has(appId));
  for (const appId of left) tally.addLeft(appId);
  if (left.length > 0) context.logger.warn({ left: left.length }, 'accounts left the list of the platform');
  const appIds = { [Symbol.iterator]: () => Iterator.from(listed.appIds.keys()) };
  const write = () => store.write(appIds, listed.listedAt, run.writeSignal);
  return () => retryOnTarget(write, 'writing the roster', context, run.writeSignal);
}
