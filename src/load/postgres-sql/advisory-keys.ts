/** The advisory locks of a target: `scenedim` for the target, migrations and counts of shards; `scenedim-shard` for shards. */
import { createHash } from 'node:crypto';

/** First key of the advisory locks on a schema: 31 bits, so that it is the same number as int4 and as oid. */
export function advisoryClass(purpose: 'scenedim' | 'scenedim-shard', schema: string): number {
  return createHash('sha256').update(`${purpose}:${schema}`).digest().readUInt32BE(0) >>> 1;
}

/** Second keys of the advisory locks of class `scenedim`. */
export const advisoryObjects = { target: 0, migrate: 2, firstShardCount: 10 } as const;
