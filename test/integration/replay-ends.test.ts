/** Where a replay ends: a refused batch stores nothing, an input that says nothing is not waited for, and every exported line is taken back. */
import { expect, test } from 'vitest';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { contextFor, inputOf } from '../support/run-case.ts';
import { contentsOf } from '../support/target-contents.ts';

const settings = { dimension: {}, guards: {} };
const day = (appId: string, at: number, name: string): string =>
  JSON.stringify({
    app_id: appId,
    observed_at: `2026-01-0${at}T00:00:00Z`,
    body: { errcode: 0, scene: [1, 2, 3].map((value) => ({ name: `${name}${value}`, value })) },
  });

test('nothing is stored of a batch that is written in parts and refused in the last', async () => {
  const target = createMemoryTarget();
  const memory = createMemoryLoader(target);
  const context = contextFor({ ...memory, limits: { ...memory.limits, batchVersions: 1 } }, settings);
  await replay(context, { input: inputOf([day('wx9', 1, 'a')]), name: 'first' });
  const before = await contentsOf(memory);
  const lines = [...[1, 2, 3, 4].map((n) => day(`wx${n}`, 1, 'a')), day('wx9', 1, 'another')];
  const refused = await replay(context, { input: inputOf(lines), name: 'parts' });
  expect(refused.error?.message).toMatch(/^parts:5: another answer/);
  expect([refused.exitCode, await contentsOf(memory)]).toEqual([65, before]);
  const taken = await replay(context, { input: inputOf(lines.slice(0, 4)), name: 'parts' });
  expect([taken.exitCode, taken.report.observations.recorded]).toEqual([0, 4]);
});

/** Lines after which nothing comes, and no end either. */
async function* silentAfter(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  yield* inputOf(lines);
  await new Promise(() => {});
}

test('a refused batch ends the replay while the input says nothing', async () => {
  const memory = createMemoryLoader();
  const loader = { ...memory, limits: { ...memory.limits, batchAccounts: 1 } };
  const context = contextFor(loader, settings);
  await replay(context, { input: inputOf([day('wx1', 1, 'a')]), name: 'first' });
  const lines = [day('wx1', 1, 'another'), day('wx2', 1, 'a')];
  const { error } = await replay(context, { input: silentAfter(lines), name: 'stdin' });
  expect(error?.message).toMatch(/^stdin:1: another answer/);
});

test('a lost lock ends the replay while the input says nothing', async () => {
  const memory = createMemoryLoader();
  const lost = new AbortController();
  const loader: typeof memory = {
    ...memory,
    async acquireLock(scope, signal) {
      const lock = await memory.acquireLock(scope, signal);
      return lock === null ? null : { lost: lost.signal, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
    },
  };
  const ended = replay(contextFor(loader, settings), { input: silentAfter([day('wx1', 1, 'a')]), name: 'stdin' });
  setTimeout(() => lost.abort(new Error('the lock is gone')), 50);
  await expect(ended).rejects.toThrow('the lock is gone');
});

test.each([
  ['line ends', '\n'.repeat(3_000_000)],
  ['control characters that JSON escapes sixfold', '\u0001'.repeat(3_000_000)],
  ['the longest body', ' '.repeat(15 * 1024 * 1024)],
])('the log of a body with %s is taken back', async (_what, filling) => {
  const body = `{"errcode":0,"errmsg":"${filling}","scene":[{"name":"a","value":1}]}`;
  const line = JSON.stringify({
    app_id: 'wx1',
    observed_at: '2026-01-01T00:00:00Z',
    body_base64: Buffer.from(body).toString('base64'),
    status: 'ok',
  });
  const from = createMemoryLoader();
  const first = await replay(contextFor(from, settings), { input: inputOf([line]), name: 'long' });
  const log = (await Array.fromAsync(exportLog(from, new AbortController().signal))).join('').split('\n');
  expect(first.error ?? null).toBeNull();
  const to = createMemoryLoader();
  const taken = await replay(contextFor(to, settings), { input: inputOf(log.slice(0, -1)), name: 'copy' });
  expect([taken.error, await contentsOf(to)]).toEqual([null, await contentsOf(from)]);
});

test('a body that no exported line could hold is refused', async () => {
  const body_base64 = Buffer.alloc(16 * 1024 * 1024 + 1, 0x20).toString('base64');
  const line = JSON.stringify({ app_id: 'wx1', observed_at: '2026-01-01T00:00:00Z', body_base64 });
  const { error } = await replay(contextFor(createMemoryLoader(), settings), { input: inputOf([line]), name: 'long' });
  expect(error?.message).toBe('long:1: the body has 16777217 bytes, more than 16777216');
});
