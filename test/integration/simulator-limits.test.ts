/** Quotas, rids and latency of the simulator, over HTTP. */
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Micros, parseInstant } from '../../src/instant.ts';
import { createLatency } from '../../src/simulator/latency.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';

const [shop, other] = ['wx0000000000000001', 'wx0000000000000002'];
const componentAppId = 'wxplatform';
const accounts = [{ appId: shop }, { appId: other }];
const START = parseInstant('2026-03-01T00:00:30Z') ?? 0n;
const SECOND = 1_000_000n;
const SCENE = '/wxaapi/log/get_scene';

type Json = Record<string, unknown>;

async function ask(simulator: Simulator, path: string, token: string, body?: object): Promise<Json> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  return (await (await fetch(`${simulator.url}${path}?access_token=${token}`, init)).json()) as Json;
}

async function errcode(simulator: Simulator, token: string): Promise<unknown> {
  return (await ask(simulator, SCENE, token))['errcode'];
}

async function platformToken(simulator: Simulator, appId: string): Promise<string> {
  const answer = await ask(simulator, '/cgi-bin/component/api_authorizer_token', simulator.componentAccessToken(), {
    component_appid: componentAppId,
    authorizer_appid: appId,
    authorizer_refresh_token: simulator.refreshToken(appId),
  });
  return String(answer['authorizer_access_token']);
}

function ridOf(answer: Json): string {
  return /rid: ([0-9a-f-]{26})$/.exec(String(answer['errmsg']))?.[1] ?? '';
}

describe('quotas', () => {
  it("are the account's own, and last until midnight in China", async () => {
    let now: Micros = START;
    await using simulator = await startSimulator({ accounts, dailyQuota: 2, clock: { now: () => now } });
    const errcodes = (appId: string) => errcode(simulator, simulator.accessToken(appId));
    expect([await errcodes(shop), await errcodes(shop), await errcodes(shop), await errcodes(other)]).toEqual([
      0, 0, 45009, 0,
    ]);
    now = (parseInstant('2026-03-01T15:59:59Z') ?? 0n) as Micros;
    expect(await errcodes(shop)).toBe(45009);
    now += SECOND;
    expect(await errcodes(shop)).toBe(0);
  });

  it("are the platform's for all its accounts, one for each endpoint", async () => {
    await using simulator = await startSimulator({
      accounts,
      platform: { componentAppId },
      dailyQuota: { get_scene: 1, authorizer_token: 3 },
    });
    const [one, two] = [await platformToken(simulator, shop), await platformToken(simulator, other)];
    expect([await errcode(simulator, one), await errcode(simulator, two)]).toEqual([0, 45009]);
    // An account that calls with its own token takes from its own.
    expect(await errcode(simulator, simulator.accessToken(other))).toBe(0);
    expect(await platformToken(simulator, shop)).not.toBe('undefined');
    expect(await platformToken(simulator, shop)).toBe('undefined');
  });

  it('of a minute are refused by 45011 until the next', async () => {
    let now: Micros = START;
    await using simulator = await startSimulator({
      accounts,
      minuteQuota: { get_scene: 1 },
      clock: { now: () => now },
    });
    const token = simulator.accessToken(shop);
    expect([await errcode(simulator, token), await errcode(simulator, token)]).toEqual([0, 45011]);
    now += 30n * SECOND;
    expect(await errcode(simulator, token)).toBe(0);
  });

  it('are told by quota/get; a call that was refused for another reason takes nothing', async () => {
    await using simulator = await startSimulator({
      accounts,
      platform: { componentAppId },
      dailyQuota: { get_scene: 10 },
      minuteQuota: { get_scene: 7 },
    });
    const quota = (token: string, path: unknown) =>
      ask(simulator, '/cgi-bin/openapi/quota/get', token, { cgi_path: path });
    const own = simulator.accessToken(shop);
    await errcode(simulator, own);
    await errcode(simulator, 'wrong');
    expect(await quota(own, SCENE)).toEqual({
      errcode: 0,
      errmsg: 'ok',
      quota: { daily_limit: 10, used: 1, remain: 9 },
      rate_limit: { call_count: 7, refresh_second: 60 },
    });
    const authorizer = await platformToken(simulator, shop);
    expect(await quota(authorizer, SCENE)).toMatchObject({
      quota: { used: 0 },
      component_rate_limit: { call_count: 7, refresh_second: 60 },
    });
    const list = '/cgi-bin/component/api_get_authorizer_list';
    expect(await quota(simulator.componentAccessToken(), list)).toMatchObject({ quota: { used: 0 } });
    expect(await quota(own, list)).toMatchObject({ errcode: 76022 });
    expect(await quota(own, '/cgi-bin/nothing')).toMatchObject({ errcode: 76021 });
    expect(await quota(own, SCENE.slice(1))).toMatchObject({ errcode: 76003 });
    expect(await quota('wrong', SCENE)).toMatchObject({ errcode: 40001 });
    expect(await ask(simulator, '/cgi-bin/openapi/quota/get', own)).toMatchObject({ errcode: 43002 });
  });
});

