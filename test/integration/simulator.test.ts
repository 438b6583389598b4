import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fetchAccounts } from '../../src/extract/fetch-accounts.ts';
import type { SourceAccount } from '../../src/extract/scene-source.ts';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { type Micros, parseInstant } from '../../src/instant.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { parseSimulatorScript } from '../../src/simulator/simulator-script.ts';

const appId = 'wx0123456789abcdef';
const other = 'wxfedcba9876543210';
const START = parseInstant('2026-03-01T00:00:00Z') ?? 0n;
const SECOND = 1_000_000n;

interface Row {
  readonly name: string;
  readonly value: string | number;
}

async function sceneList(simulator: Simulator, account = appId): Promise<readonly Row[]> {
  const response = await fetch(`${simulator.url}/wxaapi/log/get_scene?access_token=${simulator.accessToken(account)}`);
  return ((await response.json()) as { readonly scene: readonly Row[] }).scene;
}

async function nameOf(simulator: Simulator, value: string | number, account = appId): Promise<string | undefined> {
  return (await sceneList(simulator, account)).find((row) => row.value === value)?.name;
}

async function post(
  simulator: Simulator,
  path: string,
  body: unknown,
): Promise<{ readonly status: number; readonly json: Record<string, unknown> }> {
  const response = await fetch(simulator.url + path, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const stable = (simulator: Simulator, fields: object = {}) =>
  post(simulator, '/cgi-bin/stable_token', {
    grant_type: 'client_credential',
    appid: appId,
    secret: simulator.appSecret(appId),
    ...fields,
  });

async function classic(simulator: Simulator): Promise<string> {
  const query = `grant_type=client_credential&appid=${appId}&secret=${simulator.appSecret(appId)}`;
  const answer = (await (await fetch(`${simulator.url}/cgi-bin/token?${query}`)).json()) as { access_token: string };
  return answer.access_token;
}

async function errcodeFor(simulator: Simulator, token: string): Promise<number> {
  const answer = await fetch(`${simulator.url}/wxaapi/log/get_scene?access_token=${token}`);
  return ((await answer.json()) as { errcode: number }).errcode;
}

describe('the simulator', () => {
  it('lists 全部 and the 57 bundled access sources, numbers as numbers, and says on every answer what it is', async () => {
    await using simulator = await startSimulator({ clock: { now: () => START } });
    const response = await fetch(`${simulator.url}/wxaapi/log/get_scene?access_token=${simulator.accessToken(appId)}`);
    expect([response.headers.get('x-scenedim-simulator'), response.headers.get('date')]).toEqual([
      '1',
      'Sun, 01 Mar 2026 00:00:00 GMT',
    ]);
    const { scene, ...rest } = (await response.json()) as { readonly scene: readonly Row[] };
    expect(rest).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(scene.slice(0, 2)).toEqual([
      { name: '全部', value: '@_all' },
      { name: '小程序历史列表', value: 1 },
    ]);
    expect(scene.slice(1).map(({ value }) => value)).toEqual(Array.from({ length: 57 }, (_, i) => i + 1));
    expect((await fetch(`${simulator.url}/nowhere`)).headers.get('x-scenedim-simulator')).toBe('1');
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.com'])('refuses to listen on %s', async (host) => {
    await expect(startSimulator({ host })).rejects.toThrow(`the simulator listens on loopback only, not on ${host}`);
  });

  it('says which port is taken', async () => {
    await using simulator = await startSimulator();
    await expect(startSimulator({ port: simulator.port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${simulator.port} (EADDRINUSE)`,
    );
  });

  it.each([
    ['evil.example', 403],
    ['api.weixin.qq.com.evil.example', 403],
    ['api.weixin.qq.com', 200],
    ['localhost:1234', 200],
  ])('answers a request to the host %s by %i', async (host, expected) => {
    await using simulator = await startSimulator();
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: simulator.port, path: '/_simulator', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(expected);
  });

  it('answers 412 to a POST without Content-Length', async () => {
    await using simulator = await startSimulator();
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(simulator.port, '127.0.0.1', () => {
        socket.write(
          'POST /cgi-bin/stable_token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
        );
      });
      let text = '';
      socket
        .on('data', (chunk) => (text += chunk))
        .on('end', () => resolve(text))
        .on('error', reject);
    });
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 412 Precondition Failed');
  });

  it('gives the same stable token while it lives, and another at its end', async () => {
    let now: Micros = START;
    await using simulator = await startSimulator({ clock: { now: () => now } });
    const first = (await stable(simulator)).json;
    expect(first).toEqual({ access_token: expect.stringMatching(/^[\w-]{512,}$/), expires_in: 7200 });
    now += 6_900n * SECOND;
    expect((await stable(simulator)).json).toEqual({ ...first, expires_in: 300 });
    now += SECOND;
    const second = (await stable(simulator)).json;
    expect([second.access_token === first.access_token, second.expires_in]).toEqual([false, 7200]);
    // Both live for the rest of the first one's time.
    const ask = async (token: unknown) =>
      (
        (await (await fetch(`${simulator.url}/wxaapi/log/get_scene?access_token=${token}`)).json()) as {
          errcode: number;
        }
      ).errcode;
    expect([await ask(first.access_token), await ask(second.access_token)]).toEqual([0, 0]);
    now += 300n * SECOND;
    expect([await ask(first.access_token), await ask(second.access_token)]).toEqual([42001, 0]);
  });

  it('kills the stable token at once when force_refresh is used, never by /cgi-bin/token, as WeChat does', async () => {
    await using simulator = await startSimulator();
    const token = simulator.accessToken(appId);
    await classic(simulator);
    expect(await errcodeFor(simulator, token)).toBe(0);
    await stable(simulator, { force_refresh: true });
    expect(await errcodeFor(simulator, token)).toBe(40001);
  });

  it('lets the token of /cgi-bin/token live for five more minutes after the next, then no longer', async () => {
    let now: Micros = START;
    await using simulator = await startSimulator({ clock: { now: () => now } });
    const [first, second] = [await classic(simulator), await classic(simulator)];
    const errcodes = async (...tokens: string[]) => Promise.all(tokens.map((token) => errcodeFor(simulator, token)));
    expect(first).not.toBe(second);
    expect(await errcodes(first, second)).toEqual([0, 0]);
    await stable(simulator, { force_refresh: true });
    expect(await errcodes(first, second)).toEqual([0, 0]);
    now += 300n * SECOND;
    expect(await errcodes(first, second)).toEqual([42001, 0]);
    const third = await classic(simulator);
    expect(await errcodes(first, second, third)).toEqual([40001, 0, 0]);
  });

  it.each([
    [{ appid: 'wx-nobody' }, 40013],
    [{ secret: 'wrong' }, 40125],
    [{ secret: undefined }, 41004],
    [{ appid: undefined }, 41002],
    [{ grant_type: 'x' }, 40002],
  ])('refuses a request for a token with %j by %i', async (fields, errcode) => {
    await using simulator = await startSimulator();
    expect((await stable(simulator, fields)).json).toMatchObject({ errcode });
  });

  it('changes the list of one account, or of all', async () => {
    await using simulator = await startSimulator();
    simulator.change({ change: 'rename', key: 4, name: '甲' }, appId);
    simulator.change({ change: 'remove', key: 57 });
    simulator.change({ change: 'add', key: '@_new', name: '乙' });
    for (const [account, four] of [
      [appId, '甲'],
      [other, '扫一扫二维码'],
    ] as const) {
      const list = await sceneList(simulator, account);
      expect([list.length, list.find(({ value }) => value === 4)?.name, list.at(-1)]).toEqual([
        58,
        four,
        { name: '乙', value: '@_new' },
      ]);
    }
  });

  it('follows a script by lists given and by time', async () => {
    let now: Micros = START;
    const script = parseSimulatorScript(`
- { after: 1, rename: { key: 4, name: 第二 } }
- { after: 2, app_id: ${appId}, rename: { key: 4, name: 第三 } }
- { at: 2026-03-01T01:00:00Z, rename: { key: 5, name: 一点 } }
- { after: 2, fault: { name: system_busy } }
`);
    await using simulator = await startSimulator({ clock: { now: () => now }, script });
    expect(await nameOf(simulator, 4)).toBe('扫一扫二维码');
    expect(await nameOf(simulator, 4)).toBe('第二');
    expect(await nameOf(simulator, 4, other)).toBe('扫一扫二维码');
    const busy = await fetch(`${simulator.url}/wxaapi/log/get_scene?access_token=${simulator.accessToken(appId)}`);
    expect(await busy.json()).toMatchObject({ errcode: -1 });
    expect(await nameOf(simulator, 4)).toBe('第三');
    expect(await nameOf(simulator, 4, other)).toBe('第二');
    expect(await nameOf(simulator, 5)).not.toBe('一点');
    now += 3_600n * SECOND;
    expect(await nameOf(simulator, 5)).toBe('一点');
  });

  it('is controlled from a shell', async () => {
    await using simulator = await startSimulator();
    expect((await post(simulator, '/_simulator/changes', { rename: { key: 4, name: '新' } })).json).toEqual({
      ok: true,
    });
    expect(await nameOf(simulator, 4)).toBe('新');
    await post(simulator, '/_simulator/faults', {
      fault: { name: 'errcode', code: 61007, times: 'always' },
      app_id: appId,
    });
    const ask = async () =>
      (await fetch(`${simulator.url}/wxaapi/log/get_scene?access_token=${simulator.accessToken(appId)}`)).json();
    expect(await ask()).toMatchObject({ errcode: 61007 });
    await fetch(`${simulator.url}/_simulator/faults`, { method: 'DELETE' });
    expect(await ask()).toMatchObject({ errcode: 0 });
    expect(
      await post(simulator, '/_simulator/faults', { fault: { name: 'empty_list', endpoint: 'stable_token' } }),
    ).toMatchObject({
      status: 400,
      json: { error: 'the fault empty_list does not fit stable_token' },
    });
    const log = (await (await fetch(`${simulator.url}/_simulator`)).json()) as {
      readonly requests: readonly { readonly errcode: number }[];
    };
    expect(log.requests.map(({ errcode }) => errcode)).toEqual([0, 61007, 0]);
  });

  it('keeps no token and no secret in its log', async () => {
    await using simulator = await startSimulator();
    await stable(simulator);
    await sceneList(simulator);
    const log = JSON.stringify(simulator.requests, (_key, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect([log.includes(simulator.accessToken(appId).slice(0, 30)), log.includes(simulator.appSecret(appId))]).toEqual(
      [false, false],
    );
  });
});

describe('many accounts over HTTP', () => {
  const ids = Array.from({ length: 60 }, (_, i) => `wx${String(i).padStart(16, '0')}`);

  it('never has more than the allowed number in flight, and that many at its peak', async () => {
    await using simulator = await startSimulator({ accounts: ids.map((id) => ({ appId: id })) });
    simulator.inject({ fault: 'slow', times: 'always', delayMs: 20 });
    await using source = createWechatSource({
      clock: { now: () => BigInt(Date.now()) * 1000n },
      baseUrl: simulator.url,
      ratePerSecond: Number.POSITIVE_INFINITY,
    });
    const accounts = ids.map(
      (id): SourceAccount => ({ appId: id, credentials: { accessToken: async () => simulator.accessToken(id) } }),
    );
    const got: string[] = [];
    for await (const result of fetchAccounts(source, accounts, {
      concurrency: 6,
      signal: new AbortController().signal,
    })) {
      got.push(`${result.appId} ${result.kind}`);
    }
    expect(got.sort()).toEqual(ids.map((id) => `${id} answer`));
    expect(simulator.peakInFlight).toBe(6);
  });

  it('counts token requests against the rate', async () => {
    await using simulator = await startSimulator({ accounts: ids.map((id) => ({ appId: id })) });
    await using source = createWechatSource({
      clock: { now: () => BigInt(Date.now()) * 1000n },
      baseUrl: simulator.url,
      ratePerSecond: 200,
    });
    const accounts = ids.map(
      (id): SourceAccount => ({ appId: id, credentials: { appSecret: async () => simulator.appSecret(id) } }),
    );
    const start = performance.now();
    for await (const result of fetchAccounts(source, accounts, {
      concurrency: 20,
      signal: new AbortController().signal,
    })) {
      expect(result.kind).toBe('answer');
    }
    // 120 requests are 119 intervals of 5 ms apart.
    expect(performance.now() - start).toBeGreaterThanOrEqual(590);
    expect(simulator.requests).toHaveLength(120);
  });
});
