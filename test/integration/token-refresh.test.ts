/** The two ways to end somebody's token, each only where the user names it. */
import { describe, expect, test } from 'vitest';
import { appId, componentAppId, createRemedyStage, otherAppId } from '../support/remedy-stage.ts';

const source = (...accounts: readonly object[]) => ({ config: { source: { baseUrl: '${URL}', accounts } } });
const bySecret = { appId, appSecret: { env: 'SECRET' } };
const refresh = (...more: readonly string[]) => ['token', 'refresh', '--app-id', appId, '--confirm', appId, ...more];

describe('token refresh', () => {
  test('replaces the token of an app secret, says what it took, and tells no token', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(source(bySecret));
    expect(await stage.problems()).toEqual([]);
    const before = stage.simulator.accessToken(appId);
    const { code, stdout, stderr } = await stage.run(refresh());
    expect([code, stdout]).toEqual([
      0,
      `the token of ${appId} is replaced; it took 1 of the 20 that WeChat allows a day\n`,
    ]);
    const after = stage.simulator.accessToken(appId);
    expect(after).not.toBe(before);
    expect(stdout + stderr).not.toContain(after);
    const document = JSON.parse((await stage.run(refresh('--json'))).stdout);
    expect(document).toEqual({ app_id: appId, replaced: true, allowed_a_day: 20 });
    expect(await stage.problems()).toEqual([]);
  });

  test.each([
    [
      refresh().with(-1, otherAppId),
      64,
      `if that is meant: scenedim token refresh --app-id ${appId} --confirm ${appId}`,
      'of another account',
    ],
    [
      ['token', 'renew', '--app-id', appId, '--confirm', appId],
      64,
      'write scenedim token refresh',
      'that is no refresh',
    ],
    [
      refresh().slice(0, -2),
      64,
      `it would replace the token of ${appId} (whoever uses the present one is refused from then on); nothing was done`,
      'that nobody has confirmed',
    ],
  ])('%s is refused with %i', async (args, status, remedy) => {
    await using stage = await createRemedyStage();
    await stage.prepare(source(bySecret));
    const before = stage.simulator.accessToken(appId);
    const { code, stderr } = await stage.run(args);
    expect([code, stderr]).toEqual([status, expect.stringContaining(remedy)]);
    expect(stage.simulator.accessToken(appId)).toBe(before);
  });

  test('of an account of a platform is refused, as only an appSecret has a token to replace', async () => {
    await using stage = await createRemedyStage();
    const platform = {
      componentAppId,
      componentAccessToken: { env: 'COMPONENT_TOKEN' },
      tokenStore: { file: 'refresh-tokens.json' },
    };
    const accounts = [bySecret, { appId: otherAppId }];
    await stage.prepare({ config: { source: { baseUrl: '${URL}', platform, accounts } } });
    const { code, stderr } = await stage.run(['token', 'refresh', '--app-id', otherAppId, '--confirm', otherAppId]);
    expect([code, stderr]).toEqual([78, expect.stringContaining('has no appSecret: it is one of the platform')]);
    expect(stderr).toContain('remedy: name an account with an appSecret: only such a token can be replaced\n');
    expect((await stage.run(refresh())).code).toBe(0);
  });

  test('of a token that somebody else maintains is left to them', async () => {
    await using stage = await createRemedyStage();
    const { code, stderr } = await stage.run(refresh());
    expect([code, stderr]).toEqual([78, expect.stringContaining('remedy: replace it where it is maintained\n')]);
    await stage.prepare(source(bySecret));
    expect((await stage.run(refresh())).code).toBe(0);
  });

  test('whose app secret cannot be read ends with 78, as a sync does', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...source({ appId, appSecret: { env: 'NOT_SET' } }) });
    expect((await stage.run(['sync'])).code).toBe(78);
    const { code, stderr } = await stage.run(refresh());
    expect([code, stderr]).toEqual([78, expect.stringContaining('environment variable NOT_SET is not set')]);
  });

  test('that WeChat refuses ends with its code and remedy', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...source(bySecret), env: { SECRET: 'wrong' } });
    const { code, stderr } = await stage.run(refresh());
    expect([code, stderr]).toEqual([77, expect.stringContaining('check the appSecret of this account')]);
  });
});

describe('legacyToken', () => {
  test('asks /cgi-bin/token, and warns at every run what that ends', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(source({ ...bySecret, legacyToken: true }));
    for (let run = 1; run <= 2; run += 1) {
      const { code, stderr } = await stage.run(['sync', '--log-format', 'json']);
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining('which ends within 5 minutes the token that production has'),
      ]);
    }
    const asked = stage.simulator.requests.filter(({ path }) => path.startsWith('/cgi-bin/'));
    expect(asked.map(({ path }) => path)).toEqual(['/cgi-bin/token', '/cgi-bin/token']);
  });

  test.each([
    ['without an app secret', { appId, accessToken: { env: 'TOKEN' }, legacyToken: true }],
    ['of an account without a credential', { appId, legacyToken: true }],
  ])('%s is refused', async (_, account) => {
    await using stage = await createRemedyStage();
    await stage.prepare(source(account));
    const { code, stderr } = await stage.run(['sync']);
    expect([code, stderr]).toEqual([
      78,
      expect.stringContaining('source.accounts[0]: legacyToken goes with an appSecret only'),
    ]);
  });
});
