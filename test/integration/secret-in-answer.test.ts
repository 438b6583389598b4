/** An answer that holds the token of any account, however it is spelled, is a failure and is stored nowhere. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createRunContext } from '../../src/pipeline/run/run-context.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { createRedactor } from '../../src/secrets/redact.ts';

const token = '62_Kq7-ZpW0dE4r_tYuIoP9aSdFgHjKl3zXcVbNm';
const bytes = [...Buffer.from(token)];
const hex = (byte: number) => byte.toString(16).padStart(2, '0');
let server: Server;
let answer = '';

beforeAll(async () => {
  server = createServer((_request, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

async function fetchOnce() {
  await using source = createWechatSource({
    clock: systemClock,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  const account = { appId: 'wx1', credentials: { accessToken: async () => token } };
  return source.fetchScenes(account, new AbortController().signal);
}

it.each([
  ['as it is', token],
  ['in \\u escapes', bytes.map((byte) => `\\u00${hex(byte)}`).join('')],
  ['in \\u escapes of upper case', bytes.map((byte) => `\\u00${hex(byte).toUpperCase()}`).join('')],
  ['in one \\u escape', token.replace('Z', '\\u005a')],
  ['in percent escapes', bytes.map((byte) => `%${hex(byte)}`).join('')],
  ['in decimal entities', bytes.map((byte) => `&#${byte};`).join('')],
  ['in hex entities', bytes.map((byte) => `&#x${hex(byte)};`).join('')],
  ['in hex', Buffer.from(token).toString('hex').toUpperCase()],
  ['in base64', Buffer.from(`token=${token}`).toString('base64')],
  [
    'half in percent escapes behind a percent sign',
    `%${token.slice(0, 20)}${bytes
      .slice(20)
      .map((it) => `%${hex(it)}`)
      .join('')}`,
  ],
  ['in base64 of base64', Buffer.from(Buffer.from(token).toString('base64')).toString('base64')],
  ['in base64 of UTF-16', Buffer.from(token, 'utf16le').toString('base64')],
  ['in UTF-16, with a NUL behind each character', [...token].join('\\u0000')],
  ['as a list of decimal numbers', bytes.join(',')],
  ['in hex with colons', bytes.map((byte, at) => (at % 2 ? hex(byte) : hex(byte).toUpperCase())).join(':')],
  ['in hex with spaces', bytes.map(hex).join(' ')],
  ['in full-width letters', token.replaceAll(/\w/g, (it) => String.fromCharCode(it.charCodeAt(0) + 0xfee0))],
  ['with a Kelvin sign', token.replace('K', '\u212a')],
])('refuses an answer with the token %s', async (_spelling, spelled) => {
  for (const row of [
    `{"name":"${spelled}","value":1}`,
    `{"name":"a","value":"${spelled}"}`,
    `{"name":0,"x":"${spelled}"}`,
  ]) {
    answer = `{"errcode":0,"errmsg":"ok","scene":[{"name":"a","value":7},${row}]}`;
    const result = await fetchOnce();
    expect(result).toMatchObject({ kind: 'failure', code: 'secret_in_answer' });
    answer = `{"errcode":99,"errmsg":"sent ${spelled}"}`;
    const refused = await fetchOnce();
    expect(refused.kind === 'failure' ? refused.message : '').toMatch(/^WeChat answered 99: sent .{0,8}\[redacted\]/);
  }
});

it('takes the same answer without it', async () => {
  answer = '{"errcode":0,"errmsg":"ok","scene":[{"name":"\\u4e8c\\u7ef4\\u7801 100%25","value":7}]}';
  expect(await fetchOnce()).toMatchObject({ kind: 'answer' });
});

it.each([
  ['was read before', ['wx2', 'wx1']],
  ['is read later in the run', ['wx1', 'wx2']],
])('stores no answer with the token of another account, which %s', async (_when, order) => {
  answer = `{"errcode":0,"scene":[{"name":"${Buffer.from(token).toString('base64')}","value":7}]}`;
  const redactor = createRedactor();
  await using source = createWechatSource({
    clock: systemClock,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    redactor,
  });
  const tokens: Readonly<Record<string, string>> = { wx1: 'a-token-that-nobody-echoes', wx2: token };
  const accounts = order.map((appId) => ({ appId, credentials: { accessToken: async () => tokens[appId] ?? '' } }));
  const loader = createMemoryLoader();
  const { redact, holdsSecret } = redactor;
  const context = createRunContext({ loader, redact, holdsSecret });
  const { report, exitCode } = await sync(context, { source, accounts, concurrency: 1 });
  expect(exitCode).toBe(75);
  expect(report.accounts).toMatchObject({ selected: 2, failed: 2 });
  expect(report.problems.map(({ code }) => code)).toEqual(['secret_in_answer', 'secret_in_answer']);
  const stored = await Array.fromAsync(loader.readObservations({}, context.signal));
  expect(stored.map(({ status, errorCode, payloadHash }) => [status, errorCode, payloadHash])).toEqual([
    ['failed', 'secret_in_answer', null],
    ['failed', 'secret_in_answer', null],
  ]);
});
