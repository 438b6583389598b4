import { describe, expect, it } from 'vitest';
import { type Micros, parseInstant } from '../../src/instant.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';

const componentAppId = 'wxplatform';
const [shop, other] = ['wx0000000000000001', 'wx0000000000000002'];
const START = parseInstant('2026-03-01T00:00:00Z') ?? 0n;
const SECOND = 1_000_000n;
const COMPONENT = '/cgi-bin/component';

type Json = Record<string, unknown>;

function start(options: SimulatorOptions = {}): Promise<Simulator> {
  return startSimulator({ accounts: [{ appId: shop }, { appId: other }], platform: { componentAppId }, ...options });
}

async function ask(simulator: Simulator, path: string, body?: unknown): Promise<Json> {
  const init =
    body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  return (await (await fetch(simulator.url + path, init)).json()) as Json;
}

function mint(simulator: Simulator, fields: object = {}): Promise<Json> {
  return ask(simulator, `${COMPONENT}/api_component_token`, {
    component_appid: componentAppId,
    component_appsecret: simulator.componentAppSecret,
    component_verify_ticket: simulator.verifyTicket,
    ...fields,
  });
}

function list(simulator: Simulator, fields: object = {}, token = simulator.componentAccessToken()): Promise<Json> {
  const body = { component_appid: componentAppId, offset: 0, count: 500, ...fields };
  return ask(simulator, `${COMPONENT}/api_get_authorizer_list?component_access_token=${token}`, body);
}

function refresh(simulator: Simulator, refreshToken: string, appId: unknown = shop): Promise<Json> {
  const path = `${COMPONENT}/api_authorizer_token?component_access_token=${simulator.componentAccessToken()}`;
  return ask(simulator, path, {
    component_appid: componentAppId,
    authorizer_appid: appId,
    authorizer_refresh_token: refreshToken,
  });
}

async function platformToken(simulator: Simulator, appId = shop): Promise<string> {
  return String((await refresh(simulator, simulator.refreshToken(appId), appId))['authorizer_access_token']);
}

async function sceneErrcode(simulator: Simulator, token: string): Promise<unknown> {
  return (await ask(simulator, `/wxaapi/log/get_scene?access_token=${token}`))['errcode'];
}

describe("the platform's token", () => {
  it('is minted from the ticket, and the one before dies', async () => {
    await using simulator = await start();
    const maintained = simulator.componentAccessToken();
    expect(await list(simulator, {}, maintained)).toMatchObject({ total_count: 2 });
    const minted = await mint(simulator);
    expect(minted).toEqual({ component_access_token: expect.stringMatching(/^[\w-]{512,}$/), expires_in: 7200 });
    expect(await list(simulator, {}, maintained)).toMatchObject({ errcode: 40001 });
    expect(await list(simulator, {}, String(minted['component_access_token']))).toMatchObject({ total_count: 2 });
    expect(simulator.minted).toMatchObject({ component_token: 1 });
  });

  it.each([
    [{ component_appid: undefined }, 41018],
    [{ component_appid: 'wx-nobody' }, 40013],
    [{ component_appsecret: undefined }, 41004],
    [{ component_appsecret: 'wrong' }, 40125],
    [{ component_verify_ticket: undefined }, 61006],
    [{ component_verify_ticket: 'ticket@@@wrong' }, 61006],
  ])('is refused for %j by %i', async (fields, errcode) => {
    await using simulator = await start();
    expect(await mint(simulator, fields)).toMatchObject({ errcode });
    expect(simulator.minted).toMatchObject({ component_token: 0 });
  });

  it.each([
    [undefined, 43002],
    ['', 44002],
    ['{', 47001],
  ])('is refused for the body %j by %i', async (body, errcode) => {
    await using simulator = await start();
    const paths = [
      `${COMPONENT}/api_component_token`,
      `${COMPONENT}/api_get_authorizer_list?component_access_token=${simulator.componentAccessToken()}`,
      `${COMPONENT}/api_authorizer_token?component_access_token=${simulator.componentAccessToken()}`,
    ];
    for (const path of paths) expect(await ask(simulator, path, body)).toMatchObject({ errcode });
  });

  it('is refused for a ticket that is 12 hours old, or was made to expire', async () => {
    let now: Micros = START;
    await using simulator = await start({ clock: { now: () => now } });
    const first = simulator.verifyTicket;
    now += 43_199n * SECOND;
    expect(simulator.verifyTicket).not.toBe(first);
    expect(await mint(simulator, { component_verify_ticket: first })).not.toHaveProperty('errcode');
    now += SECOND;
    expect(await mint(simulator, { component_verify_ticket: first })).toMatchObject({ errcode: 61005 });
    expect(await mint(simulator)).not.toHaveProperty('errcode');
    simulator.expireTickets();
    expect(await mint(simulator)).toMatchObject({ errcode: 61005 });
    simulator.renewTicket();
    expect(await mint(simulator)).not.toHaveProperty('errcode');
  });

  it('expires after two hours', async () => {
    let now: Micros = START;
    await using simulator = await start({ clock: { now: () => now } });
    const token = simulator.componentAccessToken();
    now += 7_200n * SECOND;
    expect(await list(simulator, {}, token)).toMatchObject({ errcode: 42001 });
    expect(await list(simulator)).toMatchObject({ total_count: 2 });
    expect(await list(simulator, {}, '')).toMatchObject({ errcode: 41001 });
    expect(await list(simulator, {}, simulator.accessToken(shop))).toMatchObject({ errcode: 40001 });
  });
});

