/** The way to WeChat through a proxy, by the program, with a proxy that works or fails. */
import { readFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts';
import { appId, createRemedyStage, type RemedyStage } from '../support/remedy-stage.ts';

const accounts = [{ appId, accessToken: { env: 'TOKEN' } }];
const password = 'p@ss#of-the-proxy';
const withUser = ({ name }: HttpProxy) => `http://us%40er:${encodeURIComponent(password)}@${name}`;
const quick = { timeoutMs: 300, totalTimeoutMs: 1_000 };

function sourceOf(more: object, env: Readonly<Record<string, string | undefined>> = {}) {
  const none = { HTTP_PROXY: undefined, HTTPS_PROXY: undefined, NO_PROXY: undefined };
  return { config: { source: { baseUrl: '${URL}', accounts, ...more } }, env: { ...none, ...env } };
}

async function expectNoPassword(stage: RemedyStage, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await stage.run(args);
  expect(stdout + stderr).not.toContain(password);
  expect(stdout + stderr).not.toContain(encodeURIComponent(password));
  return stdout;
}

describe('source.proxy', () => {
  test.each([
    ['a URL', (proxy: HttpProxy) => sourceOf({ proxy: withUser(proxy) })],
    ['a variable in it', (proxy: HttpProxy) => sourceOf({ proxy: '${MY_PROXY}' }, { MY_PROXY: withUser(proxy) })],
    ['env', (proxy: HttpProxy) => sourceOf({ proxy: 'env' }, { HTTP_PROXY: withUser(proxy) })],
    ['env, in small letters', (proxy: HttpProxy) => sourceOf({ proxy: 'env' }, { http_proxy: withUser(proxy) })],
    [
      'NODE_USE_ENV_PROXY',
      (proxy: HttpProxy) => sourceOf({}, { http_proxy: withUser(proxy), NODE_USE_ENV_PROXY: '1' }),
    ],
  ])('%s: WeChat is asked there, with user and password', async (_what, situation) => {
    await using stage = await createRemedyStage();
    await using proxy = await startHttpProxy();
    await stage.prepare(situation(proxy));
    expect(await stage.problems()).toEqual([]);
    expect(proxy.asked).toEqual([
      { what: `GET ${stage.simulator.url}/wxaapi/log/get_scene`, credentials: `us@er:${password}` },
    ]);
    expect(await expectNoPassword(stage, ['check'])).toMatch(
      new RegExp(`ok +proxy +${new URL(stage.simulator.url).host} is asked through ${proxy.name} \\(`),
    );
  });

  test('leads through a tunnel to a host with TLS', async () => {
    const read = (name: string) => readFile(new URL(`../fixtures/tls/${name}`, import.meta.url));
    const [key, cert] = await Promise.all([read('test-only-server.key'), read('test-only-server.pem')]);
    const host = createHttpsServer({ key, cert }, (_, answer) =>
      answer.end('{"errcode":0,"scene":[{"name":"a","value":1}]}'),
    );
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    await using proxy = await startHttpProxy((host.address() as AddressInfo).port);
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf({ proxy: withUser(proxy) }, { URL: 'https://wechat.googleapis.com' }));
    const ca = new URL('../fixtures/tls/test-only-ca.pem', import.meta.url).pathname;
    const { code, stderr } = await stage.pastePipe(`NODE_EXTRA_CA_CERTS=${ca} scenedim sync`);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(proxy.asked[0]).toEqual({
      what: 'CONNECT wechat.googleapis.com:443',
      credentials: `us@er:${password}`,
    });
    host.closeAllConnections();
    host.close();
  });

  test('concerns no broker of tokens', async () => {
    await using stage = await createRemedyStage();
    await using proxy = await startHttpProxy();
    const accessToken = { url: `${stage.simulator.url}/broker` };
    await stage.prepare(sourceOf({ proxy: withUser(proxy), accounts: [{ appId, accessToken }] }));
    expect(await stage.problems()).toMatchObject([{ code: 'credentials_unusable' }]);
    expect(proxy.asked).toEqual([]);
  });

  test.each([
    ['proxy.example:8080', 'source.proxy: is neither env nor a URL that starts with http:// or https://'],
    ['socks5://proxy.example:1080', 'source.proxy: is neither env nor a URL that starts with http:// or https://'],
    [`http://user:${password}@proxy.example:8080`, 'source.proxy: cannot be read: a / ? # @ or : in it'],
  ])('%s is refused with its place', async (proxy, says) => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf({ proxy }));
    const { code, stderr } = await stage.run();
    expect([code, stderr]).toEqual([78, expect.stringMatching(/scenedim\.yaml:\d+:\d+: source\.proxy/)]);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain(password);
  });

  test('env with a variable that names no HTTP proxy is refused, in check too', async () => {
    await using stage = await createRemedyStage();
    await using proxy = await startHttpProxy();
    await stage.prepare(sourceOf({ proxy: 'env' }, { HTTP_PROXY: `socks5://${proxy.name}` }));
    const { code, stderr } = await stage.run();
    expect([code, stderr]).toEqual([78, expect.stringContaining('HTTP_PROXY is not the URL of an HTTP proxy')]);
    expect(stderr).toContain('remedy: write HTTP_PROXY as http://HOST:PORT\n');
    expect((await stage.run(['check'])).stdout).toContain('remedy: write HTTP_PROXY as http://HOST:PORT\n');
    await stage.prepare({ ...sourceOf({ proxy: 'env' }, { HTTP_PROXY: `http://${proxy.name}` }) });
    expect((await stage.run()).code).toBe(0);
  });
});

