/** What a sync writes, on memory and on PGlite: over real HTTP, with the tables compared before and after each run. */
import { afterAll, describe, expect, it } from 'vitest';
import { OPEN_END, requireInstant } from '../../src/instant.ts';
import { accept, hold } from '../../src/pipeline/decide.ts';
import { hashPayload } from '../../src/pipeline/log/hash-payload.ts';
import type { RunResult } from '../../src/pipeline/run/run-report.ts';
import type { SimulatorFaultName } from '../../src/simulator/simulator-faults.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';
import {
  createSyncStage,
  memoryStageTarget,
  pgliteStageTarget,
  readTables,
  type StageTarget,
  type SyncStage,
} from '../support/sync-stage.ts';

let shared: Promise<SharedPglite> | undefined;
afterAll(async () => (await shared)?.[Symbol.asyncDispose]());

/** Made when it is needed: that blocks this process for seconds, in which requests would time out. */
async function pgliteTarget(): Promise<StageTarget> {
  shared ??= createSharedPglite();
  return pgliteStageTarget(await shared);
}

const targets: readonly [string, () => Promise<StageTarget>][] = [
  ['memory', async () => memoryStageTarget()],
  ['PGlite', pgliteTarget],
];

function endOf({ report: { outcome, versions }, exitCode }: RunResult) {
  return { outcome, exitCode, ...versions };
}

const nothing = { opened: 0, closed: 0, rewritten: 0, removed: 0 };
const unchanged = { outcome: 'nothing_changed', exitCode: 0, ...nothing };

async function historyOf({ loader, context }: SyncStage, appId: string, sceneKey: string) {
  const versions = await Array.fromAsync(loader.readVersions({ appIds: [appId], sceneKey }, context.signal));
  return versions.map(({ sceneName, effectiveFrom, effectiveTo, endReason }) => [
    sceneName,
    effectiveFrom,
    effectiveTo,
    endReason,
  ]);
}

const hour = (count: number) => requireInstant('2026-03-01T00:00:00Z', 'start') + BigInt(count) * 3_600_000_000n;

/** Takes all but `left` of the 58 scenes away, so that the guard against shrinking has something to hold. */
function shrink({ simulator }: SyncStage, appId: string, left: number): void {
  for (let key = 57; key >= left; key -= 1) simulator.change({ change: 'remove', key }, appId);
}