describe('a rid', () => {
  it('is another for each error, and rid/get explains it to the same account for seven days', async () => {
    let now: Micros = START;
    await using simulator = await startSimulator({ accounts, latencyMs: 3, clock: { now: () => now } });
    const token = simulator.accessToken(shop);
    simulator.inject({ fault: 'quota_exceeded', times: 2 });
    const [first, second] = [await ask(simulator, SCENE, token), await ask(simulator, SCENE, token)];
    expect(ridOf(first)).not.toBe(ridOf(second));
    const explain = (as: string, rid: unknown) => ask(simulator, '/cgi-bin/openapi/rid/get', as, { rid });
    expect(await explain(token, ridOf(first))).toEqual({
      errcode: 0,
      errmsg: 'ok',
      request: {
        invoke_time: 1_772_323_230,
        cost_in_ms: 3,
        request_url: `access_token=${token}`,
        request_body: '',
        response_body: JSON.stringify(first),
        client_ip: '127.0.0.1',
      },
    });
    expect(await explain(simulator.accessToken(other), ridOf(first))).toMatchObject({ errcode: 76003 });
    expect(await explain(token, '69a383ce-00000000-00000000')).toMatchObject({ errcode: 76001 });
    expect(await explain(token, 'rid')).toMatchObject({ errcode: 76002 });
    now += 7n * 86_400n * SECOND;
    expect(await explain(simulator.accessToken(shop), ridOf(first))).toMatchObject({ errcode: 76001 });
  });

  it("of a platform's call is explained to the platform; the newest 1,000 are kept", async () => {
    await using simulator = await startSimulator({ accounts, platform: { componentAppId } });
    const path = '/cgi-bin/component/api_get_authorizer_list';
    const refused = () => ask(simulator, path, simulator.componentAccessToken(), { component_appid: componentAppId });
    const explain = async (rid: string) =>
      (await ask(simulator, '/cgi-bin/openapi/rid/get', simulator.componentAccessToken(), { rid }))['errcode'];
    const rid = ridOf(await refused());
    expect(await explain(rid)).toBe(0);
    for (let i = 0; i < 999; i += 1) await refused();
    expect(await explain(rid)).toBe(0);
    await refused();
    expect(await explain(rid)).toBe(76001);
  });

  it('is a member of its own where an outage gives it so', async () => {
    await using simulator = await startSimulator({ accounts });
    simulator.inject({ fault: 'system_busy_rid' });
    const { rid } = await ask(simulator, SCENE, simulator.accessToken(shop));
    expect(await ask(simulator, '/cgi-bin/openapi/rid/get', simulator.accessToken(shop), { rid })).toMatchObject({
      errcode: 0,
    });
  });
});

it('answers no sooner than its latency, which is spread evenly when it has a spread', async () => {
  await using simulator = await startSimulator({ accounts, latencyMs: 50 });
  const start = performance.now();
  await Promise.all(Array.from({ length: 20 }, () => errcode(simulator, simulator.accessToken(shop))));
  expect(performance.now() - start).toBeGreaterThanOrEqual(49);

  const series = (latency: () => number) => Array.from({ length: 1_000 }, latency);
  const spread = series(createLatency({ mean: 50, spread: 20 }));
  expect(spread).toEqual(series(createLatency({ mean: 50, spread: 20 })));
  expect([Math.floor(Math.min(...spread)), Math.ceil(Math.max(...spread))]).toEqual([30, 70]);
  expect(spread.reduce((sum, ms) => sum + ms) / 1_000).toBeCloseTo(50, 0);
});

describe('bodies', () => {
  async function raw(simulator: Simulator): Promise<{ readonly body: Buffer; readonly headers: Json }> {
    return await new Promise((resolve, reject) => {
      request(`${simulator.url}${SCENE}?access_token=${simulator.accessToken(shop)}`, (response) => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => resolve({ body: Buffer.concat(chunks), headers: response.headers }));
      })
        .on('error', reject)
        .end();
    });
  }

  it.each([
    ['largest_body', (body: Buffer, good: Buffer) => body.length === 1_048_576 && body.subarray(0, good.length)],
    ['too_large_body', (body: Buffer, good: Buffer) => body.length === 1_048_577 && body.subarray(0, good.length)],
    ['byte_order_mark', (body: Buffer) => body.subarray(0, 3).toString('hex') === 'efbbbf' && body.subarray(3)],
    ['gzip', (body: Buffer) => gunzipSync(body)],
  ] as const)('of %s hold the right answer', async (fault, unpack) => {
    await using simulator = await startSimulator({ accounts });
    const good = await raw(simulator);
    simulator.inject({ fault });
    const spoiled = await raw(simulator);
    expect(unpack(spoiled.body, good.body)).toEqual(good.body);
    expect(spoiled.headers['content-encoding']).toBe(fault === 'gzip' ? 'gzip' : undefined);
  });

  it('lead to another host, which counts who came', async () => {
    await using simulator = await startSimulator({ accounts });
    simulator.inject({ fault: 'redirect_elsewhere' });
    const token = simulator.accessToken(shop);
    const { headers } = await raw(simulator);
    expect(headers['location']).toBe(`http://localhost:${simulator.port}/elsewhere?access_token=${token}`);
    await fetch(`${simulator.url}/elsewhere`);
    expect(simulator.requestCounts).toEqual({ [SCENE]: 1, '/elsewhere': 1 });
  });
});