describe('the roster', () => {
  it('lists who authorised the platform, with their newest refresh tokens', async () => {
    await using simulator = await start({
      accounts: [
        { appId: shop },
        { appId: other, authorized: false },
        { appId: 'wx0000000000000003', listsRefreshToken: false },
      ],
    });
    expect(await list(simulator)).toEqual({
      total_count: 2,
      list: [
        { authorizer_appid: shop, refresh_token: simulator.refreshToken(shop), auth_time: 1_600_000_000 },
        { authorizer_appid: 'wx0000000000000003', refresh_token: '', auth_time: 1_600_000_002 },
      ],
    });
    simulator.revoke(shop);
    simulator.authorize({ appId: 'wx0000000000000004' });
    const ids = ((await list(simulator))['list'] as Json[]).map((row) => row['authorizer_appid']);
    expect(ids).toEqual(['wx0000000000000003', 'wx0000000000000004']);
  });

  it.each([
    [{ count: 501 }, 40097],
    [{ count: 0 }, 40097],
    [{ count: '10' }, 40097],
    [{ offset: -1 }, 40097],
    [{ component_appid: undefined }, 41018],
    [{ component_appid: 'wx-nobody' }, 40013],
  ])('is refused for %j by %i', async (fields, errcode) => {
    await using simulator = await start();
    expect(await list(simulator, fields)).toMatchObject({ errcode });
  });

  it('shifts between two pages', async () => {
    await using simulator = await start({
      accounts: { count: 1_001, appId: (i) => `wx${String(i).padStart(16, '0')}` },
    });
    simulator.shiftRoster({ shift: 'revoke', appId: 'wx0000000000000000', beforeOffset: 500 });
    const first = await list(simulator);
    const second = await list(simulator, { offset: 500 });
    expect([first['total_count'], second['total_count']]).toEqual([1_001, 1_000]);
    expect((second['list'] as Json[])[0]).toMatchObject({ authorizer_appid: 'wx0000000000000501' });
  });

  it('has an empty page when a fault says so', async () => {
    await using simulator = await start();
    simulator.inject({ fault: 'empty_page', endpoint: 'authorizer_list' });
    expect(await list(simulator)).toEqual({ total_count: 2, list: [] });
  });
});

describe("an account's token for the platform", () => {
  it('is given for a refresh token, which is replaced; the newest two are taken', async () => {
    await using simulator = await start();
    const first = simulator.refreshToken(shop);
    const answer = await refresh(simulator, first);
    const second = simulator.refreshToken(shop);
    expect(answer).toEqual({
      authorizer_access_token: expect.stringMatching(/^[\w-]{512,}$/),
      expires_in: 7200,
      authorizer_refresh_token: second,
    });
    expect(second).not.toBe(first);
    const alive = () => [first, second].map((token) => simulator.isRefreshTokenAlive(shop, token));
    expect(alive()).toEqual([true, true]);
    await refresh(simulator, second);
    expect(alive()).toEqual([false, true]);
    expect(await refresh(simulator, first)).toMatchObject({ errcode: 61023 });
    expect(await refresh(simulator, '')).toMatchObject({ errcode: 61023 });
    expect(simulator.minted).toMatchObject({ authorizer_token: 2, component_token: 0 });
  });

  it('kills the refresh token before at once in strict mode, and keeps it for ever without rotation', async () => {
    await using strict = await start({ platform: { componentAppId, strictRefreshTokens: true } });
    const first = strict.refreshToken(shop);
    await refresh(strict, first);
    expect(await refresh(strict, first)).toMatchObject({ errcode: 61023 });
    expect(await refresh(strict, strict.refreshToken(shop))).toHaveProperty('authorizer_access_token');

    await using steady = await start({ platform: { componentAppId, rotatesRefreshTokens: false } });
    const only = steady.refreshToken(shop);
    for (let i = 0; i < 3; i += 1)
      expect(await refresh(steady, only)).toMatchObject({ authorizer_refresh_token: only });
  });

  it('replaces no refresh token when a fault answers instead, and does when the answer is lost on its way', async () => {
    await using simulator = await start();
    const first = simulator.refreshToken(shop);
    simulator.inject({ fault: 'html_502', endpoint: 'authorizer_token' });
    await refresh(simulator, first).catch(() => {});
    expect([simulator.refreshToken(shop), simulator.minted.authorizer_token]).toEqual([first, 0]);
    simulator.inject({ fault: 'reset_midway', endpoint: 'authorizer_token' });
    await refresh(simulator, first).catch(() => {});
    expect([simulator.refreshToken(shop) === first, simulator.minted.authorizer_token]).toEqual([false, 1]);
    simulator.inject({ fault: 'empty_refresh_token', endpoint: 'authorizer_token' });
    expect(await refresh(simulator, simulator.refreshToken(shop))).toMatchObject({ authorizer_refresh_token: '' });
  });

  it('is refused by 61003 once the account revoked; when it comes back its old refresh tokens are dead', async () => {
    await using simulator = await start();
    const token = await platformToken(simulator);
    const old = simulator.refreshToken(shop);
    expect(await sceneErrcode(simulator, token)).toBe(0);
    simulator.revoke(shop);
    expect(await sceneErrcode(simulator, token)).toBe(61003);
    expect(await refresh(simulator, old)).toMatchObject({ errcode: 61003 });
    expect(simulator.isRefreshTokenAlive(shop, old)).toBe(false);
    // The account's own token does not concern the platform.
    expect(await sceneErrcode(simulator, simulator.accessToken(shop))).toBe(0);
    simulator.authorize({ appId: shop });
    expect(await refresh(simulator, old)).toMatchObject({ errcode: 61023 });
    expect(await sceneErrcode(simulator, await platformToken(simulator))).toBe(0);
  });

  it.each([
    ['wx-nobody', 61003],
    [undefined, 40013],
  ])('is refused for the account %s by %i', async (appId, errcode) => {
    await using simulator = await start();
    expect(await refresh(simulator, 'any', appId ?? null)).toMatchObject({ errcode });
  });

  it('gives no scenes without permission set 18, nor for an official account', async () => {
    await using simulator = await start({
      accounts: [
        { appId: shop, permissionSet18: false },
        { appId: other, type: 'official_account' },
      ],
    });
    expect(await sceneErrcode(simulator, await platformToken(simulator, shop))).toBe(61007);
    expect(await sceneErrcode(simulator, await platformToken(simulator, other))).toBe(48001);
    expect(await sceneErrcode(simulator, simulator.componentAccessToken())).toBe(40001);
    // With its own token a mini program needs nobody's permission.
    expect(await sceneErrcode(simulator, simulator.accessToken(shop))).toBe(0);
    expect(await sceneErrcode(simulator, simulator.accessToken(other))).toBe(48001);
  });
});

