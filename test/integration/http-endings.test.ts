/** Every way in which a connection to WeChat may end without an answer, against servers that do it. */
import { readFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { checkClock } from '../../src/commands/check/check-clock.ts';
import { createWechatSource, type WechatSourceOptions } from '../../src/extract/wechat-source.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createInstantTimer } from '../support/virtual-timer.ts';

const never = new AbortController().signal;
const account = { appId: 'wxa', credentials: { accessToken: async () => 'a-token-of-the-account' } };

async function listen(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(behave: (socket: Socket) => void) {
  return listen(createServer((socket) => socket.once('data', () => behave(socket))));
}

async function fetchFrom(baseUrl: string, options: Partial<WechatSourceOptions> = {}) {
  await using source = createWechatSource({
    clock: systemClock,
    baseUrl,
    ratePerSecond: Number.POSITIVE_INFINITY,
    timer: createInstantTimer(),
    random: () => 0,
    ...options,
  });
  return source.fetchScenes(account, never);
}

describe('an answer that is none', () => {
  it.each<[string, (socket: Socket) => void, object]>([
    [
      'an upgrade',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      { code: 'http_101', remedy: expect.stringMatching(/^check source\.baseUrl/) },
    ],
    [
      'a switch without a protocol',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      { code: 'http_101' },
    ],
    ['an end without a byte', (socket) => socket.end(), { code: 'network', unreachable: true }],
    ['a reset', (socket) => socket.resetAndDestroy(), { code: 'network', unreachable: true }],
    ['text that is not HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'), { code: 'network' }],
    ['half of a head', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'), { code: 'network' }],
    [
      'half of a body',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"errcode":0'),
      { code: 'network', unreachable: true },
    ],
    ['1xx and nothing more', (socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), { code: 'timeout' }],
    ['half of a head and silence', (socket) => socket.write('HTTP/1.1 200 OK\r\nCon'), { code: 'timeout' }],
    [
      'half of a body and silence',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"errcode":0'),
      { code: 'timeout' },
    ],
  ])('%s ends within the time limit', async (_what, behave, expected) => {
    await using server = await serve(behave);
    expect(await fetchFrom(`http://127.0.0.1:${server.port}`, { timeoutMs: 150 })).toMatchObject({
      kind: 'failure',
      ...expected,
    });
  });
});

describe('check, against a host that gives no answer of an API', () => {
  it.each<[string, (socket: Socket) => void, object]>([
    [
      'an upgrade',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      { subject: 'source', exitCode: 75, remedy: expect.stringMatching(/^check source\.baseUrl/) },
    ],
    ['a close', (socket) => socket.end(), { subject: 'source', exitCode: 69 }],
    ['silence', () => {}, { subject: 'source', exitCode: 69, message: expect.stringMatching(/within 150 ms$/) }],
    [
      'early hints and nothing more',
      (socket) => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
      { subject: 'source', exitCode: 69, message: expect.stringMatching(/within 150 ms$/) },
    ],
    [
      'half of a body and silence',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nx'),
      { subject: 'source', exitCode: 69 },
    ],
  ])('%s is an error with a remedy', async (_what, behave, expected) => {
    await using server = await serve(behave);
    const finding = await checkClock({ baseUrl: `http://127.0.0.1:${server.port}`, timeoutMs: 150 }, {}, never);
    expect(finding).toMatchObject({ level: 'error', remedy: expect.any(String), ...expected });
  });
});

function answerWith(body: string | Buffer): (socket: Socket) => void {
  return (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`);
    socket.write(body);
  };
}

describe('an answer of another kind', () => {
  it.each([
    [
      'a cloud call',
      '{"errCode":-604101,"errMsg":"function has no permission"}',
      { code: '-604101', message: 'WeChat answered -604101: function has no permission' },
    ],
    [
      'a compressed body',
      gzipSync('{"errcode":0,"scene":[]}'),
      { code: 'invalid_json', message: 'the answer is compressed (gzip), though it was asked for uncompressed' },
    ],
  ])('%s is told with code and cause', async (_what, body, expected) => {
    await using server = await serve(answerWith(body));
    expect(await fetchFrom(`http://127.0.0.1:${server.port}`)).toMatchObject({ kind: 'failure', ...expected });
  });

  it.each([
    ['"7200"', 'answer'],
    ['7200', 'answer'],
    ['"soon"', 'the answer of the token endpoint holds no positive expires_in'],
    ['0', 'the answer of the token endpoint holds no positive expires_in'],
  ])('expires_in %s of a token', async (lifetime, expected) => {
    await using server = await serve((socket) => {
      answerWith(`{"access_token":"a-token-of-wechat","expires_in":${lifetime}}`)(socket);
      socket.once('data', () => answerWith('{"errcode":0,"scene":[]}')(socket));
    });
    await using source = createWechatSource({ clock: systemClock, baseUrl: `http://127.0.0.1:${server.port}` });
    const result = await source.fetchScenes(
      { appId: 'wxa', credentials: { appSecret: async () => 'a-secret' } },
      never,
    );
    expect(result.kind === 'answer' ? result.kind : result.message).toBe(expected);
  });
});

describe('TLS', () => {
  it.each(['127.0.0.1', 'localhost'])('a certificate that is not trusted is told as such (%s)', async (host) => {
    const read = (name: string) => readFile(new URL(`../fixtures/tls/${name}`, import.meta.url));
    const [key, cert] = await Promise.all([read('test-only-server.key'), read('test-only-server.pem')]);
    await using server = await listen(createHttpsServer({ key, cert }));
    const result = await fetchFrom(`https://${host}:${server.port}`);
    expect(result).toMatchObject({ code: 'network', unreachable: true });
    expect(result).toMatchObject({
      message: expect.stringMatching(/^cannot connect to .* \((?:UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_TLS)\w+\)/),
      remedy: expect.stringMatching(/^check the certificate behind source\.baseUrl.*NODE_EXTRA_CA_CERTS/),
    });
  });

  it('a host that speaks no TLS is told as such', async () => {
    await using server = await serve((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const result = await fetchFrom(`https://127.0.0.1:${server.port}`);
    expect(result).toMatchObject({ code: 'network', remedy: expect.stringMatching(/^check the certificate/) });
  });
});

it('the wait for its turn takes nothing from the time of an account', async () => {
  await using simulator = await startSimulator({ accounts: [{ appId: 'wxa' }] });
  await using source = createWechatSource({
    clock: systemClock,
    baseUrl: simulator.url,
    ratePerSecond: 20,
    totalTimeoutMs: 500,
  });
  const credentials = { accessToken: async () => simulator.accessToken('wxa') };
  const accounts = Array.from({ length: 30 }, () => ({ appId: 'wxa', credentials }));
  const results = await Promise.all(accounts.map((one) => source.fetchScenes(one, never)));
  expect(results.filter(({ kind }) => kind === 'failure')).toEqual([]);
});
