/** Each remedy for a third-party platform: a sync says it, and works once it is followed. */
import { execFileSync } from 'node:child_process';
import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describePostgres } from '../../support/postgres.ts';
import {
  appId,
  componentAppId,
  createRemedyStage,
  followRemedy,
  otherAppId,
  type RemedyStage,
  type Trouble,
} from '../../support/remedy-stage.ts';

const inTarget = { tokenStore: { target: true } };
const given = { componentAppId, componentAccessToken: { env: 'COMPONENT_TOKEN' }, ...inTarget };
const mint = { componentAppSecret: { env: 'COMPONENT_SECRET' }, verifyTicket: { env: 'TICKET' } };
const minted = { componentAppId, mint, ...inTarget };
const source = (platform: object, accounts: unknown = [{ appId }]) => ({
  config: { source: { baseUrl: '${URL}', platform, accounts } },
});
const inFile = { file: 'refresh-tokens.json' };

const settings: Readonly<Record<string, Trouble>> = {
  'all accounts of no platform': {
    fault: { config: { source: { baseUrl: '${URL}', accounts: { platform: 'all' } } } },
    says: 'source.accounts: platform: all needs a source.platform',
    remedy: 'add source.platform with componentAppId, componentAccessToken (or mint) and tokenStore',
    cure: source(given, { platform: 'all' }),
  },
  'no place for refresh tokens': {
    fault: source({ ...given, tokenStore: undefined }),
    says: 'source.platform.tokenStore: missing',
    remedy: 'say where: tokenStore: { file: ./refresh-tokens.json } or { target: true }',
    cure: source({ ...given, tokenStore: inFile }),
  },
  'two lists at once': {
    fault: source(given, { platform: 'all', file: 'merchants.csv' }),
    says: 'source.accounts.file: unknown key',
    remedy: 'keep one of file, query and platform: each is a list of its own',
    cure: source(given, { platform: 'all' }),
  },
  'an account that the platform does not list': {
    fault: { args: ['sync', '--app-id', 'wx0123456789abcdee'], ...source(given, { platform: 'all' }) },
    says: '--app-id: wx0123456789abcdee is not among the accounts that the platform lists',
    remedy: 'correct it; or let the merchant authorise the platform, and include and exclude let it through',
    cure: { args: ['sync', '--app-id', appId] },
  },
  'refresh tokens in BigQuery': {
    fault: {
      config: { ...source({ ...given }).config, target: { type: 'bigquery', projectId: 'p', dataset: 'd' } },
    },
    says: 'source.platform.tokenStore: BigQuery keeps no refresh tokens',
    remedy: 'keep them in a file: tokenStore: { file: ./refresh-tokens.json }',
    cure: source({ ...given, tokenStore: inFile }),
  },
  'refresh tokens in a target that is not there': {
    fault: { args: ['plan'], config: { target: { type: 'pglite', path: './scene' }, ...source(given).config } },
    says: 'the target has no table of refresh tokens, or not yet',
    remedy: 'run scenedim migrate once, or keep them in a file: tokenStore: { file: ./refresh-tokens.json }',
    cure: {
      config: { target: { type: 'pglite', path: './scene' }, ...source({ ...given, tokenStore: inFile }).config },
    },
  },
  'an app id that is not that of the platform': {
    fault: source({ ...minted, componentAppId: 'wx00000000000000c1' }),
    says: 'WeChat answered 40013',
    remedy: 'check source.platform.componentAppId',
    cure: source(minted),
  },
  'a secret that is not that of the platform': {
    fault: { ...source(minted), env: { COMPONENT_SECRET: 'f'.repeat(32) } },
    says: 'WeChat answered 40125',
    remedy: 'check source.platform.mint.componentAppSecret',
    cure: { ...source({ ...given }) },
  },
};

describe('a remedy for the settings of a platform works:', () => {
  test.each(Object.entries(settings))('%s', (_, trouble) => followRemedy(trouble));
});

