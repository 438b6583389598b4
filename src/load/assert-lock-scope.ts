import { ScenedimError } from '../errors.ts';
import type { LockScope } from './loader.ts';

/** More shards do not fit the keys of an advisory lock. */
export const MAX_SHARDS = 32_767;

/** Refuses a shard that is not one of `count`, or too many shards. */
export function assertLockScope(scope: LockScope): void {
  if (scope.kind === 'exclusive') return;
  const { index, count } = scope;
  if (Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count && count <= MAX_SHARDS) return;
  throw new ScenedimError('usage', `--shard ${index}/${count}: not a shard`, {
    remedy: `use I/N with 0 <= I < N <= ${MAX_SHARDS}`,
  });
}