it('counts requests by path and tokens by what made them, and shows both at /_simulator', async () => {
  await using simulator = await start();
  const credentials = { grant_type: 'client_credential', appid: shop, secret: simulator.appSecret(shop) };
  for (const force of [false, false, true, true])
    await ask(simulator, '/cgi-bin/stable_token', { ...credentials, force_refresh: force });
  await ask(simulator, `/cgi-bin/token?${new URLSearchParams(credentials)}`);
  await platformToken(simulator);
  const minted = { stable_token: 1, force_refresh: 2, token: 1, component_token: 0, authorizer_token: 1 };
  const requests = {
    '/cgi-bin/stable_token': 4,
    '/cgi-bin/token': 1,
    [`${COMPONENT}/api_authorizer_token`]: 1,
  };
  expect([simulator.minted, simulator.requestCounts]).toEqual([minted, requests]);
  expect(await ask(simulator, '/_simulator')).toMatchObject({ minted, request_counts: requests });
  simulator.clearRequests();
  expect([simulator.minted.force_refresh, simulator.requestCounts]).toEqual([0, {}]);
});

it('is controlled from a shell, and gives its token and ticket there', async () => {
  await using simulator = await start();
  const platform = await ask(simulator, '/_simulator/platform');
  expect(platform).toEqual({
    component_app_id: componentAppId,
    component_app_secret: simulator.componentAppSecret,
    component_access_token: simulator.componentAccessToken(),
    component_verify_ticket: simulator.verifyTicket,
  });
  const change = (action: object) => ask(simulator, '/_simulator/changes', action);
  await change({ roster: { shift: 'revoke', app_id: shop } });
  await change({ roster: { shift: 'authorize', app_id: 'wx0000000000000009' } });
  await change({ roster: { shift: 'repeat', app_id: other, at: 0 } });
  const ids = ((await list(simulator))['list'] as Json[]).map((row) => row['authorizer_appid']);
  expect(ids).toEqual([other, other, 'wx0000000000000009']);
  await change({ tickets: 'expire' });
  expect(await mint(simulator)).toMatchObject({ errcode: 61005 });
  await change({ tickets: 'renew' });
  expect(await mint(simulator)).toHaveProperty('component_access_token');
  expect(await change({ roster: { shift: 'revoke', app_id: 'wx-nobody' } })).toMatchObject({
    error: 'the simulator does not know the account wx-nobody',
  });
});

it('has none of it without a platform', async () => {
  await using simulator = await startSimulator();
  expect(() => simulator.componentAccessToken()).toThrow('the simulator has no platform');
  expect((await fetch(`${simulator.url}/_simulator/platform`)).status).toBe(404);
  expect(await ask(simulator, '/_simulator/changes', { tickets: 'renew' })).toMatchObject({
    error: 'the simulator has no platform',
  });
  expect((await fetch(`${simulator.url}${COMPONENT}/api_component_token`, { method: 'POST', body: '{}' })).status).toBe(
    404,
  );
});
