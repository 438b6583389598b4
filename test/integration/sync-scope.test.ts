/** Which accounts a sync asks for: freshness, shards, time, and what a stopped run leaves for the next. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { formatInstant } from '../../src/instant.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { hold } from '../../src/pipeline/decide.ts';
import { planSync } from '../../src/pipeline/dry-run.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { inputOf } from '../support/run-case.ts';
import { createSyncStage, quickRetry, readTables, type SyncStage } from '../support/sync-stage.ts';

const HOUR_MS = 3_600_000;
const askedOf = ({ simulator }: SyncStage) => simulator.requests.map(({ appId }) => appId).sort();

describe('--max-age', () => {
  const appIds = ['ok', 'held', 'unavailable', 'failed', 'failed-since', 'new'];

  it('leaves out accounts with an ok, held or unavailable answer that is younger, not those that failed', async () => {
    await using stage = await createSyncStage(appIds);
    await stage.sync({ appIds: ['held', 'failed-since'] });
    stage.later();
    stage.simulator.inject({ fault: 'empty_list', appId: 'held' });
    stage.simulator.inject({ fault: 'unpublished', appId: 'unavailable' });
    stage.simulator.inject({ fault: 'unknown_code', appId: 'failed' });
    stage.simulator.inject({ fault: 'unknown_code', appId: 'failed-since' });
    await stage.sync({ appIds: appIds.slice(0, 5) });
    stage.later(5);
    stage.simulator.clearRequests();

    const first = await stage.sync({ maxAgeMs: 6 * HOUR_MS });
    expect(askedOf(stage)).toEqual(['failed', 'failed-since', 'new']);
    expect(first.report.accounts).toEqual({
      selected: 6,
      changed: 2,
      unchanged: 1,
      held: 0,
      skipped: 0,
      failed: 0,
      fresh: 3,
      unreached: 0,
    });
    stage.later();
    stage.simulator.clearRequests();
    const second = await stage.sync({ maxAgeMs: 6 * HOUR_MS });
    expect(askedOf(stage), 'exactly six hours old is not younger').toEqual(['held', 'ok', 'unavailable']);
    expect([second.exitCode, second.report.accounts.fresh]).toEqual([0, 3]);
  });

  it('of nothing but fresh accounts is a run that changed nothing', async () => {
    await using stage = await createSyncStage(['wxa', 'wxb']);
    await stage.sync();
    const before = await readTables(stage.loader);
    stage.later();
    const { report, exitCode } = await stage.sync({ maxAgeMs: 2 * HOUR_MS });
    expect([exitCode, report.outcome, report.accounts.fresh]).toEqual([0, 'nothing_changed', 2]);
    expect(await readTables(stage.loader)).toEqual(before);
  });
});

describe('shards', () => {
  const appIds = Array.from({ length: 60 }, (_, index) => `wx${index}`);

  it.each([1, 2, 3, 7])('%i of them ask for every account exactly once', async (count) => {
    await using stage = await createSyncStage(appIds);
    for (let index = 0; index < count; index += 1) await stage.sync({ shard: { index, count } });
    expect(askedOf(stage)).toEqual([...appIds].sort());
    expect((await readTables(stage.loader)).heads).toHaveLength(60);
  });

  it('work on one target at once, and exclude another count and a run without shards', async () => {
    await using stage = await createSyncStage(appIds);
    const target = createMemoryTarget();
    const runOf = async (index: number, count: number) => {
      await using loader = createMemoryLoader(target);
      await using source = createWechatSource({
        clock: stage.context.clock,
        baseUrl: stage.simulator.url,
        ratePerSecond: 10_000,
      });
      const shard = count === 0 ? null : { index, count };
      return (await sync({ ...stage.context, loader }, { source, accounts: appIds.map(stage.account), shard }))
        .exitCode;
    };
    expect(await Promise.all([0, 1, 2].map((index) => runOf(index, 3)))).toEqual([0, 0, 0]);
    expect(target.accounts.size).toBe(60);
    stage.later();
    await using other = createMemoryLoader(target);
    await using _held = await other.acquireLock({ kind: 'shard', index: 0, count: 3 }, stage.context.signal);
    expect(await Promise.all([runOf(1, 3), runOf(2, 3)])).toEqual([0, 0]);
    for (const [index, count] of [
      [0, 3],
      [0, 2],
      [1, 4],
      [0, 0],
    ] as const) {
      await expect(runOf(index, count)).rejects.toMatchObject({ code: 'lock_held', exitCode: 75 });
    }
  });
});

describe('time', () => {
  let stage: SyncStage;
  beforeAll(async () => {
    stage = await createSyncStage(['wxa', 'wxb']);
    await stage.sync();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it('an account whose newest answer is not older than now is refused before it is asked', async () => {
    const { simulator, calendar } = stage;
    const before = await readTables(stage.loader);
    const stored = before.observations.filter(({ appId }) => appId === 'wxa');
    const newest = formatInstant(stored.at(-1)?.observedAt ?? 0n);
    for (const back of [0n, 60_000_000n]) {
      simulator.clearRequests();
      calendar.time -= back;
      const { report, exitCode } = await stage.sync();
      expect({
        exitCode,
        outcome: report.outcome,
        failed: report.accounts.failed,
        asked: simulator.requests.length,
      }).toEqual({
        exitCode: 75,
        outcome: 'failed',
        failed: 2,
        asked: 0,
      });
      expect(report.problems[0]).toEqual({
        app_id: 'wxa',
        kind: 'failed',
        code: 'not_newer',
        message: `its newest stored answer, of ${newest}, is not older than now`,
        remedy: `check the clock; when that answer is wrong: scenedim hold --app-id wxa --observed-at ${newest}`,
      });
      calendar.time += back;
    }
    expect(await readTables(stage.loader)).toEqual(before);
  });

  it('unless that one was held by hand', async () => {
    stage.later(-1);
    const [newest] = await Array.fromAsync(stage.loader.readObservations({ appIds: ['wxa'] }, stage.context.signal));
    await hold(stage.context, { appId: 'wxa', observedAt: newest?.observedAt ?? 0n });
    const { report } = await stage.sync();
    expect(report.accounts).toMatchObject({ changed: 1, failed: 1 });
    stage.later();
    stage.later();
    expect((await stage.sync()).exitCode).toBe(0);
  });

  it('unless it was a failure, which says nothing', async () => {
    await using other = await createSyncStage(['wxa']);
    await other.sync();
    other.later(2);
    other.simulator.inject({ fault: 'unknown_code' });
    await other.sync();
    other.later(-1);
    other.simulator.change({ change: 'rename', key: 1, name: '新' });
    expect((await other.sync()).report.versions).toEqual({ opened: 1, closed: 1, rewritten: 0, removed: 0 });
  });

  it('a late replay is woven under what a sync wrote', async () => {
    await using other = await createSyncStage(['wxa']);
    other.later(2);
    await other.sync();
    other.later(-1);
    const line = {
      app_id: 'wxa',
      observed_at: formatInstant(other.calendar.time),
      body: { scene: [{ name: '旧', value: 1 }] },
    };
    other.later(2);
    const { report } = await replay(other.context, { input: inputOf([JSON.stringify(line)]), name: 'late' });
    // 57 scenes were not there at first, so they no longer date from the beginning; scene 1 had another name.
    expect(report.versions).toEqual({ opened: 1, closed: 0, rewritten: 58, removed: 0 });
    other.later();
    expect((await other.sync()).report.outcome).toBe('nothing_changed');
  });
});

describe('a run that is stopped', () => {
  const appIds = Array.from({ length: 40 }, (_, index) => `wx${String(index).padStart(2, '0')}`);

  it('writes what was fetched, reports partial, and the next one does the rest', async () => {
    await using stage = await createSyncStage(appIds);
    const stopping = new AbortController();
    const source = createWechatSource({ clock: stage.context.clock, baseUrl: stage.simulator.url, retry: quickRetry });
    let fetched = 0;
    const stoppingSource = {
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
      async fetchScenes(...args: Parameters<typeof source.fetchScenes>) {
        const result = await source.fetchScenes(...args);
        fetched += 1;
        if (fetched === 15) stopping.abort(new Error('SIGTERM'));
        return result;
      },
    };
    const { report } = await stage.sync({
      source: stoppingSource,
      concurrency: 4,
      context: { signal: stopping.signal },
    });
    const { selected, changed, unreached } = report.accounts;
    expect([report.outcome, changed, selected, unreached]).toEqual(['partial', fetched, 40, 40 - fetched]);
    expect(fetched).toBeLessThan(20);
    expect((await readTables(stage.loader)).heads).toHaveLength(fetched);

    const rest = await stage.sync({ maxAgeMs: HOUR_MS });
    expect(rest.report.accounts).toMatchObject({ selected: 40, fresh: fetched, changed: 40 - fetched });
    expect(new Set(askedOf(stage))).toEqual(new Set(appIds));
    await source[Symbol.asyncDispose]();
  });

  it('before it began throws the reason and leaves the target as it was', async () => {
    await using stage = await createSyncStage(appIds);
    const signal = AbortSignal.abort(new Error('SIGINT'));
    expect(await stage.failingSync({ context: { signal } })).toEqual(new Error('SIGINT'));
    expect(await stage.loader.readMeta(stage.context.signal)).toBeNull();
  });
});

it('a plan counts what the sync then changes, and writes nothing', async () => {
  await using stage = await createSyncStage(['wxa', 'wxb']);
  const { simulator, context } = stage;
  await stage.sync();
  stage.later();
  simulator.change({ change: 'rename', key: 1, name: '新' }, 'wxa');
  simulator.inject({ fault: 'empty_list', appId: 'wxb', times: 2 });
  const before = await readTables(stage.loader);
  const source = createWechatSource({ clock: context.clock, baseUrl: simulator.url });
  const planned = await planSync(context, { source, accounts: ['wxa', 'wxb'].map(stage.account) });
  await source[Symbol.asyncDispose]();
  expect(await readTables(stage.loader)).toEqual(before);
  const synced = await stage.sync();
  expect({ ...planned.report, run_id: '' }).toEqual({ ...synced.report, run_id: '' });
  expect([planned.exitCode, synced.exitCode]).toEqual([65, 65]);
});