/** A sync of both accounts, after which their refresh tokens are stored. */
async function synced(): Promise<RemedyStage> {
  const stage = await createRemedyStage();
  await stage.prepare(source(given, { platform: 'all' }));
  const { code, stderr } = await stage.run();
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return stage;
}

test('a token for all beside a platform is told by check, and used for none', async () => {
  await using stage = await createRemedyStage();
  const config = { source: { ...source(given).config.source, accessToken: { env: 'TOKEN' } } };
  await stage.prepare({ config, env: { TOKEN: 'x'.repeat(512) } });
  expect(await stage.problems()).toEqual([]);
  const { code, stdout } = await stage.run(['check']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('source.accessToken is never used')]);
  expect(stdout).toContain('remedy: leave out source.accessToken or source.platform\n');
  await stage.prepare(source(given));
  expect((await stage.run(['check'])).stdout).not.toContain('never used');
});

describe('an account of a platform', () => {
  test('that takes its authorisation back is told, as skipped, and authorises again', async () => {
    await using stage = await synced();
    stage.simulator.revoke(appId);
    await stage.prepare(source(given, [{ appId }, { appId: otherAppId }]));
    const remedy = 'the account must authorise the third-party platform again';
    expect(await stage.problems()).toEqual([
      expect.objectContaining({ app_id: appId, kind: 'skipped', code: '61003', remedy }),
    ]);
    stage.simulator.authorize({ appId });
    expect(await stage.problems()).toEqual([]);
  });

  test('of which no refresh token is known is told, as skipped, and authorises again', async () => {
    await using stage = await createRemedyStage();
    stage.simulator.revoke(appId);
    await stage.prepare(source(given, [{ appId }, { appId: otherAppId }]));
    const remedy = 'the account must authorise the third-party platform again';
    expect(await stage.problems()).toEqual([
      expect.objectContaining({ app_id: appId, kind: 'skipped', code: 'no_refresh_token', remedy }),
    ]);
    const { stdout } = await stage.run(['check', '--json']);
    expect(stdout).toContain(remedy);
    stage.simulator.authorize({ appId });
    expect(await stage.problems()).toEqual([]);
  });

  test('whose token is refused time after time is run again', async () => {
    await using stage = await synced();
    stage.simulator.inject({ fault: 'token_invalid', endpoint: 'get_scene', times: 2, appId });
    const remedy =
      'run again: each run asks for a token; when it stays, the account must authorise the third-party platform again';
    expect(await stage.problems()).toEqual([
      expect.objectContaining({ app_id: appId, kind: 'failed', code: '40001', remedy }),
    ]);
    expect(await stage.problems()).toEqual([]);
  });

  test('with a token answer of no use, or a list of none, is told to look at the host', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(source(given, { platform: 'all' }));
    const remedy = 'check what source.baseUrl points at, then run again';
    stage.simulator.inject({ fault: 'malformed_token', endpoint: 'authorizer_token', appId });
    expect(await stage.problems()).toEqual([
      expect.objectContaining({ app_id: appId, code: 'malformed_token_response', remedy }),
    ]);
    expect(await stage.problems()).toEqual([]);
    stage.simulator.inject({ fault: 'errcode', code: 0, endpoint: 'authorizer_list' });
    const { code, stderr } = await stage.run();
    expect([code, stderr]).toEqual([75, expect.stringContaining(`malformed_roster`)]);
    expect(stderr).toContain(`remedy: ${remedy}\n`);
    expect(await stage.problems()).toEqual([]);
  });
});

describe('a file of refresh tokens', () => {
  test('that others may read is told by check, and so is one that is damaged', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(source({ ...given, tokenStore: inFile }));
    await stage.run(['check']);
    expect(await readdir(stage.directory)).not.toContain(`${inFile.file}.lock`);
    expect((await stage.run()).code).toBe(0);
    const path = join(stage.directory, inFile.file);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
    expect((await stage.run(['check'])).stdout).not.toContain('refresh tokens');
    await chmod(path, 0o644);
    const { stdout } = await stage.run(['check']);
    expect(stdout).toContain('refresh-tokens.json may be read by others than its owner');
    const remedy = `chmod 600 ${path}`;
    expect(stdout).toContain(`remedy: ${remedy}\n`);
    execFileSync('bash', ['-c', remedy]);
    expect((await stage.run(['check'])).stdout).not.toContain('refresh tokens');
    await writeFile(path, '{');
    const damaged = await stage.run(['check', '--json']);
    expect([damaged.code, damaged.stdout]).toEqual([74, expect.stringContaining('"subject":"refresh tokens"')]);
  });
});

