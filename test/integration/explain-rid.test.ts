/** What WeChat knows of a failed call, by the program; tokens that nobody here knows show nowhere. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { appId, createRemedyStage, otherAppId, type RemedyStage } from '../support/remedy-stage.ts';

const source = (...accounts: readonly object[]) => ({ config: { source: { baseUrl: '${URL}', accounts } } });
const bySecret = { appId, appSecret: { env: 'SECRET' } };
const byToken = { appId, accessToken: { env: 'TOKEN' } };
const ask = (...words: readonly string[]) => ['explain-rid', ...words, '--app-id', appId];
const SOME_RID = '617682e0-09059ac5-34a8e2ea';

/** Lets a call fail, and returns the rid that the report tells. */
async function failedCall(stage: RemedyStage): Promise<string> {
  stage.simulator.inject({ fault: 'quota_exceeded' });
  const [problem] = await stage.problems();
  const rid = /rid: ([\w-]+)/.exec(problem?.message ?? '')?.[1];
  expect(rid).toBeDefined();
  return rid ?? '';
}

describe('explain-rid', () => {
  test.each([
    ['an access token', byToken],
    ['an app secret', bySecret],
  ])('tells of an account with %s what WeChat knows, and no token', async (_kind, account) => {
    await using stage = await createRemedyStage();
    await stage.prepare(source(account));
    const rid = await failedCall(stage);
    const { code, stdout, stderr } = await stage.run(ask(rid));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.replaceAll(/\d{4}-[\d:T.-]+Z/g, 'TIME').replaceAll(/\d+ ms/g, 'N ms')).toBe(
      [
        'time          TIME',
        'duration      N ms',
        'client IP     127.0.0.1',
        'request URL   access_token=[redacted]',
        'request body  -',
        `response      {"errcode":45009,"errmsg":"reach max api daily quota limit rid: ${rid}"}`,
        '',
      ].join('\n'),
    );
    const document = JSON.parse((await stage.run(ask('--json', 'rid:', rid.toUpperCase()))).stdout);
    expect(document).toMatchObject({
      app_id: appId,
      rid,
      request_url: 'access_token=[redacted]',
      client_ip: '127.0.0.1',
    });
    expect(Math.abs(Date.parse(document.invoked_at) - Date.now())).toBeLessThan(600_000);
  });

  test('tells of an account of a platform, and check --quota of the quota that the platform has', async () => {
    await using stage = await createRemedyStage({ platform: { componentAppId: 'wxplatform' } });
    const platform = {
      componentAppId: 'wxplatform',
      componentAccessToken: { env: 'COMPONENT' },
      tokenStore: { target: true },
    };
    await stage.prepare({
      config: { source: { baseUrl: '${URL}', platform, accounts: [{ appId }] } },
      env: { COMPONENT: stage.simulator.componentAccessToken() },
    });
    const rid = await failedCall(stage);
    const { code, stdout, stderr } = await stage.run(ask(rid));
    expect([code, stderr, stdout]).toEqual([0, '', expect.stringContaining('access_token=[redacted]\n')]);
    expect((await stage.run(['check', '--quota'])).stdout).toMatch(
      new RegExp(`ok +quota +${appId}: /wxaapi/log/get_scene: [\\d,]+ of [\\d,]+ calls are left today`),
    );
    const ofPlatform = await stage.run(['explain-rid', rid, '--app-id', 'wxplatform']);
    expect([ofPlatform.code, ofPlatform.stderr]).toEqual([
      64,
      expect.stringContaining('--app-id: wxplatform is the platform, and WeChat explains the calls of accounts alone'),
    ]);
    expect(ofPlatform.stderr).toContain('remedy: name an account whose own message holds the rid\n');
  });

  test('takes the rid out of a whole message', async () => {
    await using stage = await createRemedyStage();
    const rid = await failedCall(stage);
    expect((await stage.run(ask(`reach max api daily quota limit rid: ${rid}`))).code).toBe(0);
  });

  test.each([
    ['nothing that looks like one', 'not-a-rid', 'the argument holds no rid'],
    ['a UUID', '0190f5fe-7c00-7a00-8000-000000000000', 'the argument holds no rid'],
    ['two of them', `${SOME_RID} 717682e0-09059ac5-34a8e2ea`, 'the argument holds several rids'],
  ])('%s is refused', async (_what, text, says) => {
    await using stage = await createRemedyStage();
    const { code, stderr } = await stage.run(ask(text));
    expect([code, stderr]).toEqual([64, expect.stringContaining(says)]);
    expect(stderr).toContain('remedy: copy one from the message; it looks like 617682e0-09059ac5-34a8e2ea\n');
    expect(stage.simulator.requests).toEqual([]);
    expect((await stage.run(ask(await failedCall(stage)))).code).toBe(0);
  });

  test('refuses a rid of another account, and explains it with the right one', async () => {
    await using stage = await createRemedyStage();
    const rid = await failedCall(stage);
    await stage.prepare({
      ...source(byToken, { appId: otherAppId, accessToken: { env: 'OTHER' } }),
      env: { OTHER: stage.simulator.accessToken(otherAppId) },
    });
    const { code, stderr } = await stage.run(['explain-rid', rid, '--app-id', otherAppId]);
    expect([code, stderr]).toEqual([64, expect.stringContaining('76003')]);
    expect(stderr).toContain('remedy: name with --app-id the account that the message was about\n');
    expect((await stage.run(ask(rid))).code).toBe(0);
  });

  test('reports a rid that WeChat does not know any more, and explains a newer one', async () => {
    await using stage = await createRemedyStage();
    const { code, stderr } = await stage.run(ask(SOME_RID));
    expect([code, stderr]).toEqual([64, expect.stringContaining('76001')]);
    expect(stderr).toContain('remedy: WeChat keeps a rid for 7 days: take that of a newer message\n');
    expect((await stage.run(ask(await failedCall(stage)))).code).toBe(0);
  });

  test('reports a rid that is too short for WeChat', async () => {
    await using stage = await createRemedyStage();
    const { code, stderr } = await stage.run(ask('617682e0-09059ac5-34a8e2'));
    expect([code, stderr]).toEqual([64, expect.stringContaining('76002')]);
    expect(stderr).toContain('remedy: copy the rid from the message once more\n');
    expect((await stage.run(ask(await failedCall(stage)))).code).toBe(0);
  });

  test('asks once more after a refused token', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(source(bySecret));
    const rid = await failedCall(stage);
    stage.simulator.replaceToken(appId);
    expect((await stage.run(ask(rid))).code).toBe(0);
  });

  test('reports an answer that explains nothing', async () => {
    await using stage = await createRemedyStage();
    await using host = await answering('{"errcode":0,"errmsg":"ok"}');
    await stage.prepare({ ...source(byToken), env: { URL: host.url } });
    const { code, stderr } = await stage.run(ask(SOME_RID));
    expect([code, stderr]).toEqual([75, expect.stringContaining('malformed_response')]);
  });

  test('shows no secret of an answer, wherever it stands', async () => {
    const secrets = ['50_Im7', 'Comp-Tok', 'R-e-f', 'ticket@@@x', 's3cret', 'nested-1', 'cut-off-tok'];
    const [a, b, c, d, e, f, g] = secrets;
    await using stage = await createRemedyStage();
    await using host = await answering(
      JSON.stringify({
        errcode: 0,
        request: {
          invoke_time: '1635156704',
          cost_in_ms: 30,
          client_ip: '113.0.70.51',
          request_url: `https://api.weixin.qq.com/x?access%5Ftoken=${a}&component_access_token=${b}&a=1&next=${encodeURIComponent(`/y?secret=${e}&z=2`)}`,
          request_body: `{"component_appid":"wx1","authorizer_refresh_token": "${c}","component_verify_ticket":"${d}","id":12345678901234567890,"inner":"{\\"access_token\\":\\"${f}\\"}"}`,
          response_body: `{"errcode":0,"authorizer_access_token":"${g}`,
        },
      }),
    );
    await stage.prepare({ ...source(byToken), env: { URL: host.url } });
    const { stdout } = await stage.run(ask(SOME_RID, '--json'));
    for (const secret of secrets) expect(stdout).not.toContain(secret);
    expect(JSON.parse(stdout)).toEqual({
      app_id: appId,
      rid: SOME_RID,
      invoked_at: '2021-10-25T10:11:44.000000Z',
      cost_ms: 30,
      client_ip: '113.0.70.51',
      request_url:
        'https://api.weixin.qq.com/x?access%5Ftoken=[redacted]&component_access_token=[redacted]&a=1&next=%2Fy%3Fsecret%3D%5Bredacted%5D%26z%3D2',
      request_body:
        '{"component_appid":"wx1","authorizer_refresh_token": "[redacted]","component_verify_ticket":"[redacted]","id":12345678901234567890,"inner":"{\\"access_token\\":\\"[redacted]\\"}"}',
      response_body: '{"errcode":0,"authorizer_access_token":"[redacted]"',
    });
  });
});

async function answering(body: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((message, response) => {
    message.resume();
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
