/** A source that is down: when a run stops asking, how it goes on, and what it leaves for the next. */
import { describe, expect, it } from 'vitest';
import type { Timer } from '../../src/clock.ts';
import { ScenedimError } from '../../src/errors.ts';
import { defaultRetryPolicy } from '../../src/extract/retry-policy.ts';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { planSync } from '../../src/pipeline/dry-run.ts';
import type { SimulatorFault } from '../../src/simulator/fault-plan.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createSyncStage, quickRetry, type SyncStage } from '../support/sync-stage.ts';
import { createInstantTimer } from '../support/virtual-timer.ts';

const none = { selected: 0, changed: 0, unchanged: 0, held: 0, skipped: 0, failed: 0, fresh: 0, unreached: 0 };
const HOUR_MS = 3_600_000;

const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `wx${String(index).padStart(3, '0')}`);
const askedOf = ({ simulator }: SyncStage) => [...new Set(simulator.requests.map(({ appId }) => appId))].sort();

/** A timer on which nobody waits, and something happens in the sleep of this number. */
function timerWith(number: number, happens: () => void) {
  const timer = createInstantTimer();
  const sleep: Timer['sleep'] = async (ms, signal) => {
    await timer.sleep(ms, signal);
    if (timer.sleeps.length === number) happens();
  };
  return { sleeps: timer.sleeps, now: timer.now, sleep };
}

