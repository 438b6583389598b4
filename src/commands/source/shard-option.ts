import { ScenedimError } from '../../errors.ts';
import type { Shard } from '../../pipeline/fetch/shard.ts';
import type { Session } from '../session/session.ts';

/** The value of `--shard`, as in `0/4`; anything else is a `usage` error. */
export function parseShard(text: string): Shard {
  return requireShard(text, `--shard: "${text}"`);
}

/** The part that this process takes; null when it takes all. Throws `usage` when the environment says no shard. */
export function shardOf({ environment }: Session, { shard }: { readonly shard?: Shard }): Shard | null {
  return shard ?? shardFromEnvironment(environment);
}

/** Kubernetes gives the index of an indexed job; how many there are, only the manifest knows. */
function shardFromEnvironment(environment: Session['environment']): Shard | null {
  const { SHARD_COUNT: count = '', JOB_COMPLETION_INDEX: index = '' } = environment;
  if (count === '') return null;
  return requireShard(`${index}/${count}`, `JOB_COMPLETION_INDEX "${index}" and SHARD_COUNT "${count}"`);
}

function requireShard(text: string, subject: string): Shard {
  const [, index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (index !== undefined && count !== undefined && index < count) return { index, count };
  throw new ScenedimError('usage', `${subject} is not a shard`, {
    remedy: 'write I/N with I from 0 to N-1, like 0/4',
  });
}
