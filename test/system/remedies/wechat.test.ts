/**
 * Each remedy of the table of WeChat's codes, and of answers that are none. Where it asks for something at WeChat's own
 * console, the simulator stops answering the code, as WeChat would: status, sync and the next status follow.
 */
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, request } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { errorCatalogue } from '../../../src/extract/error-catalogue.ts';
import { createWechatSource } from '../../../src/extract/wechat-source.ts';
import { appId, createRemedyStage, type RemedyStage, type Situation } from '../../support/remedy-stage.ts';

/** One attempt an account, without a wait. */
const limits = { totalTimeoutMs: 900, timeoutMs: 500 };
const bySecret = { appId, appSecret: { env: 'SECRET' } };
const byToken = { appId, accessToken: { env: 'TOKEN' } };
const sourceOf = (account: object, more: object = {}): Situation => ({
  config: { source: { baseUrl: '${URL}', ...limits, accounts: [account], ...more } },
});

const reauthorise = 'the account must authorise the third-party platform again';
const ofItsOwn =
  'WeChat takes the token for one of a third-party platform: give the account a token or secret of its own, or name the platform in source.platform';
const permission = 'the account must grant permission set 18 (mini program data) to the third-party platform';
const askAdmin =
  'ask the administrator of the account to confirm this IP in WeChat, or add it to the IP whitelist of the account';
const lookAtMp = 'the account shows the reason and what to do at mp.weixin.qq.com';
const storeTicket = 'the platform must store the component_verify_ticket that WeChat pushes every 10 minutes';
const interfaces =
  'look at the interface permissions of this account at mp.weixin.qq.com: only published mini programs and games have it';

describe.concurrent('what somebody does at WeChat ends', () => {
  test.each([
    [61003, ofItsOwn],
    [61007, ofItsOwn],
    [89501, askAdmin],
    [50002, lookAtMp],
    [507010, 'publish the mini program, or take it off the list'],
    [40164, 'add the IP of this machine to the IP whitelist of this account at mp.weixin.qq.com'],
    [61004, 'add the IP of this machine to the whitelist of the platform at open.weixin.qq.com'],
    [61005, storeTicket],
    [61011, 'check source.platform.componentAppId'],
    [87009, 'check the API security settings at mp.weixin.qq.com'],
    [40243, 'unfreeze the app secret at mp.weixin.qq.com'],
    [48001, interfaces],
    [45009, 'run again tomorrow (quotas start anew at midnight, UTC+8)'],
    [-1, 'run again later'],
    [45011, 'lower source.ratePerSecond, or run again in a minute'],
    [99999, 'look the code up in the documentation of WeChat, or give the code and the rid to WeChat support'],
    [41001, 'this is a defect of scenedim: please report it with the code and the rid'],
  ] as const)('%i: %s', async (code, remedy) => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf(byToken));
    stage.simulator.inject({ fault: 'errcode', code, times: 'always' });
    expect(await stage.problems()).toMatchObject([{ code: String(code), remedy }]);
    expect((await stage.run(['status'])).stdout).toContain(remedy);
    await expectWellAfter(stage);
  });

  test('a code at the token endpoint that WeChat support explains', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf(bySecret));
    stage.simulator.inject({ fault: 'errcode', code: 42001, endpoint: 'stable_token', times: 'always' });
    expect(await stage.problems()).toMatchObject([{ remedy: 'give the code and the rid to WeChat support' }]);
    await expectWellAfter(stage);
  });

  test('without a list an account gets the remedy of every kind, and one of them helps', async () => {
    await using stage = await createRemedyStage();
    for (const [code, told] of [
      [
        40001,
        'of a third-party platform: run again: each run asks for a token; when it stays, the account must authorise the third-party platform again',
      ],
      [42007, 'with an appSecret: run again: each run asks for a token'],
      [40125, 'of a third-party platform: check source.platform.mint.componentAppSecret'],
      [61003, `of a third-party platform: ${reauthorise}`],
      [61007, `of a third-party platform: ${permission}`],
    ] as const) {
      await stage.prepare(sourceOf(byToken));
      stage.simulator.inject({ fault: 'errcode', code, times: 'always' });
      expect(await stage.problems()).toMatchObject([{ code: String(code) }]);
      await stage.prepare({ config: { source: undefined } });
      expect((await stage.run(['status'])).stdout).toContain(told);
      await stage.prepare(sourceOf(bySecret));
      await expectWellAfter(stage);
    }
  });

  test('every text of the table of codes', () => {
    const texts = new Set(
      [...errorCatalogue.values()].flatMap(({ remedy }) =>
        Object.values({ remedy }).flatMap((it) => (typeof it === 'string' ? it : Object.values(it))),
      ),
    );
    expect(texts.size).toBe(27);
  });
});

