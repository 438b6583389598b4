import { expect, test } from 'vitest';
import { formatInstant } from '../../../src/instant.ts';
import type { LoaderLimits } from '../../../src/load/loader-limits.ts';
import { createMemoryLoader } from '../../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../../src/load/memory/memory-target.ts';
import { compact } from '../../../src/pipeline/compact.ts';
import { hashPayload } from '../../../src/pipeline/log/hash-payload.ts';
import { replay } from '../../../src/pipeline/replay.ts';
import { verify } from '../../../src/pipeline/verify.ts';
import { contextFor, inputOf } from '../../support/run-case.ts';
import { contentsOf } from '../../support/target-contents.ts';

const everythingOld = { keepMs: 0 };
const DAY = 86_400_000_000n;

/** Thirty equal answers of each account, one a day, with a row that is rejected. */
const lines = ['wx1', 'wx2', 'wx3'].flatMap((appId) =>
  Array.from({ length: 30 }, (_, day) =>
    JSON.stringify({
      app_id: appId,
      observed_at: formatInstant(1_767_225_600_000_000n + BigInt(day) * DAY),
      body: { scene: [{ name: appId, value: 1 }, { value: 2 }] },
    }),
  ),
);

async function targetWith(limits: Partial<LoaderLimits> = {}) {
  const target = createMemoryTarget();
  const loader = createMemoryLoader(target);
  const context = contextFor({ ...loader, limits: { ...loader.limits, ...limits } }, { dimension: {}, guards: {} });
  expect((await replay(context, { input: inputOf(lines), name: 'log.ndjson' })).error).toBeNull();
  return { target, context };
}

test.each([
  ['observations', { batchObservations: 10 }, 9],
  ['accounts', { batchAccounts: 2 }, 2],
  ['days', { batchDays: 20 }, 5],
])('a compaction is written in batches of so many %s, also inside an account', async (_, limits, batches) => {
  const { context, target } = await targetWith(limits);
  const dimension = (await contentsOf(context.loader)).ndjson;
  const report = await compact(context, everythingOld);
  expect(report.removed).toEqual({ observations: 84, bodies: 0, body_bytes: 0 });
  expect(report.accounts).toEqual({ selected: 3, changed: 3 });
  expect([...target.runs.values()].at(-1)).toMatchObject({
    command: 'compact',
    outcome: 'ok',
    // The end of a run counts as one more.
    batches: batches + 1,
    counts: { accounts: { selected: 3, changed: 3, unchanged: 0 } },
  });
  expect((await contentsOf(context.loader)).ndjson).toBe(dimension);
  expect((await verify(context)).violations).toEqual([]);
});

test('what is young by the clock of the target stays, however far this clock is ahead', async () => {
  const { context } = await targetWith();
  const newest = 1_767_225_600_000_000n + 29n * DAY;
  const loader = { ...context.loader, latestTime: () => newest };
  const report = await compact({ ...context, loader }, { keepMs: 20 * 86_400_000 });
  expect(report).toMatchObject({ older_than: formatInstant(newest - 20n * DAY), removed: { observations: 24 } });
});

test('a compaction that is killed between two batches leaves a sound target, and the next one completes it', async () => {
  const whole = await targetWith();
  await compact(whole.context, everythingOld);
  const { context, target } = await targetWith({ batchObservations: 10 });
  const { loader } = context;
  let applied = 0;
  const killed: typeof loader = {
    ...loader,
    apply: async (changeSet, signal) => {
      applied += 1;
      if (applied > 3) throw new Error('killed');
      await loader.apply(changeSet, signal);
    },
  };
  await expect(compact({ ...context, loader: killed }, everythingOld)).rejects.toThrow('killed');
  expect(target.accounts.get('wx2')?.observations.size).toBeLessThan(30);
  expect((await verify(context)).violations).toEqual([]);
  expect((await compact(context, everythingOld)).outcome).toBe('ok');
  expect(await contentsOf(loader)).toEqual(await contentsOf(whole.context.loader));
  expect((await verify(context)).violations).toEqual([]);
});

test('bodies that no observation names go, and rejected rows go with their answer', async () => {
  const { context, target } = await targetWith();
  const orphan = Buffer.from('a killed run has left this: 搜');
  target.payloads.set(hashPayload(orphan), orphan);
  const { removed } = await compact(context, everythingOld);
  expect(removed).toEqual({ observations: 84, bodies: 1, body_bytes: orphan.byteLength });
  expect([target.payloads.size, target.rejects.size]).toEqual([3, 6]);
  expect((await compact(context, everythingOld)).outcome).toBe('nothing_changed');
});

test('the body of the newest answer stays when its observations are lost, because the next answer relies on it', async () => {
  const { context, target } = await targetWith();
  const rows = target.accounts.get('wx1');
  expect(rows).toBeDefined();
  if (rows !== undefined) target.accounts.set('wx1', { ...rows, observations: new Map() });
  await compact(context, everythingOld);
  expect(target.payloads.size).toBe(3);
});

test('a compaction waits for nobody who holds a shard', async () => {
  const { context } = await targetWith();
  await using lock = await context.loader.acquireLock({ kind: 'shard', index: 0, count: 2 }, context.signal);
  expect(lock).not.toBeNull();
  await expect(compact(context, everythingOld)).rejects.toMatchObject({ code: 'lock_held' });
});
