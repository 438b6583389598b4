/** What a sync under a wrong clock leaves behind when accounts fail without an answer: nothing. And the log is taken back. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import type { SceneSource } from '../../src/extract/scene-source.ts';
import { type Micros, requireInstant } from '../../src/instant.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { planSync } from '../../src/pipeline/dry-run.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { contextFor, inputOf } from '../support/run-case.ts';
import { createSyncStage, readTables, type StageSyncOptions, type SyncStage } from '../support/sync-stage.ts';

let stage: SyncStage;
beforeAll(async () => {
  stage = await createSyncStage(['wxa', 'wxb']);
  await stage.sync();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  stage.later();
  stage.simulator.clearFaults();
});

/** Options of a run whose machine believes that it is this time. */
function under(time: string): StageSyncOptions {
  const clock = { now: (): Micros => requireInstant(time, 'clock') };
  return { context: { clock }, wechat: { clock }, concurrency: 1 };
}

describe('a clock that is years ahead', () => {
  it.each([
    ['before the first Date', ['wxb', 'wxa']],
    ['after it', ['wxa', 'wxb']],
  ])('records no failure without an answer that came %s', async (_when, appIds) => {
    stage.simulator.inject({ fault: 'socket_reset', appId: 'wxb', times: 'always' });
    const before = await readTables(stage.loader);
    const { report, exitCode } = await stage.sync({ ...under('2035-05-05T00:00:00Z'), appIds });
    expect([exitCode, report.accounts.failed, report.observations.recorded]).toEqual([75, 2, 0]);
    expect(await readTables(stage.loader)).toEqual(before);
    const told = report.problems.filter(({ app_id }) => app_id === 'wxb').map(({ message }) => message);
    expect(told.at(-1)).toMatch(
      /not recorded: 2035-05-05T00:00:00.000000Z is more than 5 minutes in the future \(the newest answer says it is 2026-/,
    );
    expect(report.problems.find(({ message }) => message === told.at(-1))?.remedy).toMatch(
      /^set the clock of this machine \(NTP\), then run again/,
    );
  });

  it('records no gateway error either, whose answer has a Date', async () => {
    stage.simulator.inject({ fault: 'html_502', times: 'always' });
    const before = await readTables(stage.loader);
    await stage.sync(under('2035-05-05T00:00:00Z'));
    expect(await readTables(stage.loader)).toEqual(before);
  });
});

it('a clock before 2017 records nothing, though no answer tells the time', async () => {
  await using fresh = await createSyncStage(['wxa']);
  fresh.simulator.inject({ fault: 'socket_reset', times: 'always' });
  const { report } = await fresh.sync(under('2010-01-01T00:00:00Z'));
  expect(report.problems[0]?.message).toMatch(/not recorded: 2010-.* is before 2017, when mini programs began$/);
  expect((await readTables(fresh.loader)).observations).toEqual([]);
});

describe('a clock that is years ahead, and no answer in the whole run', () => {
  const ahead = '2035-05-05T00:00:00Z';
  const fail = () => stage.simulator.inject({ fault: 'socket_reset', times: 'always' });

  it('records no failure after the time of the target’s server', async () => {
    fail();
    const before = await readTables(stage.loader);
    const loader = { ...stage.loader, latestTime: () => stage.calendar.time };
    const { report, exitCode } = await stage.sync({ ...under(ahead), context: { ...under(ahead).context, loader } });
    expect([exitCode, report.accounts.failed, report.observations.recorded]).toEqual([69, 2, 0]);
    expect(await readTables(stage.loader)).toEqual(before);
    const { message, remedy } = report.problems.find(({ kind }) => kind === 'clock_skew') ?? {};
    expect(message).toMatch(
      /^what came of it is not recorded: 2035-.* in the future \(the server of memory of this process says it is 2026-/,
    );
    expect(remedy).toMatch(/^set the clock of this machine \(NTP\), then run again/);
    const plan = await planSync(
      { ...stage.context, ...under(ahead).context, loader },
      { source: failingSource(ahead), accounts: [stage.account('wxa')] },
    );
    expect(plan.report.observations.recorded).toBe(0);
  });

  it('records none more than 31 days after the newest stored attempt, where the target has no clock of its own', async () => {
    fail();
    const before = await readTables(stage.loader);
    const { report } = await stage.sync({ ...under(ahead), appIds: ['wxb', 'new'] });
    expect([report.accounts.failed, report.observations.recorded]).toEqual([2, 0]);
    expect(await readTables(stage.loader)).toEqual(before);
    const { message, remedy } = report.problems.find(({ kind }) => kind === 'clock_skew') ?? {};
    expect(message).toMatch(
      /^what came of it is not recorded: 2035-.* is more than 31 days after the newest stored attempt \(2026-.*\), and no answer tells what time it is$/,
    );
    expect(remedy).toMatch(/^when the clock of this machine is wrong, set it \(NTP\); then run again/);
  });

  it('is set, and the next run is well', async () => {
    for (const [appIds, context, remedy] of [
      [
        ['wxa'],
        { loader: { ...stage.loader, latestTime: () => stage.calendar.time } },
        'set the clock of this machine (NTP), then run again',
      ],
      [['wxa'], {}, 'when the clock of this machine is wrong, set it (NTP); then run again'],
    ] as const) {
      fail();
      const wrong = under(ahead);
      const { report } = await stage.sync({ ...wrong, appIds, context: { ...wrong.context, ...context } });
      expect(report.problems.find(({ kind }) => kind === 'clock_skew')?.remedy).toContain(remedy);
      stage.simulator.clearFaults();
      stage.later();
      expect((await stage.sync({ appIds })).exitCode).toBe(0);
    }
  });

  it('records failures up to 31 days after it, each of which is an attempt', async () => {
    await stage.sync();
    fail();
    for (const _month of [1, 2]) {
      stage.later(31 * 24);
      expect((await stage.sync()).report.observations.recorded).toBe(2);
    }
  });
});

test('an answer of a source that tells no time is recorded however long ago the one before was', async () => {
  await using quiet = await createSyncStage(['wxa']);
  const body = Buffer.from('{"errcode":0,"scene":[{"name":"A","value":1}]}');
  const source: SceneSource = {
    fetchScenes: async ({ appId }) => ({ kind: 'answer', appId, observedAt: quiet.calendar.time, body }),
    async [Symbol.asyncDispose]() {},
  };
  for (const _year of [1, 2]) {
    quiet.later(366 * 24);
    const { report } = await sync(quiet.context, { source, accounts: [{ appId: 'wxa' }] });
    expect(report.observations.recorded).toBe(1);
  }
});

/** A source that gets no answer at this time, whatever it does. */
function failingSource(time: string): SceneSource {
  const failure = {
    kind: 'failure',
    errorClass: 'transient',
    code: 'network',
    message: 'refused',
    remedy: null,
  } as const;
  const flags = { accountOnly: true, credentialsRefused: false, unreachable: true, doNotRecord: false };
  return {
    fetchScenes: async ({ appId }) => ({ ...failure, ...flags, appId, observedAt: requireInstant(time, 'clock') }),
    async [Symbol.asyncDispose]() {},
  };
}

it('a clock that is right records failures before and after the first Date', async () => {
  stage.simulator.inject({ fault: 'socket_reset', appId: 'wxb', times: 'always' });
  for (const appIds of [
    ['wxb', 'wxa'],
    ['wxa', 'wxb'],
  ]) {
    stage.later();
    const { report } = await stage.sync({ appIds, concurrency: 1 });
    expect(report.observations.recorded).toBe(2);
  }
});

function linesOf(log = ''): string[] {
  return log.split('\n').filter((line) => line !== '');
}

test('replay takes back a log with times that no sync records any more', async () => {
  const lines = [
    { app_id: 'wxa', observed_at: '2010-01-01T00:00:00Z', status: 'failed', error_code: 'network' },
    { app_id: 'wxa', observed_at: '2035-05-05T00:00:00Z', status: 'failed', error_code: 'network', error_message: 'x' },
    { app_id: 'wxb', observed_at: '2036-05-05T00:00:00Z', status: 'ok', body: { scene: [{ name: 'A', value: 1 }] } },
  ];
  const logs: string[] = [];
  for (let input = lines.map((line) => JSON.stringify(line)); logs.length < 2; input = linesOf(logs.at(-1))) {
    await using loader = createMemoryLoader(createMemoryTarget());
    const context = { ...contextFor(loader, { dimension: {}, guards: {} }), clock: stage.context.clock };
    const { exitCode } = await replay(context, { input: inputOf(input), name: 'log' });
    expect(exitCode).toBe(0);
    logs.push((await Array.fromAsync(exportLog(loader, stage.context.signal))).join(''));
  }
  expect(logs[1]).toBe(logs[0]);
  expect(logs[0]?.split('\n')).toHaveLength(4);
});

test('a line without a decision is still refused beyond the bounds', async () => {
  await using loader = createMemoryLoader(createMemoryTarget());
  const context = { ...contextFor(loader, { dimension: {}, guards: {} }), clock: stage.context.clock };
  const line = { app_id: 'wxa', observed_at: '2035-05-05T00:00:00Z', body: { scene: [] } };
  const { error } = await replay(context, { input: inputOf([JSON.stringify(line)]), name: 'log' });
  expect(error?.message).toBe('log:1: observed_at 2035-05-05T00:00:00.000000Z is more than 5 minutes in the future');
});
