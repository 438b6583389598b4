/** Many accounts at once: the allowed concurrency is used, limits hold, and batches are written while fetching goes on. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { createSyncStage, type SyncStage } from '../support/sync-stage.ts';
import { createInstantTimer } from '../support/virtual-timer.ts';

const ACCOUNTS = 2_000;
const CONCURRENCY = 8;
const appIds = Array.from({ length: ACCOUNTS }, (_, index) => `wx${String(index).padStart(6, '0')}`);

let stage: SyncStage;
beforeAll(async () => {
  stage = await createSyncStage(appIds);
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  stage.later();
  stage.simulator.clearRequests();
});

/** A source that knows how busy it is kept. */
function measuredSource() {
  const source = createWechatSource({
    clock: stage.context.clock,
    baseUrl: stage.simulator.url,
    ratePerSecond: 10_000,
  });
  const started = performance.now();
  let busyMs = 0;
  let inFlight = 0;
  const measured = { peak: 0, fetched: 0, lastMs: 0 };
  return {
    measured,
    /** Share of the time until the last answer in which a slot was in use. */
    busyShare: () => busyMs / (CONCURRENCY * (measured.lastMs - started)),
    source: {
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
      async fetchScenes(...args: Parameters<typeof source.fetchScenes>) {
        const from = performance.now();
        inFlight += 1;
        measured.peak = Math.max(measured.peak, inFlight);
        try {
          return await source.fetchScenes(...args);
        } finally {
          inFlight -= 1;
          measured.fetched += 1;
          measured.lastMs = performance.now();
          busyMs += measured.lastMs - from;
        }
      },
    },
  };
}

it('2,000 accounts keep every slot busy for at least 95 % of the time, and never more slots than allowed', async () => {
  await using loader = createMemoryLoader();
  const { source, measured, busyShare } = measuredSource();
  const { report, exitCode } = await sync(
    { ...stage.context, loader },
    { source, accounts: appIds.map(stage.account), concurrency: CONCURRENCY },
  );
  await source[Symbol.asyncDispose]();
  expect([exitCode, report.accounts.changed, report.versions.opened]).toEqual([0, ACCOUNTS, ACCOUNTS * 58]);
  expect(measured.peak).toBe(CONCURRENCY);
  expect(stage.simulator.peakInFlight).toBeLessThanOrEqual(CONCURRENCY);
  expect(busyShare()).toBeGreaterThanOrEqual(0.95);
  expect(stage.simulator.requests).toHaveLength(ACCOUNTS);
});

it('the rate limit holds, token requests included', async () => {
  await using loader = createMemoryLoader();
  const timer = createInstantTimer();
  await using source = createWechatSource({
    clock: stage.context.clock,
    baseUrl: stage.simulator.url,
    ratePerSecond: 50,
    timer,
  });
  const accounts = appIds.slice(0, 50).map((appId) => ({
    appId,
    credentials: { appSecret: async () => stage.simulator.appSecret(appId) },
  }));
  await sync({ ...stage.context, loader }, { source, accounts, concurrency: CONCURRENCY });
  expect(stage.simulator.requests).toHaveLength(100);
  // The first goes at once, the other 99 wait 20 ms each, but for the half of one that lateness forgives.
  expect(timer.now()).toBeGreaterThanOrEqual(99 * 20 - 10);
});

it('batches of 1,000 accounts are written while fetching goes on, and heads are read ahead of it', async () => {
  await using memory = createMemoryLoader();
  const { source, measured } = measuredSource();
  const batches: number[] = [];
  const readAt: number[] = [];
  const loader: Loader = {
    ...memory,
    readHeads(query, signal) {
      if (batches.length === 0) readAt.push(measured.fetched);
      return memory.readHeads(query, signal);
    },
    async apply(changeSet, signal) {
      if (changeSet.heads.length > 0) batches.push(changeSet.heads.length);
      // Never ends when the fetching waits for it.
      while (batches.length === 1 && measured.fetched < 1_500) await new Promise((resolve) => setImmediate(resolve));
      await memory.apply(changeSet, signal);
    },
  };
  const progress: number[] = [];
  const onProgress = ({ done, total }: { done: number; total: number | null }) =>
    void progress.push(done / (total ?? 0));
  const context = { ...stage.context, loader, onProgress };
  await sync(context, {
    source,
    accounts: appIds.map(stage.account),
    concurrency: CONCURRENCY,
    accountTotal: ACCOUNTS,
  });
  await source[Symbol.asyncDispose]();
  expect(batches).toEqual([1_000, 1_000]);
  expect(readAt.slice(0, 2).every((fetched) => fetched < 100)).toBe(true);
  expect([progress.length, progress.at(-1)]).toEqual([ACCOUNTS, 1]);
});