describe('a source that is down', () => {
  it.each<[string, SimulatorFault]>([
    ['5xx', { fault: 'html_502', times: 'always' }],
    ['-1', { fault: 'system_busy', times: 'always' }],
    ['no answer', { fault: 'hang', times: 'always' }],
    ['connections that end', { fault: 'socket_reset', times: 'always' }],
  ])('is asked for 20 accounts and three more (%s), then the run ends with 69', async (_what, fault) => {
    await using stage = await createSyncStage(idsOf(100));
    stage.simulator.inject(fault);
    const timer = createInstantTimer();
    const { report, problemCounts, exitCode, error } = await stage.sync({
      concurrency: 1,
      timer,
      wechat: { timeoutMs: 30 },
    });
    expect([exitCode, report.outcome, report.accounts]).toEqual([
      69,
      'failed',
      { ...none, selected: 100, failed: 23, unreached: 77 },
    ]);
    expect(timer.sleeps).toEqual([15_000, 15_000, 15_000]);
    expect(askedOf(stage)).toEqual(idsOf(23));
    const message = `127.0.0.1:${stage.simulator.port} has given no usable answer since 2026-03-01T00:00:00.000000Z: 23 accounts failed one after the other, and 3 attempts to go on did, too`;
    expect(error).toMatchObject({ code: 'source_unreachable', message });
    expect(report.problems[0]).toMatchObject({ app_id: null, kind: 'run', code: 'source_unreachable', message });
    expect(report.problems_total).toBe(24);
    expect(problemCounts, 'metrics tell it so').toContainEqual({
      kind: 'run',
      code: 'source_unreachable',
      count: 1,
    });

    stage.simulator.clearFaults();
    stage.simulator.clearRequests();
    stage.later();
    const next = await stage.sync({ maxAgeMs: HOUR_MS });
    expect([next.exitCode, next.report.accounts]).toEqual([0, { ...none, selected: 100, changed: 100 }]);
  });

  it('ends a run of many at once when nobody listens, and those in flight are finished', async () => {
    await using stage = await createSyncStage(idsOf(300));
    const gone = await startSimulator();
    await gone[Symbol.asyncDispose]();
    const timer = createInstantTimer();
    const { report, exitCode } = await stage.sync({ concurrency: 16, timer, wechat: { baseUrl: gone.url } });
    const { failed, unreached } = report.accounts;
    expect([exitCode, failed + unreached, timer.sleeps.length]).toEqual([69, 300, 3]);
    expect(failed).toBeGreaterThanOrEqual(23);
    expect(failed).toBeLessThanOrEqual(20 + 15 + 3);
  });

  it.each([1, 2, 3])(
    'that answers attempt %i lets the run go on, and all that failed are asked again',
    async (number) => {
      await using stage = await createSyncStage(idsOf(100));
      stage.simulator.inject({ fault: 'html_502', times: 'always' });
      const timer = timerWith(number, () => stage.simulator.clearFaults());
      const { report, exitCode, error } = await stage.sync({ concurrency: 4, timer });
      expect([exitCode, error, report.problems]).toEqual([0, null, []]);
      expect(report.accounts).toEqual({ ...none, selected: 100, changed: 100 });
      expect(timer.sleeps).toEqual(Array.from({ length: number }, () => 15_000));
    },
  );

  it('is tried with an account of the streak where no other is left', async () => {
    await using stage = await createSyncStage(idsOf(20));
    stage.simulator.inject({ fault: 'html_502', times: 'always' });
    const timer = timerWith(3, () => stage.simulator.clearFaults());
    const { report, exitCode } = await stage.sync({ timer });
    expect([exitCode, report.accounts]).toEqual([0, { ...none, selected: 20, changed: 20 }]);
    stage.later();
    stage.simulator.inject({ fault: 'html_502', times: 'always' });
    const down = await stage.sync({ timer: createInstantTimer() });
    expect([down.exitCode, down.report.accounts]).toEqual([69, { ...none, selected: 20, failed: 20 }]);
  });

  it('is not told by accounts that alone fail, though they are the last to do so', async () => {
    const appIds = idsOf(50);
    await using stage = await createSyncStage(appIds);
    const dead = appIds.slice(0, 25);
    for (const appId of dead) stage.simulator.inject({ fault: 'hang', times: 'always', appId });
    const timer = createInstantTimer();
    const { report, exitCode, error } = await stage.sync({ concurrency: 50, timer, wechat: { timeoutMs: 300 } });
    expect([exitCode, error, timer.sleeps]).toEqual([75, null, []]);
    expect(report.accounts).toEqual({ ...none, selected: 50, changed: 25, failed: 25 });
  });

  it('is waited for with fewer accounts, when an outage cut their repetitions short', async () => {
    await using stage = await createSyncStage(idsOf(12));
    const wechat = { timer: createInstantTimer(), retry: defaultRetryPolicy };
    stage.simulator.inject({ fault: 'html_502', times: 'always' });
    const timer = timerWith(2, () => stage.simulator.clearFaults());
    const { report, exitCode } = await stage.sync({ concurrency: 8, timer, wechat });
    expect([exitCode, report.accounts, timer.sleeps]).toEqual([
      0,
      { ...none, selected: 12, changed: 12 },
      [15_000, 15_000],
    ]);
  });

  it('is not waited for with fewer accounts', async () => {
    await using stage = await createSyncStage(idsOf(19));
    stage.simulator.inject({ fault: 'html_502', times: 'always' });
    const timer = createInstantTimer();
    const { report, exitCode, error } = await stage.sync({ timer });
    expect([exitCode, error, timer.sleeps]).toEqual([69, null, []]);
    expect(report.accounts).toEqual({ ...none, selected: 19, failed: 19 });
  });

  it.each<[string, SimulatorFault | null]>([
    ['an answer', null],
    ['a refusal', { fault: 'unpublished', appId: 'wx019' }],
  ])('is one where nobody gets %s', async (_what, fault) => {
    const appIds = idsOf(39);
    await using stage = await createSyncStage(appIds);
    for (const appId of appIds)
      if (appId !== 'wx019') stage.simulator.inject({ fault: 'html_502', times: 'always', appId });
    if (fault !== null) stage.simulator.inject(fault);
    const timer = createInstantTimer();
    const { report, exitCode } = await stage.sync({ concurrency: 1, timer });
    expect([exitCode, report.accounts.failed, report.accounts.unreached, timer.sleeps]).toEqual([75, 38, 0, []]);
  });

  it('is not told by accounts whose credentials cannot be read', async () => {
    await using stage = await createSyncStage(idsOf(60));
    stage.simulator.inject({ fault: 'html_502', times: 'always' });
    const unreadable = { accessToken: () => Promise.reject(new Error('variable X is not set')) };
    const accounts = idsOf(60).map((appId, index) =>
      index % 2 === 0 ? stage.account(appId) : { appId, credentials: unreadable },
    );
    const { exitCode, report } = await stage.sync({ accounts, concurrency: 1, timer: createInstantTimer() });
    expect([exitCode, report.accounts.unreached]).toEqual([69, 60 - 39 - 3]);
  });

  it('is not blamed when what gives the credentials is down', async () => {
    await using stage = await createSyncStage(idsOf(30));
    const accessToken = async () => {
      throw new ScenedimError('source_unreachable', 'broker answered 503', { remedy: 'see that broker is up' });
    };
    const accounts = idsOf(30).map((appId) => ({ appId, credentials: { accessToken } }));
    const { exitCode, error } = await stage.sync({ accounts, concurrency: 1, timer: createInstantTimer() });
    expect([exitCode, error?.remedy]).toEqual([69, 'see that broker is up']);
    expect(error?.message).toMatch(
      /^what gives the credentials has given no usable answer since .*: 23 accounts failed/,
    );
    expect(stage.simulator.requests).toEqual([]);
  });

  it('that comes back in between is asked again for accounts whose repetitions were cut short', async () => {
    await using stage = await createSyncStage(idsOf(10));
    await using wechat = createWechatSource({
      clock: stage.context.clock,
      baseUrl: stage.simulator.url,
      retry: quickRetry,
    });
    stage.simulator.inject({ fault: 'html_502', times: 4 * 5 });
    const source = {
      [Symbol.asyncDispose]: async () => {},
      async fetchScenes(...args: Parameters<typeof wechat.fetchScenes>) {
        const result = await wechat.fetchScenes(...args);
        return result.kind === 'failure' && args[0].appId !== 'wx000' ? { ...result, cutShort: true } : result;
      },
    };
    const { report, exitCode } = await stage.sync({ source, concurrency: 1 });
    expect([exitCode, report.accounts]).toEqual([75, { ...none, selected: 10, changed: 9, failed: 1 }]);
  });

  it('is not waited for by a run that is stopped', async () => {
    await using stage = await createSyncStage(idsOf(100));
    stage.simulator.inject({ fault: 'html_502', times: 'always' });
    const stopping = new AbortController();
    const timer = timerWith(2, () => stopping.abort(new Error('SIGTERM')));
    const { report } = await stage.sync({ concurrency: 1, timer, context: { signal: stopping.signal } });
    expect(report.accounts).toMatchObject({ selected: 100, failed: 21, unreached: 79 });
    expect(report.problems.filter(({ kind }) => kind === 'run')).toEqual([]);
  });
});

