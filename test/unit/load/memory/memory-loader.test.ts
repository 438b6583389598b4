import { expect, test } from 'vitest';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  samplePayload,
  sampleRun,
  sampleSettings,
  sampleVersion,
} from '../../../../src/load/contract/sample-rows.ts';
import { createMemoryLoader, memoryLoaderFactory } from '../../../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../../../src/load/memory/memory-target.ts';

const signal = new AbortController().signal;

test('a loader that is closed gives its lock away and says that it was lost', async () => {
  const target = createMemoryTarget();
  const holder = createMemoryLoader(target);
  await using other = createMemoryLoader(target);
  const lock = await holder.acquireLock({ kind: 'exclusive' }, signal);
  expect(await other.acquireLock({ kind: 'exclusive' }, signal)).toBeNull();
  await holder[Symbol.asyncDispose]();
  expect(lock?.lost.reason).toMatchObject({ code: 'lock_lost' });
  await using next = await other.acquireLock({ kind: 'exclusive' }, signal);
  expect(next?.lost.aborted).toBe(false);
  await lock?.[Symbol.asyncDispose]();
  expect(await other.acquireLock({ kind: 'exclusive' }, signal)).toBeNull();
});

test('a loader that is closed cannot be used', async () => {
  const loader = createMemoryLoader();
  await loader[Symbol.asyncDispose]();
  await expect(loader.readMeta(signal)).rejects.toMatchObject({ code: 'internal' });
});

test('a payload is a copy, going in and coming out', async () => {
  await using loader = createMemoryLoader();
  await loader.migrate(sampleSettings, signal);
  const payload = samplePayload(Uint8Array.of(1, 2, 3));
  const hashes = [payload.payloadHash];
  await loader.apply(sampleChangeSet(1, { payloads: [payload] }), signal);
  payload.body[0] = 9;
  (await loader.readPayloads(hashes, signal)).get(payload.payloadHash)?.fill(7);
  expect(await loader.readPayloads(hashes, signal)).toEqual(new Map([[payload.payloadHash, Uint8Array.of(1, 2, 3)]]));
});

test('a version_id belongs to one account', async () => {
  await using loader = createMemoryLoader();
  await loader.migrate(sampleSettings, signal);
  const version = sampleVersion('wx1', '1', instantAt(0));
  const versions = [insertOf(version), insertOf({ ...version, appId: 'wx2' })];
  await expect(loader.apply(sampleChangeSet(1, { versions }), signal)).rejects.toMatchObject({ code: 'internal' });
  expect(await Array.fromAsync(loader.readVersions({}, signal))).toEqual([]);
});

test('the newest record of a run is kept, and its end is noted without a batch of its own', async () => {
  const target = createMemoryTarget();
  await using loader = createMemoryLoader(target);
  await loader.migrate(sampleSettings, signal);
  await loader.apply(sampleChangeSet(1), signal);
  await loader.apply(sampleChangeSet(2), signal);
  const end = sampleRun('run-1', 2, { finishedAt: instantAt(9), outcome: 'ok' });
  await loader.apply(sampleChangeSet(2, { run: end }), signal);
  await loader.apply(sampleChangeSet(2), signal);
  expect([...target.runs.values()]).toEqual([end]);
});

test('the config of a target in memory has no settings', () => {
  expect(memoryLoaderFactory.parseConfig({ type: 'memory' })).toEqual({ type: 'memory' });
  expect(() => memoryLoaderFactory.parseConfig({ type: 'memory', path: 'x' })).toThrow('target.path');
});
