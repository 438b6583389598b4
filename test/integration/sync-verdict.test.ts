/** Whose fault it was, and which exit status comes first. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RID, sameRid } from '../support/same-rid.ts';
import { createSyncStage, type SyncStage } from '../support/sync-stage.ts';

const none = { selected: 0, changed: 0, unchanged: 0, held: 0, skipped: 0, failed: 0, fresh: 0, unreached: 0 };

let stage: SyncStage;
beforeAll(async () => {
  stage = await createSyncStage(['wxa', 'wxb', 'wxc']);
  await stage.sync();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  stage.later();
  stage.simulator.clearFaults();
  stage.simulator.clearRequests();
});

describe('credentials', () => {
  const withSecret = (appId: string, secret = stage.simulator.appSecret(appId)) => {
    return { appId, credentials: { appSecret: async () => secret } };
  };

  it('a wrong secret of one of many is 75, of the only one 77', async () => {
    const wrong = withSecret('wxa', 'not-the-secret');
    const many = await stage.sync({ accounts: [wrong, withSecret('wxb')] });
    expect([many.exitCode, many.report.accounts]).toEqual([75, { ...none, selected: 2, unchanged: 1, failed: 1 }]);
    expect(sameRid(many.report.problems)).toEqual([
      {
        app_id: 'wxa',
        kind: 'failed',
        code: '40125',
        message: `WeChat answered 40125: invalid appsecret ${RID}`,
        remedy: 'check the appSecret of this account',
      },
    ]);
    stage.later();
    expect((await stage.sync({ accounts: [wrong] })).exitCode).toBe(77);
  });

  it('a secret that cannot be read is 75 for one of many, 78 for the only one', async () => {
    const missing = {
      appId: 'wxa',
      credentials: { appSecret: () => Promise.reject(new Error('variable X is not set')) },
    };
    expect((await stage.sync({ accounts: [missing, withSecret('wxb')] })).exitCode).toBe(75);
    stage.later();
    const alone = await stage.sync({ accounts: [missing] });
    expect(alone.exitCode).toBe(78);
    expect(alone.report.problems).toMatchObject([{ code: 'credentials_unusable', kind: 'failed' }]);
    expect(stage.simulator.requests.filter(({ appId }) => appId === 'wxa')).toEqual([]);
  });

  it('one expired token is fetched again once, and the account is as good as any', async () => {
    stage.simulator.inject({ fault: 'token_expired', appId: 'wxa' });
    let reads = 0;
    const accessToken = async () => {
      reads += 1;
      if (reads === 2) stage.simulator.replaceToken('wxa');
      return stage.simulator.accessToken('wxa');
    };
    const { report, exitCode } = await stage.sync({ accounts: [{ appId: 'wxa', credentials: { accessToken } }] });
    expect({ exitCode, reads, problems: report.problems, unchanged: report.accounts.unchanged }).toEqual({
      exitCode: 0,
      reads: 2,
      problems: [],
      unchanged: 1,
    });
    expect(stage.simulator.requests.map(({ errcode }) => errcode)).toEqual([42001, 0]);
  });
});

describe('the first that applies decides the exit status', () => {
  it('failed before held before ok', async () => {
    stage.simulator.inject({ fault: 'empty_list', appId: 'wxa' });
    stage.simulator.inject({ fault: 'unknown_code', appId: 'wxb' });
    const { report, exitCode } = await stage.sync();
    expect(exitCode).toBe(75);
    expect(report.accounts).toEqual({ ...none, selected: 3, held: 1, failed: 1, unchanged: 1 });
    stage.later();
    stage.simulator.inject({ fault: 'empty_list', appId: 'wxa' });
    const held = await stage.sync();
    expect([held.exitCode, held.report.outcome]).toEqual([65, 'refused']);
  });

  it('an IP that the platform does not know before refused credentials', async () => {
    stage.simulator.inject({ fault: 'token_invalid', appId: 'wxa', times: 'always' });
    stage.simulator.inject({ fault: 'errcode', code: 61004, appId: 'wxb', times: 'always' });
    expect((await stage.sync({ appIds: ['wxa', 'wxb'], concurrency: 1 })).exitCode).toBe(78);
  });
});

describe('accounts of which none was ever read', () => {
  it.each<[string, readonly number[], number]>([
    ['all unavailable', [48001, 507010], 77],
    ['all without permission or with a wrong secret', [48001, 40125], 77],
    ['all behind their own IP whitelists', [40164, 40164], 78],
    ['one of them busy', [48001, -1], 75],
  ])('%s', async (_what, codes, exitCode) => {
    await using fresh = await createSyncStage(['wxnew1', 'wxnew2']);
    for (const [index, code] of codes.entries())
      fresh.simulator.inject({ fault: 'errcode', code, appId: `wxnew${index + 1}`, times: 'always' });
    expect((await fresh.sync()).exitCode).toBe(exitCode);
    fresh.simulator.clearFaults();
    fresh.later();
    expect((await fresh.sync()).exitCode).toBe(0);
    fresh.simulator.inject({ fault: 'unpublished', times: 'always' });
    fresh.later();
    expect((await fresh.sync()).exitCode, 'read before').toBe(0);
  });
});

it('an IP whitelist of one account stops nobody else', async () => {
  stage.simulator.inject({ fault: 'ip_not_whitelisted', appId: 'wxa', times: 'always' });
  const { report, exitCode } = await stage.sync({ concurrency: 1 });
  expect([exitCode, report.accounts]).toEqual([75, { ...none, selected: 3, unchanged: 2, failed: 1 }]);
});