describePostgres('refresh tokens in a database without their table', ({ createDatabase }) => {
  test('are told by plan, and kept after migrate; check takes them for a first run', async () => {
    await using database = await createDatabase();
    await using stage = await createRemedyStage();
    const target = { type: 'postgres', url: database.url };
    await stage.prepare({ config: { ...source(given, { platform: 'all' }).config, target } });
    const first = await stage.run(['check']);
    expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(/^ok +accounts +none known yet/m)]);
    const { code, stderr } = await stage.run(['plan']);
    expect([code, stderr]).toEqual([
      78,
      expect.stringContaining('the target has no table of refresh tokens, or not yet'),
    ]);
    expect((await stage.run(['migrate'])).code).toBe(0);
    expect((await stage.run(['plan'])).code).toBe(0);
  });
});

describe('the list of a platform', () => {
  const all = { platform: 'all' };

  test('is nothing that check misses before the first sync', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ config: { ...source(given, all).config, target: { type: 'pglite', path: './scene' } } });
    const first = await stage.run(['check']);
    expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(/^ok +accounts +none known yet/m)]);
    await stage.prepare(source(given, all));
    await stage.run();
    expect((await stage.run(['check'])).stdout).toMatch(/^ok +credentials +2 of 2 can be read$/m);
  });

  test('is asked for once a run, and whoever is on it twice is asked once', async () => {
    await using stage = await createRemedyStage();
    stage.simulator.shiftRoster({ shift: 'repeat', appId });
    await stage.prepare(source(given, all));
    stage.simulator.clearRequests();
    const { stdout } = await stage.run(['sync', '--json']);
    expect(JSON.parse(stdout).accounts).toMatchObject({ selected: 2, changed: 2 });
    expect(stage.simulator.requestCounts).toEqual({
      '/cgi-bin/component/api_get_authorizer_list': 1,
      '/cgi-bin/component/api_authorizer_token': 2,
      '/wxaapi/log/get_scene': 2,
    });
  });

  test('is narrowed by patterns and --app-id, of which the list that is kept knows nothing', async () => {
    await using stage = await synced();
    await stage.prepare(source(given, { ...all, exclude: [`${appId.slice(0, 6)}*`] }));
    const { stdout } = await stage.run(['sync', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ accounts: { selected: 1 }, problems: [] });
    const one = await stage.run(['sync', '--json', '--app-id', otherAppId]);
    expect(JSON.parse(one.stdout)).toMatchObject({ accounts: { selected: 1 }, problems: [] });
    await stage.prepare(source(given, all));
    const next = await stage.run(['sync', '--json']);
    expect(JSON.parse(next.stdout)).toMatchObject({ accounts: { selected: 2 }, problems: [] });
  });

  test('that an account left keeps its rows; status goes by the kept list and asks nobody', async () => {
    await using stage = await synced();
    stage.simulator.revoke(appId);
    stage.simulator.clearRequests();
    const status = await stage.run(['status', '--json', '--fail-stale', '1h']);
    expect([status.code, Object.keys(stage.simulator.requestCounts)]).toEqual([0, []]);
    const { code, stdout } = await stage.run(['sync', '--json']);
    expect([code, JSON.parse(stdout).problems]).toMatchObject([0, [{ app_id: appId, kind: 'left' }]]);
    expect((await stage.run(['export', '--current'])).stdout).toContain(appId);
    expect(await stage.problems()).toEqual([]);
  });

  test('that nobody is on is no error at first, and not believed after', async () => {
    await using stage = await createRemedyStage();
    for (const id of [appId, otherAppId]) stage.simulator.revoke(id);
    await stage.prepare(source(given, all));
    expect((await stage.run()).code).toBe(0);
    for (const id of [appId, otherAppId]) stage.simulator.authorize({ appId: id });
    expect((await stage.run()).code).toBe(0);
    for (const id of [appId, otherAppId]) stage.simulator.revoke(id);
    for (const _time of [1, 2]) {
      const { code, stdout } = await stage.run(['sync', '--json']);
      expect([code, JSON.parse(stdout)]).toMatchObject([
        65,
        { outcome: 'refused', accounts: { selected: 0 }, problems: [{ app_id: null, kind: 'roster_shrunk' }] },
      ]);
    }
    const accepted = await stage.run(['sync', '--json', '--accept-shrink']);
    expect([accepted.code, JSON.parse(accepted.stdout).problems]).toMatchObject([
      0,
      [{ kind: 'left' }, { kind: 'left' }],
    ]);
    expect((await stage.run()).code).toBe(0);
  });
});

