/** A run in which one account in twenty fails, each in another way: the others are right, and every failure is told. */
import { expect, test } from 'vitest';
import { errorCatalogue, isUnavailable } from '../../src/extract/error-catalogue.ts';
import { defaultRetryPolicy } from '../../src/extract/retry-policy.ts';
import type { SimulatorFault } from '../../src/simulator/fault-plan.ts';
import type { SimulatorFaultName } from '../../src/simulator/simulator-faults.ts';
import { createSyncStage, readTables } from '../support/sync-stage.ts';
import { createInstantTimer } from '../support/virtual-timer.ts';

/** These concern every account, so that the run stops. */
const stopping = ['61004', '61005', '61006', '61011', '87009'];
const codes = [...errorCatalogue.keys(), '99999'].filter((code) => !stopping.includes(code));

/** Answers that are none, and the code by which each is told. */
const broken: Readonly<Partial<Record<SimulatorFaultName, string>>> = {
  html_502: 'http_502',
  not_found: 'http_404',
  redirect: 'http_302',
  not_json: 'invalid_json',
  empty_body: 'invalid_json',
  cut_off: 'invalid_json',
  huge_body: 'response_too_large',
  gzip: 'invalid_json',
  too_large_body: 'response_too_large',
  deep_nesting: 'invalid_json',
  redirect_elsewhere: 'http_302',
  hang: 'timeout',
  socket_reset: 'network',
  reset_midway: 'network',
  wrong_date: 'clock_skew',
  missing_scene: 'malformed_response',
  secret_in_answer: 'secret_in_answer',
};

const faults: readonly { readonly fault: SimulatorFault; readonly code: string }[] = [
  ...codes.map((code) => ({ fault: { fault: 'errcode', code: Number(code), times: 'always' } as const, code })),
  ...Object.entries(broken).map(([fault, code]) => ({
    fault: { fault: fault as SimulatorFaultName, times: 'always' } as const,
    code,
  })),
];

const EVERY = 20;
const appIds = Array.from({ length: faults.length * EVERY }, (_, n) => `wx${String(n).padStart(4, '0')}`);
const spoilt = new Map(faults.map((fault, n) => [appIds[n * EVERY] ?? '', fault]));

const wechat = () => ({ timer: createInstantTimer(), retry: defaultRetryPolicy, timeoutMs: 1_500, random: () => 0 });

test('one in twenty fails in every way: the others are right, each failure is told, and the next run asks only those', async () => {
  await using stage = await createSyncStage(appIds);
  for (const [appId, { fault }] of spoilt) stage.simulator.inject({ ...fault, appId });
  const { report, exitCode } = await stage.sync({ concurrency: 16, timer: createInstantTimer(), wechat: wechat() });
  expect(report.problems.filter(({ app_id }) => !spoilt.has(app_id ?? ''))).toEqual([]);
  const skipped = codes.filter(isUnavailable).length;
  const failed = faults.length - skipped;
  expect([exitCode, report.outcome, report.accounts]).toMatchObject([
    75,
    'partial',
    { selected: appIds.length, changed: appIds.length - faults.length, failed, skipped, unreached: 0 },
  ]);

  expect(report.problems_total).toBe(faults.length);
  const told = new Map(report.problems.map((problem) => [problem.app_id ?? '', problem]));
  for (const [appId, { fault, code }] of spoilt) {
    const problem = told.get(appId);
    const kind = isUnavailable(code) ? 'skipped' : 'failed';
    expect(problem, `${fault.fault} of ${appId}`).toMatchObject({
      kind: code === 'clock_skew' ? 'clock_skew' : kind,
      code,
    });
    expect(problem?.remedy ?? '', code).not.toBe('');
    if (fault.fault === 'errcode') expect(problem?.message).toMatch(/rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}/);
  }

  const { versions } = await readTables(stage.loader);
  const good = appIds.filter((appId) => !spoilt.has(appId));
  expect(new Set(versions.map(({ appId }) => appId))).toEqual(new Set(good));
  expect(versions.length).toBe(good.length * 58);
  const { minted } = stage.simulator;
  expect([minted.force_refresh, minted.token]).toEqual([0, 0]);

  stage.simulator.clearFaults();
  stage.simulator.clearRequests();
  stage.later();
  const next = await stage.sync({ maxAgeMs: 2 * 3_600_000, timer: createInstantTimer(), wechat: wechat() });
  const again = [...spoilt].filter(([, { code }]) => !isUnavailable(code)).map(([appId]) => appId);
  expect([next.exitCode, next.report.accounts]).toMatchObject([0, { changed: again.length }]);
  expect(stage.simulator.requests.map(({ appId }) => appId).toSorted()).toEqual(again.toSorted());
});
