/** What a sync makes of everything that WeChat may answer: counts, problems, outcome and exit status. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { classifyErrorCode, errorCatalogue } from '../../src/extract/error-catalogue.ts';
import type { RunReport, RunResult } from '../../src/pipeline/run/run-report.ts';
import type { SimulatorFaultName } from '../../src/simulator/simulator-faults.ts';
import { RID, sameRid } from '../support/same-rid.ts';
import { createSyncStage, readTables, type SyncStage } from '../support/sync-stage.ts';

const appIds = ['wxa', 'wxb', 'wxc'];

let stage: SyncStage;
beforeAll(async () => {
  stage = await createSyncStage(appIds);
  await stage.sync();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  stage.later();
  stage.simulator.clearFaults();
  stage.simulator.clearRequests();
});

const none = { selected: 0, changed: 0, unchanged: 0, held: 0, skipped: 0, failed: 0, fresh: 0, unreached: 0 };

function endOf({ report: { outcome, accounts }, exitCode }: RunResult) {
  return { outcome, exitCode, accounts };
}

type Verdict = 'failed' | 'skipped';
/** How a run ends when the trouble is with its only account, with one of three, and with all three. */
interface Ends {
  readonly alone: number;
  readonly oneOfMany: number;
  readonly all: number;
  readonly verdict: Verdict;
}

const ordinary: Ends = { alone: 75, oneOfMany: 75, all: 75, verdict: 'failed' };
const unavailable: Ends = { alone: 0, oneOfMany: 0, all: 0, verdict: 'skipped' };
const refused: Ends = { alone: 77, oneOfMany: 75, all: 77, verdict: 'failed' };
const unreachable: Ends = { alone: 69, oneOfMany: 75, all: 69, verdict: 'failed' };

/** The code table of WeChat's, by what becomes of an account. */
const classes: readonly [string, readonly number[], Ends][] = [
  ['transient', [-1, 45011], ordinary],
  ['token', [40001, 40014, 42001], refused],
  ['quota', [45009], ordinary],
  [
    'unavailable',
    [48001, 48004, 50002, 50004, 50007, 61003, 61007, 61009, 61010, 61023, 42007, 89501, 89503, 89506, 89507, 507010],
    unavailable,
  ],
  ['own configuration', [40013, 40125, 40243], refused],
  ['own whitelist', [40164], { ...refused, alone: 78, all: 78 }],
  ['bug', [40002, 40066, 40097, 41001, 41002, 41004, 41018, 43001, 43002, 43003, 44002, 47001, 61014, 61024], ordinary],
  ['unknown', [99999, -2, 1, 76001, 76002, 76003], ordinary],
];
const stopping = [61004, 61005, 61006, 61011, 87009];

it('every code of the catalogue is tried', () => {
  const tried = [...classes.flatMap(([, codes]) => codes), ...stopping].map(String);
  expect([...errorCatalogue.keys()].filter((code) => !tried.includes(code))).toEqual([]);
});

/** The stage's accounts have a token that somebody else maintains. */
function remedyOf(code: number): string {
  return classifyErrorCode({ code: String(code), endpoint: 'scene_list', credentials: 'accessToken', errmsg: '' })
    .remedy;
}

async function expectEnds(inject: (appId: string) => void, ends: Ends): Promise<RunReport> {
  const { alone, oneOfMany, all, verdict } = ends;
  const before = await readTables(stage.loader);
  const outcomeOf = (failed: number, selected: number) => {
    if (verdict === 'skipped') return 'nothing_changed';
    return failed === selected ? 'failed' : 'partial';
  };
  inject('wxa');
  const first = await stage.sync({ appIds: ['wxa'] });
  expect(endOf(first)).toEqual({
    outcome: outcomeOf(1, 1),
    exitCode: alone,
    accounts: { ...none, selected: 1, [verdict]: 1 },
  });

  stage.later();
  expect(endOf(await stage.sync())).toEqual({
    outcome: outcomeOf(1, 3),
    exitCode: oneOfMany,
    accounts: { ...none, selected: 3, unchanged: 2, [verdict]: 1 },
  });

  stage.later();
  inject('wxb');
  inject('wxc');
  expect(endOf(await stage.sync())).toEqual({
    outcome: outcomeOf(3, 3),
    exitCode: all,
    accounts: { ...none, selected: 3, [verdict]: 3 },
  });

  const after = await readTables(stage.loader);
  expect(after.versions, 'a failure closes nothing').toEqual(before.versions);
  return first.report;
}

describe.each(classes)('errcodes of class %s', (name, codes, ends) => {
  it.each(codes)('%i', async (code) => {
    const report = await expectEnds(
      (appId) => stage.simulator.inject({ fault: 'errcode', code, appId, times: 'always' }),
      ends,
    );
    const isTriedTwice = name === 'token' || code === 41002;
    const suffix =
      name === 'transient'
        ? ' (4 attempts)'
        : isTriedTwice
          ? '; the token was looked up again and is still the same'
          : '';
    expect(sameRid(report.problems)).toEqual([
      {
        app_id: 'wxa',
        kind: ends.verdict,
        code: String(code),
        message: `WeChat answered ${code}: simulated error ${RID}${suffix}`,
        remedy: remedyOf(code),
      },
    ]);
    const asked = stage.simulator.requests.filter(({ appId }) => appId === 'wxa').length;
    expect(asked, 'requests in three runs').toBe(name === 'transient' ? 12 : isTriedTwice ? 6 : 3);
    const rows = await Array.fromAsync(stage.loader.readObservations({ appIds: ['wxa'] }, stage.context.signal));
    expect(rows.at(-1)).toMatchObject({ status: 'failed', payloadHash: null, errorCode: String(code) });
  });
});