describe('the platform itself', () => {
  test('whose ticket expired is told to store the newest', async () => {
    await using stage = await createRemedyStage();
    stage.simulator.expireTickets();
    await stage.prepare(source(minted));
    const told = await stage.run();
    expect([told.code, told.stderr]).toEqual([78, expect.stringContaining('WeChat answered 61005')]);
    expect(told.stderr).toContain(
      'remedy: the platform must store the component_verify_ticket that WeChat pushes every 10 minutes',
    );
    stage.simulator.renewTicket();
    await stage.prepare({ ...source(minted), env: { TICKET: stage.simulator.verifyTicket } });
    expect((await stage.run()).code).toBe(0);
  });

  test('whose token is refused ends the run with 77, and is renewed where it is kept', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...source(given, { platform: 'all' }), env: { COMPONENT_TOKEN: 'x'.repeat(512) } });
    const told = await stage.run();
    expect([told.code, told.stderr]).toEqual([77, expect.stringContaining('WeChat answered 40001')]);
    expect(told.stderr).toContain(
      'remedy: look at the component token where it is maintained (source.platform): each api_component_token ends the one before',
    );
    await stage.prepare({
      ...source(given, { platform: 'all' }),
      env: { COMPONENT_TOKEN: stage.simulator.componentAccessToken() },
    });
    expect((await stage.run()).code).toBe(0);
  });

  test('whose quota is used up fails one account, and the others are unreached', async () => {
    await using stage = await synced();
    stage.simulator.inject({ fault: 'quota_exceeded', endpoint: 'get_scene' });
    const { code, stdout } = await stage.run(['sync', '--json', '--concurrency', '1']);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      75,
      { outcome: 'failed', accounts: { selected: 2, failed: 1, unreached: 1 } },
    ]);
    expect((await stage.run()).code).toBe(0);
  });

  test('no secret of it shows anywhere', async () => {
    await using stage = await synced();
    const { simulator } = stage;
    const secrets = [
      simulator.componentAccessToken(),
      simulator.componentAppSecret,
      simulator.verifyTicket,
      ...[appId, otherAppId].flatMap((id) => [simulator.refreshToken(id), simulator.accessToken(id)]),
    ];
    for (const endpoint of ['authorizer_token', 'authorizer_list', 'get_scene', 'component_token'] as const)
      simulator.inject({ fault: 'echo_secret', endpoint, times: 'always' });
    for (const platform of [given, minted]) {
      for (const accounts of [{ platform: 'all' }, [{ appId }]]) {
        await stage.prepare(source(platform, accounts));
        for (const args of [
          ['sync', '--log-level', 'debug'],
          ['sync', '--json'],
          ['check'],
          ['status', '--json'],
          ['export-log'],
        ]) {
          const { stdout, stderr } = await stage.run(args);
          for (const secret of secrets) expect(`${stdout}${stderr}`.includes(secret), args.join(' ')).toBe(false);
        }
      }
    }
  });
});
