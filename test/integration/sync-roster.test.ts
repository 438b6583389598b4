/** The list of a platform against that of the last full run: who left it, and a list that is too short to be believed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import type { Loader } from '../../src/load/loader.ts';
import { planSync } from '../../src/pipeline/dry-run.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { describePostgres } from '../support/postgres.ts';
import { open } from '../support/postgres-loader-fixture.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';
import {
  createSyncStage,
  memoryStageTarget,
  pgliteStageTarget,
  type StageSyncOptions,
  type SyncStage,
} from '../support/sync-stage.ts';

const { signal } = new AbortController();
const idsOf = (count: number) => Array.from({ length: count }, (_, n) => `wx${n}`);
const storedIn = async ({ roster }: Loader) => (await Array.fromAsync(roster?.read(signal) ?? [])).sort();

/** A sync of a platform that lists these accounts. */
function syncOf(stage: SyncStage, appIds: readonly string[], options: StageSyncOptions = {}) {
  stage.later();
  const roster = { appIds: new Set(appIds), listedAt: stage.calendar.time };
  return stage.sync({ appIds, roster, ...options });
}

const left = (appId: string) => ({
  app_id: appId,
  kind: 'left',
  code: 'left',
  message: 'the platform does not list it any more, so it is not asked; its rows stay',
  remedy: 'none is needed; to have it asked again, let the merchant authorise the platform again',
});

const shrunk = (listed: number, stored: number) => ({
  app_id: null,
  kind: 'roster_shrunk',
  code: 'roster_shrunk',
  message: `the platform lists ${listed} accounts and listed ${stored} at the last full run; that is not believed: only what is listed was asked, and none counts as left`,
  remedy: 'look at the platform; if the list is right: scenedim sync --accept-shrink',
});

let shared: SharedPglite;
beforeAll(async () => {
  shared = await createSharedPglite();
});
afterAll(() => shared[Symbol.asyncDispose]());