describe.each(targets)('a sync into %s', (_name, createTarget) => {
  const createStage = async (...appIds: readonly string[]): Promise<SyncStage> =>
    createSyncStage(appIds, await createTarget());

  it('follows a scene through rename, removal and return', async () => {
    await using stage = await createStage('wxa', 'wxb');
    const { simulator } = stage;
    expect(endOf(await stage.sync())).toEqual({ outcome: 'ok', exitCode: 0, ...nothing, opened: 116 });

    stage.later();
    const second = await stage.sync();
    expect(endOf(second)).toEqual(unchanged);
    expect(second.report.accounts).toMatchObject({ selected: 2, changed: 0, unchanged: 2 });
    expect(second.report.observations).toEqual({ recorded: 2, duplicate: 0 });

    simulator.change({ change: 'rename', key: 4, name: '扫一扫' }, 'wxa');
    stage.later();
    expect(endOf(await stage.sync())).toEqual({ outcome: 'ok', exitCode: 0, ...nothing, opened: 1, closed: 1 });
    simulator.change({ change: 'remove', key: 4 }, 'wxa');
    stage.later();
    expect(endOf(await stage.sync())).toEqual({ outcome: 'ok', exitCode: 0, ...nothing, closed: 1 });
    simulator.change({ change: 'add', key: 4, name: '扫一扫' }, 'wxa');
    stage.later();
    expect(endOf(await stage.sync())).toEqual({ outcome: 'ok', exitCode: 0, ...nothing, opened: 1 });

    expect(await historyOf(stage, 'wxa', '4')).toEqual([
      [expect.any(String), 0n, hour(2), 'renamed'],
      ['扫一扫', hour(2), hour(3), 'removed'],
      ['扫一扫', hour(4), OPEN_END, null],
    ]);
    expect(await historyOf(stage, 'wxb', '4')).toEqual([[expect.any(String), 0n, OPEN_END, null]]);
  });

  it('holds an empty answer until it is accepted, and dates the change when it was first seen', async () => {
    await using stage = await createStage('wxa');
    await stage.sync();
    const before = await readTables(stage.loader);
    stage.simulator.inject({ fault: 'empty_list', times: 2 });
    for (const count of [1, 2]) {
      stage.later();
      const { report, exitCode, ...rest } = await stage.sync();
      expect(endOf({ report, exitCode, ...rest })).toEqual({ outcome: 'refused', exitCode: 65, ...nothing });
      expect(report.accounts).toMatchObject({ selected: 1, held: 1 });
      expect(report.problems).toEqual([
        {
          app_id: 'wxa',
          kind: 'held',
          code: 'empty',
          message: `the answer at 2026-03-01T0${count}:00:00.000000Z lists no scene; it is kept, the dimension is as before`,
          remedy: 'if the answer is right: scenedim accept --app-id wxa',
        },
      ]);
    }
    expect((await readTables(stage.loader)).versions).toEqual(before.versions);
    const accepted = await accept(stage.context, { appId: 'wxa', observedAt: null });
    expect(accepted).toMatchObject({
      decided: ['2026-03-01T01:00:00.000000Z', '2026-03-01T02:00:00.000000Z'],
      versions: { ...nothing, closed: 58 },
    });
    expect(await historyOf(stage, 'wxa', '1')).toEqual([[expect.any(String), 0n, hour(1), 'removed']]);
    stage.later();
    expect(endOf(await stage.sync())).toEqual({ outcome: 'ok', exitCode: 0, ...nothing, opened: 58 });
  });

  it('holds a list that lost most of its scenes, and lets it through with acceptShrink', async () => {
    await using stage = await createStage('wxa');
    await stage.sync();
    shrink(stage, 'wxa', 29);
    stage.later();
    expect(endOf(await stage.sync()), 'half of them may go').toEqual({
      outcome: 'ok',
      exitCode: 0,
      ...nothing,
      closed: 29,
    });
    shrink(stage, 'wxa', 13);
    stage.later();
    const { report, exitCode } = await stage.sync({ acceptEmpty: true });
    expect([exitCode, report.problems.map(({ code }) => code)]).toEqual([65, ['shrink']]);
    stage.later();
    expect(endOf(await stage.sync({ acceptShrink: true }))).toEqual({
      outcome: 'ok',
      exitCode: 0,
      ...nothing,
      closed: 16,
    });
  });

  it('lets an empty list through with acceptEmpty alone', async () => {
    await using stage = await createStage('wxa');
    await stage.sync();
    stage.simulator.inject({ fault: 'empty_list', times: 2 });
    stage.later();
    expect((await stage.sync({ acceptShrink: true })).exitCode).toBe(65);
    stage.later();
    expect(endOf(await stage.sync({ acceptEmpty: true }))).toEqual({
      outcome: 'ok',
      exitCode: 0,
      ...nothing,
      closed: 58,
    });
  });

  it('takes a wrong answer out by hand and lets it in again', async () => {
    await using stage = await createStage('wxa');
    await stage.sync();
    stage.simulator.change({ change: 'rename', key: 1, name: '错' });
    stage.later();
    await stage.sync();
    const wrong = await readTables(stage.loader);
    const held = await hold(stage.context, { appId: 'wxa', observedAt: hour(1) });
    expect(held.versions).toEqual({ opened: 0, closed: 0, rewritten: 1, removed: 1 });
    stage.later();
    stage.simulator.change({ change: 'rename', key: 1, name: '对' });
    await stage.sync();
    expect(await historyOf(stage, 'wxa', '1')).toMatchObject([
      [expect.any(String), 0n, hour(2), 'renamed'],
      ['对', hour(2), OPEN_END, null],
    ]);
    await accept(stage.context, { appId: 'wxa', observedAt: hour(1) });
    const [first, second] = await historyOf(stage, 'wxa', '1');
    expect([first?.[2], second]).toEqual([hour(1), ['错', hour(1), hour(2), 'renamed']]);
    expect(wrong.versions).toHaveLength(59);
  });

  it('suspends removals while a row has no key, and says so in every report until that ends', async () => {
    await using stage = await createStage('wxa');
    const { simulator } = stage;
    await stage.sync();
    simulator.change({ change: 'remove', key: 57 });
    const problem = {
      app_id: 'wxa',
      kind: 'removals_suspended',
      code: 'removals_suspended',
      message: 'since 2026-03-01T01:00:00.000000Z its answers hold a row without a key, so no scene counts as removed',
      remedy: 'look at scene_reject for the row; the suspension ends with the next answer whose rows all have keys',
    };
    stage.later();
    simulator.inject({ fault: 'keyless_row', times: 2 });
    const first = await stage.sync();
    expect([endOf(first), first.report.rejects, first.report.problems]).toEqual([unchanged, 1, [problem]]);
    stage.later();
    expect((await stage.sync()).report.problems, 'again the same body').toEqual([problem]);

    stage.later();
    expect((await stage.sync({ maxAgeMs: 7_200_000 })).report.problems, 'fresh').toEqual([problem]);
    simulator.inject({ fault: 'unpublished' });
    expect((await stage.sync()).report.problems.at(-1), 'skipped').toEqual(problem);
    stage.later();
    simulator.inject({ fault: 'wrong_date' });
    expect((await stage.sync()).report.problems.at(-1), 'not recorded').toEqual(problem);
    stage.calendar.time -= 7_200_000_000n;
    expect(
      (await stage.sync()).report.problems.map(({ code }) => code),
      'not newer',
    ).toEqual(['not_newer', 'removals_suspended']);

    stage.calendar.time += 10_800_000_000n;
    const ended = await stage.sync();
    expect([endOf(ended), ended.report.problems]).toEqual([{ outcome: 'ok', exitCode: 0, ...nothing, closed: 1 }, []]);
  });

  it.each<[SimulatorFaultName, number, number]>([
    ['nameless_row', 1, 0],
    ['conflict', 2, 0],
    ['string_values', 0, 0],
    ['big_numbers', 0, 2],
    ['control_characters', 0, 0],
    ['no_errcode', 0, 0],
    ['text_plain', 0, 0],
    ['no_date', 0, 0],
  ])('reads a list with %s', async (fault, rejects, opened) => {
    await using stage = await createStage('wxa');
    await stage.sync();
    stage.later();
    stage.simulator.inject({ fault });
    const { report, exitCode } = await stage.sync();
    expect([exitCode, report.rejects, report.versions]).toEqual([0, rejects, { ...nothing, opened }]);
  });

  it('keeps what was answered byte for byte, of held answers and of invalid UTF-8 too', async () => {
    await using stage = await createStage('wxa');
    const { simulator, loader, context } = stage;
    await stage.sync();
    for (const fault of [
      null,
      'empty_list',
      'invalid_utf8',
      'control_characters',
      'conflict',
      'big_numbers',
      'text_plain',
    ] as const) {
      stage.later();
      if (fault !== null) simulator.inject({ fault, times: 2 });
      const url = `${simulator.url}/wxaapi/log/get_scene?access_token=${simulator.accessToken('wxa')}`;
      const sent = new Uint8Array(await (await fetch(url)).arrayBuffer());
      await stage.sync();
      const { payloadHash } = (await Array.fromAsync(loader.readObservations({}, context.signal))).at(-1) ?? {};
      expect(payloadHash, String(fault)).toBe(hashPayload(sent));
      const stored = (await loader.readPayloads([payloadHash ?? ''], context.signal)).get(payloadHash ?? '');
      expect(Buffer.compare(Buffer.from(stored ?? []), sent), String(fault)).toBe(0);
    }
  });

  it('stores the body of a shared dictionary once, and none of a failure', async () => {
    await using stage = await createStage('wxa', 'wxb', 'wxc');
    stage.simulator.inject({ fault: 'missing_scene', appId: 'wxc' });
    await stage.sync();
    const observations = await Array.fromAsync(stage.loader.readObservations({}, stage.context.signal));
    const [a, b, c] = observations.map(({ payloadHash }) => payloadHash);
    expect([a === b, c]).toEqual([true, null]);
  });

  it('leaves accounts alone that failed, were not selected or left the list', async () => {
    await using stage = await createStage('wxa', 'wxb', 'wxc');
    await stage.sync();
    const before = await readTables(stage.loader);
    stage.simulator.change({ change: 'rename', key: 1, name: '新' });
    stage.simulator.inject({ fault: 'unknown_code', appId: 'wxb' });
    stage.later();
    await stage.sync({ appIds: ['wxa', 'wxb'] });
    const after = await readTables(stage.loader);
    for (const appId of ['wxb', 'wxc']) {
      const rowsOf = ({ versions }: typeof before) => versions.filter((version) => version.appId === appId);
      expect(rowsOf(after)).toEqual(rowsOf(before));
    }
    expect(after.heads.find(({ appId }) => appId === 'wxc')).toEqual(before.heads.find(({ appId }) => appId === 'wxc'));
    expect(await historyOf(stage, 'wxa', '1')).toHaveLength(2);
  });
});
