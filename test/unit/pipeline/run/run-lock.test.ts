import { expect, test } from 'vitest';
import { sampleSettings } from '../../../../src/load/contract/sample-rows.ts';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../../../src/load/memory/memory-target.ts';
import { acquireRunLock } from '../../../../src/pipeline/run/run-lock.ts';

const signal = new AbortController().signal;

function createListener() {
  const messages: string[] = [];
  const log = (_fields: object, message: string) => void messages.push(message);
  return { messages, logger: { debug: log, info: log, warn: log, error: log } };
}

test('a run that waits for the lock ends with the reason of its signal', async () => {
  const target = createMemoryTarget();
  await using holder = createMemoryLoader(target);
  await using loader = createMemoryLoader(target);
  await holder.migrate(sampleSettings, signal);
  await using _lock = await holder.acquireLock({ kind: 'exclusive' }, signal);
  const stop = new AbortController();
  const reason = new Error('stopped by the user');
  const { logger, messages } = createListener();
  const context = { loader, lockTimeoutMs: 60_000, logger, signal: stop.signal };
  const waiting = acquireRunLock(context, { kind: 'exclusive' });
  const outcome = waiting.catch((error: unknown) => error);
  setImmediate(() => stop.abort(reason));
  expect(await outcome).toBe(reason);
  expect(messages).toEqual(['another run is at work: waiting for it']);
});

test('a shard that does not wait goes on behind another one that looks at the schema', async () => {
  const target = createMemoryTarget();
  await using migrating = createMemoryLoader(target);
  await using loader = createMemoryLoader(target);
  const held = await migrating.acquireLock({ kind: 'exclusive' }, signal);
  const shard = { kind: 'shard', index: 0, count: 4 } as const;
  const { logger } = createListener();
  const waiting = acquireRunLock({ loader, lockTimeoutMs: 0, logger, signal }, shard);
  setImmediate(() => void held?.[Symbol.asyncDispose]());
  await using lock = await waiting;
  expect(lock.lost.aborted).toBe(false);
});

test('a run that does not wait is told at once that the lock is held', async () => {
  const target = createMemoryTarget();
  await using holder = createMemoryLoader(target);
  await using loader = createMemoryLoader(target);
  await using _lock = await holder.acquireLock({ kind: 'exclusive' }, signal);
  const { logger, messages } = createListener();
  const waiting = acquireRunLock({ loader, lockTimeoutMs: 0, logger, signal }, { kind: 'exclusive' });
  await expect(waiting).rejects.toMatchObject({ code: 'lock_held' });
  expect(messages).toEqual([]);
});

test('a lock that ends with time is told with its end', async () => {
  const target = createMemoryTarget();
  await using holder = createMemoryLoader(target);
  await using loader = createMemoryLoader(target);
  await using _lock = await holder.acquireLock({ kind: 'exclusive' }, signal);
  const lockEndsAt = async () => 1_767_225_600_900_000n;
  const { logger, messages } = createListener();
  const context = { loader: { ...loader, lockEndsAt }, lockTimeoutMs: 1, logger, signal };
  const end = '(its lock ends at 2026-01-01T00:00:00Z, unless it is alive and renews it)';
  await expect(acquireRunLock(context, { kind: 'exclusive' })).rejects.toMatchObject({
    code: 'lock_held',
    message: `another run is at work on ${loader.description} ${end}`,
  });
  expect(messages).toEqual([`another run is at work: waiting for it ${end}`]);
});