describe('errcodes that concern every account', () => {
  it.each(stopping)('%i stops the run with 78, and what was fetched before is stored', async (code) => {
    stage.simulator.inject({ fault: 'errcode', code, appId: 'wxb', times: 'always' });
    const { report, exitCode, error } = await stage.sync({ concurrency: 1 });
    expect({ outcome: report.outcome, exitCode, accounts: report.accounts }).toEqual({
      outcome: 'failed',
      exitCode: 78,
      accounts: { ...none, selected: 3, unchanged: 1, failed: 1, unreached: 1 },
    });
    const remedy = remedyOf(code);
    expect(error).toMatchObject({ code: 'config_invalid', remedy });
    expect(sameRid(error?.message)).toBe(`account wxb: WeChat answered ${code}: simulated error ${RID}`);
    expect(sameRid(report.problems)).toEqual([
      {
        app_id: 'wxb',
        kind: 'failed',
        code: String(code),
        message: `WeChat answered ${code}: simulated error ${RID}`,
        remedy,
      },
    ]);
    expect(stage.simulator.requests.map(({ appId }) => appId)).toEqual(['wxa', 'wxb']);
  });

  it('name the IP that is to be put into the whitelist', async () => {
    stage.simulator.inject({ fault: 'ip_not_whitelisted', times: 'always' });
    const { report, exitCode } = await stage.sync();
    expect(exitCode).toBe(78);
    const remedies = new Set(report.problems.map(({ remedy }) => remedy));
    expect([...remedies]).toEqual(['add 203.0.113.7 to the IP whitelist of this account at mp.weixin.qq.com']);
  });
});

describe('answers that are none', () => {
  const faults: readonly [SimulatorFaultName, string, Ends, number?][] = [
    ['html_502', 'http_502', unreachable],
    ['html_504', 'http_504', unreachable],
    ['socket_reset', 'network', unreachable],
    ['reset_midway', 'network', unreachable],
    ['hang', 'timeout', unreachable],
    ['not_json', 'invalid_json', ordinary],
    ['empty_body', 'invalid_json', ordinary],
    ['cut_off', 'invalid_json', ordinary],
    ['not_found', 'http_404', ordinary],
    ['redirect', 'http_302', ordinary],
    ['huge_body', 'response_too_large', ordinary],
    ['http_400_json', '48001', unavailable],
    ['echo_secret', '99998', ordinary],
    ['secret_in_answer', 'secret_in_answer', ordinary],
    ['missing_scene', 'malformed_response', ordinary],
    ['null_scene', 'malformed_response', ordinary],
  ];
  it.each(faults)('%s is the problem %s', async (fault, code, ends) => {
    const inject = (appId: string) => stage.simulator.inject({ fault, appId, times: 'always' });
    const report = await expectEndsWithin(inject, ends, fault === 'hang' ? 60 : undefined);
    expect(report.problems).toMatchObject([{ app_id: 'wxa', kind: ends.verdict, code, remedy: expect.any(String) }]);
  });

  async function expectEndsWithin(inject: (appId: string) => void, ends: Ends, timeoutMs?: number): Promise<RunReport> {
    if (timeoutMs === undefined) return expectEnds(inject, ends);
    inject('wxa');
    const { report, exitCode } = await stage.sync({ appIds: ['wxa'], wechat: { timeoutMs } });
    expect(exitCode).toBe(ends.alone);
    return report;
  }

  it('a wrong clock stores nothing about the account, neither answer nor failure', async () => {
    stage.simulator.inject({ fault: 'wrong_date', appId: 'wxa', times: 'always' });
    const before = await readTables(stage.loader);
    const { report, exitCode } = await stage.sync();
    expect({ exitCode, outcome: report.outcome, accounts: report.accounts }).toEqual({
      exitCode: 75,
      outcome: 'partial',
      accounts: { ...none, selected: 3, unchanged: 2, failed: 1 },
    });
    expect(sameRid(report.problems)).toEqual([
      {
        app_id: 'wxa',
        kind: 'clock_skew',
        code: 'clock_skew',
        message: expect.stringMatching(/^our clock is 3600 s behind the Date of the answer/),
        remedy: 'set the clock of this machine (NTP), then run again',
      },
    ]);
    const after = await readTables(stage.loader);
    const ofA = <Row extends { readonly appId: string }>(rows: readonly Row[]) =>
      rows.filter(({ appId }) => appId === 'wxa');
    expect(ofA(after.observations)).toEqual(ofA(before.observations));
    expect(ofA(after.heads)).toEqual(ofA(before.heads));
  });

  it('nobody listens: 69 when that is true of every account', async () => {
    const gone = await createSyncStage([]);
    await gone[Symbol.asyncDispose]();
    const { report, exitCode } = await stage.sync({ wechat: { baseUrl: gone.simulator.url } });
    expect({ exitCode, outcome: report.outcome, failed: report.accounts.failed }).toEqual({
      exitCode: 69,
      outcome: 'failed',
      failed: 3,
    });
  });
});
