import { describe, expect, it } from 'vitest';
import type { LockScope } from '../loader.ts';
import type { ContractTargets } from './contract-target.ts';
import { applyChanges, neverAborted, openTarget } from './contract-target.ts';
import { sampleHeadChange } from './sample-rows.ts';

const exclusive: LockScope = { kind: 'exclusive' };

function shard(index: number, count: number): LockScope {
  return { kind: 'shard', index, count };
}

/** What is held, what is asked for, and whether it is given. */
const rules: readonly (readonly [string, LockScope, LockScope, boolean])[] = [
  ['an exclusive lock excludes an exclusive one', exclusive, exclusive, false],
  ['an exclusive lock excludes a shard', exclusive, shard(0, 2), false],
  ['a shard excludes an exclusive lock', shard(1, 2), exclusive, false],
  ['shards of one count are held side by side', shard(0, 2), shard(1, 2), true],
  ['a shard excludes itself', shard(1, 2), shard(1, 2), false],
  ['a shard excludes the same number of another count', shard(0, 2), shard(0, 3), false],
  ['a shard excludes another number of another count', shard(0, 2), shard(2, 3), false],
  ['the only shard excludes those of another count', shard(0, 1), shard(1, 2), false],
];

/** acquireLock. */
export function describeLocks(targets: ContractTargets, privateTarget: boolean): void {
  describe('locks', () => {
    if (!privateTarget) {
      for (const [title, held, asked, isGiven] of rules) it(title, () => expectRule(targets, held, asked, isGiven));

      it('excludes everybody until the last shard is released', async () => {
        await using target = await openTarget(targets);
        const other = await target.second();
        const first = await target.loader.acquireLock(shard(0, 2), neverAborted);
        const second = await other.acquireLock(shard(1, 2), neverAborted);
        await first?.[Symbol.asyncDispose]();
        expect(await target.loader.acquireLock(exclusive, neverAborted)).toBeNull();
        await second?.[Symbol.asyncDispose]();
        await using lock = await target.loader.acquireLock(exclusive, neverAborted);
        expect(lock).not.toBeNull();
      });

      it('gives one of many who ask at once an exclusive lock', async () => {
        await using target = await openTarget(targets);
        const clients = [target.loader, await target.second(), await target.second(), await target.second()];
        const locks = await Promise.all(clients.map((client) => client.acquireLock(exclusive, neverAborted)));
        await using stack = new AsyncDisposableStack();
        for (const lock of locks) stack.use(lock);
        expect(locks.filter((lock) => lock !== null)).toHaveLength(1);
      });
    }

    it('is given again after its release, and releasing it twice does no harm', async () => {
      await using target = await openTarget(targets);
      for (const scope of [exclusive, shard(0, 2), exclusive, shard(1, 3)]) {
        const lock = await target.loader.acquireLock(scope, neverAborted);
        expect(lock?.lost.aborted).toBe(false);
        await lock?.[Symbol.asyncDispose]();
        await lock?.[Symbol.asyncDispose]();
        expect(lock?.lost.aborted).toBe(false);
      }
    });

    it('lets its holder read and write', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await using lock = await loader.acquireLock(exclusive, neverAborted);
      await applyChanges(loader, 1, { heads: [sampleHeadChange('wx1', null)] });
      expect(await Array.fromAsync(loader.readHeads({}, neverAborted))).toHaveLength(1);
      expect(lock?.lost.aborted).toBe(false);
    });
  });
}

async function expectRule(
  targets: ContractTargets,
  held: LockScope,
  asked: LockScope,
  isGiven: boolean,
): Promise<void> {
  await using target = await openTarget(targets);
  const other = await target.second();
  const first = await target.loader.acquireLock(held, neverAborted);
  expect(first).not.toBeNull();
  const second = await other.acquireLock(asked, neverAborted);
  expect(second !== null).toBe(isGiven);
  await second?.[Symbol.asyncDispose]();
  await first?.[Symbol.asyncDispose]();
  await using again = await other.acquireLock(asked, neverAborted);
  expect(again).not.toBeNull();
}