async function expectWellAfter(stage: RemedyStage): Promise<void> {
  stage.simulator.clearFaults();
  expect(await stage.problems()).toEqual([]);
  expect((await stage.run(['status'])).stdout).not.toContain('remedy');
}

describe.concurrent('credentials that WeChat refuses are put right:', () => {
  test.each<[string, Situation, string, Situation]>([
    [
      'a secret',
      { ...sourceOf(bySecret), env: { SECRET: 'wrong' } },
      'check the appSecret of this account',
      { env: {} },
    ],
    [
      'an app id',
      sourceOf({ appId: 'wx0000000000000000', appSecret: { env: 'SECRET' } }),
      'check the appId in source.accounts',
      sourceOf(bySecret),
    ],
    [
      'a token that is cached as JSON',
      { ...sourceOf(byToken), env: { TOKEN: '{"access_token":"x","expires_in":7200}' } },
      'name its member beside where it is read from, like pointer: /access_token, or give the access token alone',
      { env: {} },
    ],
    [
      'a token with a space',
      { ...sourceOf(byToken), env: { TOKEN: 'a b' } },
      `check the credentials of ${appId} in source`,
      { env: {} },
    ],
    [
      'a secret in quotation marks',
      { ...sourceOf({ appId, appSecret: { file: 'secret.txt' } }), files: { 'secret.txt': '"SECRET"\n' } },
      'take the quotation marks away',
      { files: { 'secret.txt': 'SECRET\n' } },
    ],
    [
      'a secret file that is not there',
      sourceOf({ appId, appSecret: { file: 'secret.txt' } }),
      'mount the secret there, or correct the path in the config',
      { files: { 'secret.txt': 'SECRET\n' } },
    ],
    [
      'a secret file that is a whole database',
      { ...sourceOf({ appId, appSecret: { file: 'secret.txt' } }), files: { 'secret.txt': 'x'.repeat(2_000_000) } },
      'name the right file; none of this kind is so large',
      { files: { 'secret.txt': 'SECRET\n' } },
    ],
    [
      'a secret file that is empty',
      { ...sourceOf({ appId, appSecret: { file: 'secret.txt' } }), files: { 'secret.txt': '\n' } },
      'put the secret there',
      { files: { 'secret.txt': 'SECRET\n' } },
    ],
  ])('%s', async (_, fault, remedy, cure) => {
    await using stage = await createRemedyStage();
    const right = { SECRET: stage.simulator.appSecret(appId), TOKEN: stage.simulator.accessToken(appId) };
    await stage.prepare(fault);
    const told = (await stage.run(['sync', '--json'])).stdout;
    expect(told).toContain(remedy);
    const check = (await stage.run(['check'])).stdout;
    if (!/appSecret of this|appId in/.test(remedy)) expect(check).toContain(remedy);
    const files = Object.entries(cure.files ?? {}).map(([name, text]) => [
      name,
      String(text).replace('SECRET', right.SECRET),
    ]);
    await stage.prepare({ config: fault.config ?? {}, ...cure, files: Object.fromEntries(files), env: right });
    expect(await stage.problems()).toEqual([]);
    // What the wrong app id was told stays in the log.
    if (!remedy.includes('appId')) expect((await stage.run(['check'])).stdout).not.toContain(remedy);
  });

  test('a token that another program has replaced, where it is maintained', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf(byToken));
    stage.simulator.replaceToken(appId);
    const remedy =
      'renew the access token where it is maintained; one from GET /cgi-bin/token dies when anything else asks there';
    expect(await stage.problems()).toMatchObject([{ code: '40001', remedy }]);
    await stage.prepare({ ...sourceOf(byToken), env: { TOKEN: stage.simulator.accessToken(appId) } });
    expect(await stage.problems()).toEqual([]);
  });

  test('a token of an app secret that dies in every run, by running again', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf(bySecret));
    stage.simulator.inject({ fault: 'token_invalid', times: 'always' });
    const first =
      'run again: each run asks for a token; when it stays, look for a program that calls stable_token with force_refresh';
    expect(await stage.problems()).toMatchObject([{ remedy: first }]);
    const status = (await stage.run(['status'])).stdout;
    expect(status).toContain(`check the appSecret of this account; when it is right, ${first}`);
    await expectWellAfter(stage);
  });
});

