import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { acquireRunLock } from '../../src/pipeline/run-lock.ts';

const signal = new AbortController().signal;

test('a run that waits for the lock ends with the reason of its signal', async () => {
  const target = createMemoryTarget();
  await using holder = createMemoryLoader(target);
  await using loader = createMemoryLoader(target);
  await holder.migrate(sampleSettings, signal);
  await using _lock = await holder.acquireLock({ kind: 'exclusive' }, signal);
  const stop = new AbortController();
  const reason = new Error('stopped by the user');
  const waiting = acquireRunLock({ loader, lockTimeoutMs: 60_000, signal: stop.signal }, { kind: 'exclusive' });
  const outcome = waiting.catch((error: unknown) => error);
  setImmediate(() => stop.abort(reason));
  expect(await outcome).toBe(reason);
});

test('a run that does not wait is told at once that the lock is held', async () => {
  const target = createMemoryTarget();
  await using holder = createMemoryLoader(target);
  await using loader = createMemoryLoader(target);
  await using _lock = await holder.acquireLock({ kind: 'exclusive' }, signal);
  const waiting = acquireRunLock({ loader, lockTimeoutMs: 0, signal }, { kind: 'exclusive' });
  await expect(waiting).rejects.toMatchObject({ code: 'lock_held' });
});
