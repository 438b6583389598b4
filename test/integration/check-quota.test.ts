/** What check tells of today's quotas, and that without --quota it sends no credential. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { appId, createRemedyStage, otherAppId, type RemedyStage } from '../support/remedy-stage.ts';

const source = (...accounts: readonly object[]) => ({ config: { source: { baseUrl: '${URL}', accounts } } });
const bySecret = { appId, appSecret: { env: 'SECRET' } };
const byToken = { appId, accessToken: { env: 'TOKEN' } };

/** The lines about quotas, each with its remedy. */
async function quotaLines(stage: RemedyStage, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await stage.run(['check', '--quota', '--json', ...args]);
  const { findings } = JSON.parse(stdout) as { findings: readonly Record<string, string | null>[] };
  return findings
    .filter(({ subject }) => subject === 'quota')
    .map(({ level, message, remedy }) => [level, message, ...(remedy === null ? [] : [`remedy: ${remedy}`])].join(' '));
}

describe('check --quota', () => {
  test('tells of an app secret both quotas, of an access token the one of the scene lists', async () => {
    await using stage = await createRemedyStage({ dailyQuota: 50 });
    await stage.prepare(source(bySecret));
    await stage.run(['sync']);
    expect(await quotaLines(stage)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^ok ${appId}: /wxaapi/log/get_scene: 49 of 50 calls are left today \\(1 used\\), and at most [\\d,]+ in 60 s$`,
        ),
      ),
      expect.stringMatching(
        new RegExp(`^ok ${appId}: /cgi-bin/stable_token: 48 of 50 calls are left today \\(2 used\\)`),
      ),
    ]);
    await stage.prepare(source(byToken));
    expect(await quotaLines(stage)).toEqual([expect.stringContaining(`ok ${appId}: /wxaapi/log/get_scene: 49 of 50`)]);
    const asked = stage.simulator.requests.filter(({ path }) => path.includes('quota'));
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(['/cgi-bin/openapi/quota/get']));
  });

  test('warns when less than a tenth is left, until the quota starts anew', async () => {
    await using stage = await createRemedyStage({ dailyQuota: 10 });
    await using nextDay = await startSimulator({ dailyQuota: 10 });
    await stage.prepare(source(byToken));
    for (let run = 1; run <= 9; run += 1) expect((await stage.run(['sync'])).code).toBe(0);
    expect(await quotaLines(stage)).toEqual([expect.stringMatching(/^ok .* 1 of 10 calls are left/)]);
    await stage.run(['sync']);
    const remedy = 'see what else makes these calls, or sync less often; quotas start anew at midnight (UTC+8)';
    const [line] = await quotaLines(stage);
    expect(line).toMatch(/^warning .* 0 of 10 calls are left today \(10 used\)/);
    expect(line?.endsWith(`remedy: ${remedy}`)).toBe(true);
    await stage.prepare({ ...source(byToken), env: { URL: nextDay.url, TOKEN: nextDay.accessToken(appId) } });
    expect(await quotaLines(stage)).toEqual([expect.stringMatching(/^ok .* 10 of 10 calls are left/)]);
  });

  test('asks about 20 accounts, or about those that are named', async () => {
    const all = Array.from({ length: 23 }, (_, index) => `wx${String(index).padStart(16, '0')}`);
    await using stage = await createRemedyStage({
      accounts: [appId, otherAppId, ...all].map((each) => ({ appId: each })),
    });
    const accounts = all.map((each) => ({ appId: each, accessToken: { env: each.toUpperCase() } }));
    const env = Object.fromEntries(all.map((each) => [each.toUpperCase(), stage.simulator.accessToken(each)]));
    await stage.prepare({ ...source(...accounts), env });
    const lines = await quotaLines(stage);
    expect([lines.length, lines.at(-1)]).toEqual([21, 'ok … and 3 more accounts, which --app-id names']);
    const [first = '', , third = ''] = all;
    expect(await quotaLines(stage, '--app-id', third, '--app-id', first)).toEqual([
      expect.stringContaining(`${first}:`),
      expect.stringContaining(`${third}:`),
    ]);
    const { code, stderr } = await stage.run(['check', '--quota', '--app-id', 'wx-not-listed']);
    expect([code, stderr]).toEqual([64, expect.stringContaining('--app-id: wx-not-listed is not among the accounts')]);
  });

  test('goes on after an account that WeChat refuses', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({
      ...source({ appId: otherAppId, appSecret: { env: 'WRONG' } }, byToken),
      env: { WRONG: 'not-the-secret' },
    });
    expect(await quotaLines(stage)).toEqual([
      expect.stringMatching(new RegExp(`^error account ${otherAppId}: 4\\d+: .* remedy: check the appSecret`)),
      expect.stringContaining(`ok ${appId}: `),
    ]);
    expect((await stage.run(['check', '--quota'])).code).toBe(77);
  });

  test('does not ask for an account whose token would end that of production', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(source({ ...bySecret, legacyToken: true }));
    expect(await quotaLines(stage)).toEqual([`ok ${appId}: not asked, because of its legacyToken`]);
    expect(stage.simulator.requestCounts['/cgi-bin/token']).toBeUndefined();
  });

  test('without it no credential is sent, and --app-id is refused', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(source(bySecret));
    await stage.run(['check']);
    expect(stage.simulator.requestCounts).toEqual({ '/': 1 });
    const { code, stderr } = await stage.run(['check', '--app-id', appId]);
    expect([code, stderr]).toEqual([64, expect.stringContaining('remedy: add --quota, or leave out --app-id\n')]);
    expect((await stage.run(['check', '--quota', '--app-id', appId])).code).toBe(0);
  });

  test.each([
    ['{"errcode":76021,"errmsg":"cgi_path not found"}', /^ok .*: WeChat tells none \(76021\)$/],
    ['{"errcode":76022,"errmsg":"no permission"}', /^ok .*: WeChat tells none \(76022\)$/],
    [
      '{"errcode":0,"quota":{"daily_limit":100,"used":90,"remain":10}}',
      /^ok .* 10 of 100 calls are left today \(90 used\)$/,
    ],
    ['{"errcode":0,"quota":{"daily_limit":100,"used":91,"remain":9}}', /^warning .* 9 of 100 calls/],
    [
      '{"errcode":0,"quota":{"daily_limit":"1000000","used":"0","remain":"1000000"},"component_rate_limit":{"call_count":1050000,"refresh_second":60}}',
      /^ok .* 1,000,000 of 1,000,000 calls .*, and at most 1,050,000 in 60 s$/,
    ],
    ['{"errcode":0}', /^error .* malformed_response/],
    ['{"errcode":0,"quota":{"daily_limit":"","used":-1}}', /^error .* malformed_response/],
  ])('%s', async (answer, told) => {
    await using stage = await createRemedyStage();
    const server = createServer((message, response) => {
      message.resume();
      response.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await stage.prepare({
      ...source(byToken),
      env: { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    });
    expect(await quotaLines(stage)).toEqual([expect.stringMatching(told)]);
    server.closeAllConnections();
    server.close();
  });
});
