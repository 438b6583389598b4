import { hash } from 'node:crypto';

/** One part of a run that several processes share: part `index` (from 0) of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** True when an account belongs to a shard: every account to exactly one, whatever the order or size of the list. */
export function isInShard(appId: string, shard: Shard | null): boolean {
  if (shard === null) return true;
  return Number.parseInt(hash('sha256', appId, 'hex').slice(0, 12), 16) % shard.count === shard.index;
}