describe.each([
  ['memory', async () => memoryStageTarget()],
  ['PGlite', () => pgliteStageTarget(shared)],
])('the roster of a platform (%s)', (_kind, createTarget) => {
  const createStage = async (count: number) => createSyncStage(idsOf(count), await createTarget());

  it('is kept by a full run, and who left it since is told once and keeps its rows', async () => {
    await using stage = await createStage(5);
    expect((await syncOf(stage, idsOf(5))).report.problems).toEqual([]);
    expect(await storedIn(stage.loader)).toEqual(idsOf(5));
    const { report, exitCode } = await syncOf(stage, idsOf(3));
    expect([exitCode, report.outcome, report.accounts.selected]).toEqual([0, 'nothing_changed', 3]);
    expect(report.problems).toEqual([left('wx3'), left('wx4')]);
    expect((await Array.fromAsync(stage.loader.readHeads({}, signal))).map(({ appId }) => appId)).toEqual(idsOf(5));
    expect((await syncOf(stage, idsOf(3))).report.problems).toEqual([]);
    expect((await syncOf(stage, ['wx2', 'wx3', 'wx4'])).report.problems).toEqual([left('wx0'), left('wx1')]);
  });

  it('that lost more than half is not believed, run after run, until --accept-shrink', async () => {
    await using stage = await createStage(7);
    await syncOf(stage, idsOf(7));
    for (let n = 0; n < 2; n += 1) {
      const { report, exitCode, error } = await syncOf(stage, idsOf(3));
      expect([exitCode, report.outcome, error, report.accounts.selected]).toEqual([65, 'refused', null, 3]);
      expect(report.problems).toEqual([shrunk(3, 7)]);
      expect(await storedIn(stage.loader)).toEqual(idsOf(7));
    }
    expect((await syncOf(stage, [])).report.problems).toEqual([shrunk(0, 7)]);
    const believed = await syncOf(stage, idsOf(3), { acceptShrink: true });
    expect([believed.exitCode, believed.report.problems.map(({ app_id: appId }) => appId)]).toEqual([
      0,
      ['wx3', 'wx4', 'wx5', 'wx6'],
    ]);
    expect(await storedIn(stage.loader)).toEqual(idsOf(3));
    expect((await syncOf(stage, [], { acceptShrink: true })).exitCode).toBe(0);
    expect(await storedIn(stage.loader)).toEqual([]);
    expect((await syncOf(stage, [])).exitCode).toBe(0);
  });

  it('that lost half is believed', async () => {
    await using stage = await createStage(4);
    await syncOf(stage, idsOf(4));
    expect((await syncOf(stage, idsOf(2))).report.problems).toEqual([left('wx2'), left('wx3')]);
  });

  it('is not kept by a run that was stopped, and that a failure ranks above it is seen in the exit status', async () => {
    await using stage = await createStage(4);
    await syncOf(stage, idsOf(4));
    const stopped = await syncOf(stage, idsOf(3), { timeoutMs: 0 });
    expect([stopped.exitCode, stopped.report.problems.map(({ kind }) => kind)]).toEqual([75, ['run', 'left']]);
    expect(await storedIn(stage.loader)).toEqual(idsOf(4));
    stage.simulator.inject({ fault: 'errcode', code: 61_024, appId: 'wx0', times: 'always' });
    const { report, exitCode } = await syncOf(stage, ['wx0']);
    expect([exitCode, report.problems.map(({ kind }) => kind)]).toEqual([75, ['roster_shrunk', 'failed']]);
    await syncOf(stage, idsOf(3));
    expect(await storedIn(stage.loader)).toEqual(idsOf(3));
  });

  it('is the work of the first shard', async () => {
    await using stage = await createStage(4);
    await syncOf(stage, idsOf(4));
    const of = (index: number) => syncOf(stage, idsOf(3), { shard: { index, count: 2 } });
    expect((await of(1)).report.problems).toEqual([]);
    expect(await storedIn(stage.loader)).toEqual(idsOf(4));
    expect((await of(0)).report.problems).toEqual([left('wx3')]);
    expect(await storedIn(stage.loader)).toEqual(idsOf(3));
  });

  it('is told and not kept by a plan, also on a target that is not there yet', async () => {
    await using stage = await createStage(4);
    const plan = async (count: number) => {
      stage.later();
      await using source = createWechatSource({ clock: stage.context.clock, baseUrl: stage.simulator.url });
      const roster = { appIds: new Set(idsOf(count)), listedAt: stage.calendar.time };
      return (await planSync(stage.context, { source, accounts: idsOf(count).map(stage.account), roster })).report;
    };
    expect((await plan(4)).problems).toEqual([]);
    await syncOf(stage, idsOf(4));
    expect((await plan(3)).problems).toEqual([left('wx3')]);
    expect((await plan(1)).problems).toEqual([shrunk(1, 4)]);
    expect(await storedIn(stage.loader)).toEqual(idsOf(4));
  });
});

describePostgres('the roster of a platform', ({ createDatabase }) => {
  it('is compared and kept in PostgreSQL', async () => {
    await using database = await createDatabase();
    const target = { ...memoryStageTarget(), loader: await open(database.url) };
    await using stage = await createSyncStage(idsOf(5), target);
    const run = async (count: number, acceptShrink = false) => {
      stage.later();
      await using source = createWechatSource({ clock: stage.context.clock, baseUrl: stage.simulator.url });
      const roster = { appIds: new Set(idsOf(count)), listedAt: stage.calendar.time };
      const options = { source, accounts: idsOf(count).map(stage.account), roster, acceptShrink };
      return (await sync(stage.context, options)).report.problems;
    };
    expect(await run(5)).toEqual([]);
    expect(await run(4)).toEqual([left('wx4')]);
    expect(await run(1)).toEqual([shrunk(1, 4)]);
    expect(await storedIn(stage.loader)).toEqual(idsOf(4));
    expect(await run(1, true)).toEqual([left('wx1'), left('wx2'), left('wx3')]);
    expect(await storedIn(stage.loader)).toEqual(['wx0']);
  });
});