describe.concurrent('an answer that is none is followed by one:', () => {
  const support = 'run again later; when it stays, keep the time of the call for WeChat support';
  const network = 'check DNS, proxy and firewall between here and source.baseUrl, then run again';
  const atBase = 'check source.baseUrl: it should be https://api.weixin.qq.com or a proxy in front of it';
  test.each([
    ['html_502', support],
    ['not_json', support],
    ['socket_reset', network],
    ['hang', network],
    ['not_found', atBase],
    ['huge_body', 'a scene list has a few kilobytes: check what source.baseUrl points at'],
    ['secret_in_answer', 'check what source.baseUrl points at: WeChat does not answer so'],
    ['wrong_date', 'set the clock of this machine (NTP), then run again'],
  ] as const)('%s', async (fault, remedy) => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf(byToken, fault === 'huge_body' ? { totalTimeoutMs: 5_000, timeoutMs: 5_000 } : {}));
    stage.simulator.inject({ fault, times: 'always' });
    expect(await stage.problems()).toMatchObject([{ remedy }]);
    await expectWellAfter(stage);
  });

  test('a token without its end', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf(bySecret));
    stage.simulator.inject({ fault: 'malformed_token', endpoint: 'stable_token' });
    expect(await stage.problems()).toMatchObject([{ remedy: 'check what source.baseUrl points at, then run again' }]);
    await expectWellAfter(stage);
  });

  test('a time that is over though a request hangs', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare(sourceOf(byToken, { totalTimeoutMs: 400, timeoutMs: 5_000 }));
    stage.simulator.inject({ fault: 'hang', times: 'always' });
    const remedy = 'check the network between here and source.baseUrl, then run again';
    expect(await stage.problems()).toMatchObject([{ code: 'timeout', remedy }]);
    await expectWellAfter(stage);
  });

  test('another host and path, in sync and check', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...sourceOf(byToken), env: { URL: 'http://127.0.0.1:1' } });
    expect(await stage.problems()).toMatchObject([{ remedy: network }]);
    expect((await stage.run(['check'])).stdout).toContain(network);
    await stage.prepare({ ...sourceOf(byToken), env: { URL: stage.simulator.url } });
    expect(await stage.problems()).toEqual([]);
    expect((await stage.run(['check'])).stdout).not.toContain(network);
  });

  test('a clock that differs, in check', async () => {
    await using stage = await createRemedyStage();
    let hoursAhead = 1;
    const host = createHttpServer((_, answer) => {
      answer.writeHead(404, { date: new Date(Date.now() + hoursAhead * 3_600_000).toUTCString() }).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => host.once('listening', resolve));
    await stage.prepare({
      ...sourceOf(byToken),
      env: { URL: `http://127.0.0.1:${(host.address() as AddressInfo).port}` },
    });
    const remedy = 'set the clock of this machine, with NTP for example: sync stores nothing meanwhile';
    expect((await stage.run(['check'])).stdout).toContain(remedy);
    hoursAhead = 0;
    expect((await stage.run(['check'])).stdout).not.toContain(remedy);
    host.closeAllConnections();
    host.close();
  });

  test('no source, in check', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ config: { source: undefined } });
    expect((await stage.run(['check'])).stdout).toContain('add a source with its accounts');
    await stage.prepare(sourceOf(byToken));
    expect((await stage.run(['check'])).stdout).not.toContain('add a source with its accounts');
  });

  test('a proxy that compresses', async () => {
    await using stage = await createRemedyStage();
    let compresses = true;
    const proxy = createHttpServer((asked, answer) => {
      const { method, headers } = asked;
      asked.pipe(
        request(new URL(asked.url ?? '', stage.simulator.url), { method, headers }, async (given) => {
          const body = Buffer.concat(await Array.fromAsync<Buffer>(given));
          answer.writeHead(given.statusCode ?? 500, { date: given.headers.date ?? '' });
          answer.end(compresses ? gzipSync(body) : body);
        }),
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => proxy.once('listening', resolve));
    await stage.prepare({
      ...sourceOf(byToken),
      env: { URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
    });
    const remedy = 'let the proxy at source.baseUrl honour Accept-Encoding: identity, or do without compression';
    expect(await stage.problems()).toMatchObject([{ remedy }]);
    compresses = false;
    expect(await stage.problems()).toEqual([]);
    proxy.closeAllConnections();
    proxy.close();
  });

  test('a host with a certificate that nobody here knows', async () => {
    await using stage = await createRemedyStage();
    const read = (name: string) => readFile(new URL(`../../fixtures/tls/${name}`, import.meta.url));
    const [key, cert] = await Promise.all([read('test-only-server.key'), read('test-only-server.pem')]);
    const host = createHttpsServer({ key, cert }, (_, answer) =>
      answer.end('{"errcode":0,"scene":[{"name":"a","value":1}]}'),
    );
    host.listen(0, '127.0.0.1');
    await new Promise((resolve) => host.once('listening', resolve));
    const { port } = host.address() as AddressInfo;
    // The certificate is one for *.googleapis.com.
    const proxy = createHttpServer().on('connect', (_, client) => {
      const server = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      server.pipe(client).pipe(server);
    });
    proxy.listen(0, '127.0.0.1');
    await new Promise((resolve) => proxy.once('listening', resolve));
    const env = {
      URL: 'https://wechat.googleapis.com',
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NODE_USE_ENV_PROXY: '1',
    };
    const remedy =
      'check the certificate behind source.baseUrl (a host without TLS is http://), the clock of this machine and a proxy that inspects TLS: NODE_EXTRA_CA_CERTS names the file with its certificate';
    await stage.prepare({ ...sourceOf(byToken, { totalTimeoutMs: 5_000, timeoutMs: 5_000 }), env });
    expect((await stage.pastePipe('scenedim sync')).stdout).toContain(remedy);
    const ca = new URL('../../fixtures/tls/test-only-ca.pem', import.meta.url).pathname;
    expect(await stage.pastePipe(`NODE_EXTRA_CA_CERTS=${ca} scenedim sync`)).toMatchObject({ code: 0 });
    proxy.closeAllConnections();
    proxy.close();
    host.closeAllConnections();
    host.close();
  });

  test('a base URL that a library gives wrongly', async () => {
    expect(() => createWechatSource({ clock: systemClock, baseUrl: 'ftp://127.0.0.1' })).toThrow(
      expect.objectContaining({ remedy: 'leave it out for https://api.weixin.qq.com' }),
    );
    await using _source = createWechatSource({ clock: systemClock });
  });

  test('an account without credentials that a library gives', async () => {
    await using stage = await createRemedyStage();
    await using source = createWechatSource({ clock: systemClock, baseUrl: stage.simulator.url });
    const { signal } = new AbortController();
    const remedy = 'give the account an accessToken or an appSecret';
    expect(await source.fetchScenes({ appId }, signal)).toMatchObject({ kind: 'failure', remedy });
    const accessToken = async () => stage.simulator.accessToken(appId);
    expect(await source.fetchScenes({ appId, credentials: { accessToken } }, signal)).toMatchObject({ kind: 'answer' });
  });
});