describe('a run whose time is over', () => {
  /** The time is over when so many accounts were fetched. */
  function endingAfter(stage: SyncStage, count: number) {
    const over = Promise.withResolvers<void>();
    const wechat = createWechatSource({ clock: stage.context.clock, baseUrl: stage.simulator.url, retry: quickRetry });
    let fetched = 0;
    const source = {
      [Symbol.asyncDispose]: () => wechat[Symbol.asyncDispose](),
      async fetchScenes(...args: Parameters<typeof wechat.fetchScenes>) {
        const result = await wechat.fetchScenes(...args);
        fetched += 1;
        if (fetched === count) over.resolve();
        return result;
      },
    };
    const timer: Timer = { now: () => 0, sleep: () => over.promise };
    return { source, timer, timeoutMs: 3_000_000, concurrency: 4, fetched: () => fetched };
  }

  it('ends with 75, stores what was fetched, and the next one asks the others', async () => {
    await using stage = await createSyncStage(idsOf(60));
    const { fetched, ...options } = endingAfter(stage, 15);
    const { report, exitCode, error } = await stage.sync(options);
    const changed = fetched();
    expect([exitCode, report.outcome, report.accounts]).toEqual([
      75,
      'partial',
      { ...none, selected: 60, changed, unreached: 60 - changed },
    ]);
    expect(changed).toBeLessThan(30);
    const told = {
      code: 'out_of_time',
      message: 'the time of --timeout was over before every account was asked; what was fetched is stored',
      remedy: 'run again with --max-age, which asks only those that were not reached',
    };
    expect(error).toMatchObject(told);
    expect(report.problems).toEqual([{ app_id: null, kind: 'run', ...told }]);
    await options.source[Symbol.asyncDispose]();

    stage.simulator.clearRequests();
    const next = await stage.sync({ maxAgeMs: HOUR_MS });
    expect([next.exitCode, next.report.accounts]).toEqual([
      0,
      { ...none, selected: 60, fresh: changed, changed: 60 - changed },
    ]);
    expect(askedOf(stage)).toHaveLength(60 - changed);
  });

  it('gives up requests in flight, and is told before the problems of a hundred accounts', async () => {
    await using stage = await createSyncStage(idsOf(160));
    for (const appId of idsOf(150)) stage.simulator.inject({ fault: 'unknown_code', appId });
    stage.simulator.inject({ fault: 'hang', times: 'always' });
    const { fetched: _, ...options } = endingAfter(stage, 150);
    const result = await planSync(stage.context, { ...options, accounts: idsOf(160).map(stage.account) });
    expect(result.report.accounts).toEqual({ ...none, selected: 160, failed: 150, unreached: 10 });
    expect([result.report.problems.length, result.report.problems_total]).toEqual([100, 151]);
    expect(result.report.problems[0]).toMatchObject({ kind: 'run', code: 'out_of_time' });
    await options.source[Symbol.asyncDispose]();
  });

  it('is no run that ended before', async () => {
    await using stage = await createSyncStage(idsOf(3));
    expect((await stage.sync({ timeoutMs: HOUR_MS })).exitCode).toBe(0);
  });
});