describe('a proxy that lets nothing through is named, with what to do:', () => {
  const may = (host: string) => (name: string) =>
    `see that the proxy ${name} may connect to ${host}, or correct source.proxy`;
  const isUp = (name: string) =>
    `see that the proxy ${name} is up and can be reached from here, or correct source.proxy`;
  const asksForUser = (name: string) =>
    `write the user and the password of the proxy into source.proxy, before ${name} and an @`;
  const tls = { URL: 'https://wechat.googleapis.com' };
  test.each([
    ['407 to CONNECT', 407, tls, 78, 'http_407', asksForUser],
    ['407 to a request', 407, {}, 78, 'http_407', asksForUser],
    ['403 to CONNECT', 403, tls, 78, 'http_403', may('wechat.googleapis.com')],
    ['502 to CONNECT', 502, tls, 69, 'http_502', may('wechat.googleapis.com')],
    ['silence after CONNECT', 'hang', tls, 69, 'network', isUp],
  ] as const)('%s', async (_what, behaviour, env, exitCode, code, remedy) => {
    await using stage = await createRemedyStage();
    await using proxy = await startHttpProxy();
    proxy.behaviour = behaviour;
    await stage.prepare(sourceOf({ proxy: withUser(proxy), ...quick }, env));
    const checked = await stage.run(['check']);
    expect(checked.stdout).toContain(`remedy: ${remedy(proxy.name)}\n`);
    expect(checked.code).toBe(exitCode);
    const { code: status, stdout, stderr } = await stage.run(['sync', '--json']);
    expect(status).toBe(exitCode);
    expect(stdout + stderr).toContain(remedy(proxy.name));
    if (exitCode === 69)
      expect(JSON.parse(stdout).problems).toMatchObject([{ code, message: expect.stringContaining(proxy.name) }]);
    expect(checked.stdout + stdout + stderr).not.toContain(password);
    proxy.behaviour = null;
    await stage.prepare(sourceOf({ proxy: withUser(proxy) }, { URL: stage.simulator.url }));
    expect((await stage.run(['sync'])).code).toBe(0);
  });

  test('one that is down', async () => {
    await using stage = await createRemedyStage();
    const { name } = await startHttpProxy().then(async (proxy) => {
      await proxy[Symbol.asyncDispose]();
      return proxy;
    });
    await stage.prepare(sourceOf({ proxy: `http://${name}`, ...quick }));
    const [problem] = await stage.problems();
    expect(problem).toMatchObject({ code: 'network', remedy: isUp(name) });
    expect(problem?.message).toContain(`through the proxy ${name} (ECONNREFUSED)`);
  });

  test('502 to a request may be the proxy’s own', async () => {
    await using stage = await createRemedyStage();
    await using proxy = await startHttpProxy();
    proxy.behaviour = 502;
    await stage.prepare(sourceOf({ proxy: `http://${proxy.name}`, ...quick }));
    const [problem] = await stage.problems();
    expect(problem?.message).toContain(`WeChat, or the proxy ${proxy.name} before it, answered HTTP 502`);
  });
});

describe('check tells a proxy that is set and not used', () => {
  async function proxyLines(stage: RemedyStage): Promise<readonly string[]> {
    const lines = (await stage.run(['check'])).stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' '));
    return lines.flatMap((line, at) => (/^\w+ proxy /.test(line) ? [line, lines[at + 1] ?? ''] : []));
  }

  test('without source.proxy, until it is used or excluded', async () => {
    await using stage = await createRemedyStage();
    await using proxy = await startHttpProxy();
    const { host, hostname } = new URL(stage.simulator.url);
    const env = { HTTP_PROXY: withUser(proxy) };
    await stage.prepare(sourceOf({}, env));
    expect(await proxyLines(stage)).toEqual([
      `warning proxy HTTP_PROXY names ${proxy.name}, but ${host} is asked without it`,
      `remedy: set source.proxy to env to use it, or add ${host} to NO_PROXY`,
    ]);
    await stage.prepare(sourceOf({}, { ...env, NO_PROXY: host }));
    expect(await proxyLines(stage)).toEqual([]);
    await stage.prepare(sourceOf({}, { ...env, NO_PROXY: `example.com, ${hostname}` }));
    expect(await proxyLines(stage)).toEqual([]);
    await stage.prepare(sourceOf({ proxy: 'env' }, env));
    expect((await proxyLines(stage))[0]).toBe(`ok proxy ${host} is asked through ${proxy.name} (HTTP_PROXY)`);
  });

  test('env, whose NO_PROXY excludes the host, or which names none', async () => {
    await using stage = await createRemedyStage();
    await using proxy = await startHttpProxy();
    const { host } = new URL(stage.simulator.url);
    await stage.prepare(sourceOf({ proxy: 'env' }, { HTTP_PROXY: withUser(proxy), NO_PROXY: '127.0.0.0-127.0.0.9' }));
    expect(await proxyLines(stage)).toEqual([
      `warning proxy HTTP_PROXY names ${proxy.name}, but NO_PROXY excludes ${host}`,
      `remedy: take ${host} out of NO_PROXY, or take out source.proxy`,
    ]);
    expect(await stage.problems()).toEqual([]);
    expect(proxy.asked).toEqual([]);
    await stage.prepare(sourceOf({ proxy: 'env' }));
    expect(await proxyLines(stage)).toEqual([
      'warning proxy source.proxy is env, but HTTP_PROXY is not set',
      'remedy: set HTTP_PROXY, or take out source.proxy',
    ]);
    await stage.prepare(sourceOf({}));
    expect(await proxyLines(stage)).toEqual([]);
  });
});
