/** Each remedy for another run at work on the target or on an account: it is there at first, and has ended afterwards. */
import { expect, test } from 'vitest';
import { requireInstant } from '../../../src/instant.ts';
import type { Loader } from '../../../src/load/loader.ts';
import { createMemoryLoader } from '../../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../../src/load/memory/memory-target.ts';
import { planReplay } from '../../../src/pipeline/dry-run.ts';
import { replay } from '../../../src/pipeline/replay.ts';
import { contextFor, inputOf } from '../../support/run-case.ts';
import { createSharedPglite } from '../../support/shared-pglite.ts';
import { createSyncStage } from '../../support/sync-stage.ts';

const { signal } = new AbortController();

function answers(...days: readonly number[]) {
  const lines = days.map((day) => {
    const observed_at = `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`;
    return JSON.stringify({ app_id: 'wx1', observed_at, body: { scene: [{ name: `name ${day}`, value: 4 }] } });
  });
  return { input: inputOf(lines), name: 'test' };
}

test('a plan of an account that another run changes is made when that run has ended', async () => {
  const target = createMemoryTarget();
  await using writer = createMemoryLoader(target);
  await using reader = createMemoryLoader(target);
  const write = (day: number) => replay(contextFor(writer, { dimension: {}, guards: {} }), answers(day));
  await write(1);
  let day = 1;
  let isAtWork = true;
  const beside: Loader = {
    ...reader,
    async *readVersions(query, reading) {
      if (isAtWork) {
        day += 1;
        await write(day);
      }
      yield* reader.readVersions(query, reading);
    },
  };
  const plan = () => planReplay(contextFor(beside, { dimension: {}, guards: {} }), answers(30));
  await expect(plan()).rejects.toMatchObject({
    code: 'stale_heads',
    message: 'account wx1 was changed by another run while it was planned',
    remedy: 'plan again when that run has ended',
  });
  isAtWork = false;
  expect(await plan()).toMatchObject({ exitCode: 0, report: { versions: { opened: 1, closed: 1 } } });
});

test('an older target is upgraded when the run on it has ended', async () => {
  await using shared = await createSharedPglite();
  await using loader = await shared.createLoader('scene');
  const limits = { ...loader.limits, migrationWaitMs: 1 };
  const context = contextFor({ ...loader, limits }, { dimension: {}, guards: {} });
  await replay(context, answers(1));
  await shared.pglite.exec('UPDATE scene.scene_meta SET schema_version = 0');
  const lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
  await expect(replay(context, answers(2))).rejects.toMatchObject({
    message: expect.stringMatching(/must be migrated, but another run is at work on it$/),
    remedy: 'try again when that run has ended',
  });
  await lock?.[Symbol.asyncDispose]();
  expect(await replay(context, answers(2))).toMatchObject({ exitCode: 0, report: { versions: { opened: 1 } } });
});

test('an answer at the instant of another is taken when the sync is run again', async () => {
  await using stage = await createSyncStage(['wxa']);
  const observed_at = '2026-03-01T01:00:00Z';
  const line = JSON.stringify({ app_id: 'wxa', observed_at, body: { errcode: -1, errmsg: 'system error' } });
  stage.calendar.time = requireInstant(observed_at, 'stored');
  await replay(stage.context, { input: inputOf([line]), name: 'test' });
  const { report, exitCode } = await stage.sync();
  expect([exitCode, report.problems]).toMatchObject([75, [{ code: 'conflict', remedy: 'run again' }]]);
  stage.later();
  expect(await stage.sync()).toMatchObject({ exitCode: 0, report: { problems: [] } });
});
