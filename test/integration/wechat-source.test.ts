import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AccountCredentials, FetchResult } from '../../src/extract/scene-source.ts';
import { createWechatSource, type WechatSourceOptions } from '../../src/extract/wechat-source.ts';
import { parseInstant } from '../../src/instant.ts';
import type { SimulatorFault } from '../../src/simulator/fault-plan.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import {
  fitsEndpoint,
  INVALID_TOKEN,
  type SimulatorFaultName,
  simulatorFaults,
} from '../../src/simulator/simulator-faults.ts';
import { RID, sameRid } from '../support/same-rid.ts';
import { createInstantTimer, createManualTimer } from '../support/virtual-timer.ts';

const appId = 'wx0123456789abcdef';
const now = parseInstant('2026-03-01T08:00:00.123456Z') ?? 0n;
const clock = { now: () => now };
const never = new AbortController().signal;

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ clock });
});
afterAll(() => simulator[Symbol.asyncDispose]());
beforeEach(() => {
  simulator.clearFaults();
  simulator.clearRequests();
});

const byToken = (): AccountCredentials => ({ accessToken: async () => simulator.accessToken(appId) });
const bySecret = (): AccountCredentials => ({ appSecret: async () => simulator.appSecret(appId) });

async function fetchOnce(credentials: AccountCredentials, options: Partial<WechatSourceOptions> = {}) {
  const timer = createInstantTimer();
  await using source = createWechatSource({
    clock,
    baseUrl: simulator.url,
    ratePerSecond: Number.POSITIVE_INFINITY,
    timer,
    random: () => 0,
    ...options,
  });
  const result = await source.fetchScenes({ appId, credentials }, never);
  return { result, waits: timer.sleeps, paths: simulator.requests.map(({ path }) => path) };
}

function textOf(result: FetchResult): string {
  return result.kind === 'answer' ? Buffer.from(result.body).toString('utf8') : `${result.message} ${result.remedy}`;
}

const LIST = '/wxaapi/log/get_scene';
const TOKEN = '/cgi-bin/stable_token';

interface Expected {
  readonly code: string;
  readonly errorClass: string;
  readonly requests: number;
  readonly waits?: readonly number[];
  readonly says?: string;
  readonly accountOnly?: boolean;
  readonly credentialsRefused?: boolean;
  readonly unreachable?: boolean;
  readonly doNotRecord?: boolean;
  readonly options?: Partial<WechatSourceOptions>;
}

const transientWaits = [1_000, 3_000, 9_000];

const listFaults = simulatorFaults.filter((fault) => fitsEndpoint(fault, 'get_scene'));

const lasting: Partial<Record<SimulatorFaultName, Expected>> = {
  errcode: {
    code: '61011',
    errorClass: 'configuration',
    requests: 1,
    accountOnly: false,
    says: `WeChat answered 61011: simulated error ${RID}`,
  },
  system_busy: {
    code: '-1',
    errorClass: 'transient',
    requests: 4,
    waits: transientWaits,
    says: `WeChat answered -1: system error ${RID} (4 attempts)`,
  },
  system_busy_rid: {
    code: '-1',
    errorClass: 'transient',
    requests: 4,
    waits: transientWaits,
    says: `WeChat answered -1: the system is busy ${RID} (4 attempts)`,
  },
  rate_limited: { code: '45011', errorClass: 'transient', requests: 4, waits: [60_000, 60_000, 60_000] },
  token_invalid: {
    code: '40001',
    errorClass: 'token',
    requests: 2,
    waits: [2_000],
    credentialsRefused: true,
    says: `WeChat answered 40001: ${INVALID_TOKEN} ${RID}; the token was looked up again and is still the same`,
  },
  token_expired: { code: '42001', errorClass: 'token', requests: 2, waits: [2_000], credentialsRefused: true },
  quota_exceeded: { code: '45009', errorClass: 'quota', requests: 1 },
  unpublished: { code: '507010', errorClass: 'unavailable', requests: 1 },
  not_authorized: {
    code: '61003',
    errorClass: 'unavailable',
    requests: 1,
    says: `WeChat answered 61003: component is not authorized by this account hint: [abc] ${RID}`,
  },
  ip_not_whitelisted: { code: '40164', errorClass: 'configuration', requests: 1, credentialsRefused: true },
  secret_frozen: { code: '40243', errorClass: 'configuration', requests: 1, credentialsRefused: true },
  bad_request: { code: '47001', errorClass: 'bug', requests: 1 },
  unknown_code: {
    code: '99999',
    errorClass: 'unknown',
    requests: 1,
    says: `WeChat answered 99999: a new kind of trouble ${RID}`,
  },
  echo_secret: { code: '99998', errorClass: 'unknown', requests: 1 },
  http_400_json: { code: '48001', errorClass: 'unavailable', requests: 1 },
  html_502: { code: 'http_502', errorClass: 'transient', requests: 4, waits: transientWaits, unreachable: true },
  html_504: { code: 'http_504', errorClass: 'transient', requests: 4, waits: transientWaits, unreachable: true },
  not_found: { code: 'http_404', errorClass: 'unknown', requests: 1 },
  redirect: { code: 'http_302', errorClass: 'unknown', requests: 1 },
  redirect_elsewhere: { code: 'http_302', errorClass: 'unknown', requests: 1 },
  not_json: { code: 'invalid_json', errorClass: 'transient', requests: 4, waits: transientWaits },
  empty_body: { code: 'invalid_json', errorClass: 'transient', requests: 4, waits: transientWaits },
  gzip: { code: 'invalid_json', errorClass: 'unknown', requests: 1 },
  cut_off: { code: 'invalid_json', errorClass: 'transient', requests: 4, waits: transientWaits },
  huge_body: { code: 'response_too_large', errorClass: 'unknown', requests: 1 },
  too_large_body: { code: 'response_too_large', errorClass: 'unknown', requests: 1 },
  hang: {
    code: 'timeout',
    errorClass: 'transient',
    requests: 4,
    waits: transientWaits,
    unreachable: true,
    options: { timeoutMs: 40 },
  },
  socket_reset: { code: 'network', errorClass: 'transient', requests: 4, waits: transientWaits, unreachable: true },
  reset_midway: { code: 'network', errorClass: 'transient', requests: 4, waits: transientWaits, unreachable: true },
  wrong_date: {
    code: 'clock_skew',
    errorClass: 'unknown',
    requests: 1,
    doNotRecord: true,
    says: 'our clock is 3599 s behind the Date of the answer (Sun, 01 Mar 2026 09:00:00 GMT)',
  },
  secret_in_answer: { code: 'secret_in_answer', errorClass: 'unknown', requests: 1 },
};

/** Faults that leave an answer for the normalizer to judge. */
const harmless: readonly SimulatorFaultName[] = [
  'slow',
  'largest_body',
  'deep_nesting',
  'byte_order_mark',
  'no_date',
  'text_plain',
  'control_characters',
  'invalid_utf8',
  'no_errcode',
  'missing_scene',
  'null_scene',
  'empty_list',
  'keyless_row',
  'nameless_row',
  'conflict',
  'string_values',
  'big_numbers',
];

describe('the WeChat source', () => {
  it('gives the answer byte for byte, stamped with our clock', async () => {
    const { result, paths, waits } = await fetchOnce(byToken());
    const raw = await (
      await fetch(`${simulator.url}${LIST}?access_token=${simulator.accessToken(appId)}`)
    ).arrayBuffer();
    expect(result).toEqual({ kind: 'answer', appId, observedAt: now, body: Buffer.from(raw) });
    expect(JSON.parse(textOf(result)).scene).toHaveLength(58);
    expect({ paths, waits }).toEqual({ paths: [LIST], waits: [] });
  });

  it('has an expectation for every fault that the simulator knows', () => {
    expect([...Object.keys(lasting), ...harmless, 'stale_keep_alive'].sort()).toEqual([...listFaults].sort());
  });

  it.each(Object.entries(lasting) as [SimulatorFaultName, Expected][])(
    'fails when %s lasts',
    async (fault, expected) => {
      simulator.inject({ fault, times: 'always', code: 61011 });
      const { result, waits } = await fetchOnce(byToken(), expected.options);
      if (result.kind !== 'failure') throw new Error('an answer');
      const { message, remedy, ...rest } = result;
      expect(rest).toEqual({
        kind: 'failure',
        appId,
        observedAt: now,
        errorClass: expected.errorClass,
        code: expected.code,
        accountOnly: expected.accountOnly ?? true,
        credentialsRefused: expected.credentialsRefused ?? false,
        unreachable: expected.unreachable ?? false,
        doNotRecord: expected.doNotRecord ?? false,
      });
      if (expected.says !== undefined) expect(sameRid(message)).toBe(expected.says);
      expect(message.length).toBeGreaterThan(10);
      expect(remedy).toMatch(/\w/);
      expect(simulator.requests).toHaveLength(expected.requests);
      expect(waits).toEqual(expected.waits ?? []);
    },
  );

  it.each(listFaults)('lets out neither token nor secret under %s', async (fault) => {
    for (const endpoint of ['get_scene', 'stable_token'] as const) {
      try {
        simulator.inject({ fault, times: 'always', code: 61011, endpoint });
      } catch {
        continue;
      }
      const { result } = await fetchOnce(bySecret(), { timeoutMs: 40 });
      const text = textOf(result);
      const [token, secret] = [simulator.accessToken(appId), simulator.appSecret(appId)];
      const leaks = [
        token.slice(0, 40),
        secret,
        ...[token, secret].map((it) => Buffer.from(`user:${it}`).toString('base64').slice(10, 40)),
      ];
      expect(leaks.filter((leak) => text.includes(leak))).toEqual([]);
      simulator.clearFaults();
    }
  });

  it.each(harmless)('hands an answer with %s on as it is', async (fault) => {
    simulator.inject({ fault, times: 'always', delayMs: 20 });
    const raw = await (
      await fetch(`${simulator.url}${LIST}?access_token=${simulator.accessToken(appId)}`)
    ).arrayBuffer();
    const { result } = await fetchOnce(byToken());
    expect(result).toEqual({ kind: 'answer', appId, observedAt: now, body: Buffer.from(raw) });
    expect(simulator.requests).toHaveLength(2);
  });

  it.each<[SimulatorFault, readonly number[]]>([
    [{ fault: 'system_busy' }, [1_000]],
    [{ fault: 'rate_limited' }, [60_000]],
    [{ fault: 'html_502', times: 2 }, [1_000, 3_000]],
    [{ fault: 'cut_off', times: 3 }, transientWaits],
    [{ fault: 'socket_reset' }, [1_000]],
    [{ fault: 'reset_midway', times: 2 }, [1_000, 3_000]],
  ])('gets the answer after %o', async (fault, expectedWaits) => {
    simulator.inject(fault);
    const { result, waits } = await fetchOnce(byToken());
    expect(result.kind).toBe('answer');
    expect(waits).toEqual(expectedWaits);
  });

  it('repeats a GET once at once when a kept-alive connection turns out to be stale', async () => {
    const timer = createInstantTimer();
    await using source = createWechatSource({
      clock,
      baseUrl: simulator.url,
      ratePerSecond: Number.POSITIVE_INFINITY,
      timer,
      random: () => 0,
    });
    const fetchAgain = () => source.fetchScenes({ appId, credentials: byToken() }, never);
    await fetchAgain();
    simulator.inject({ fault: 'stale_keep_alive' });
    expect((await fetchAgain()).kind).toBe('answer');
    expect({ waits: timer.sleeps, requests: simulator.requests.length }).toEqual({ waits: [], requests: 3 });
  });

  it('lengthens waits by the jitter and never shortens them', async () => {
    simulator.inject({ fault: 'system_busy', times: 2 });
    const { waits } = await fetchOnce(byToken(), { random: () => 1 });
    expect(waits).toEqual([1_250, 3_750]);
  });

  it('gives up when the time of the account is over, though a request hangs', async () => {
    simulator.inject({ fault: 'hang', times: 'always' });
    const { result, paths } = await fetchOnce(byToken(), { totalTimeoutMs: 60 });
    expect(result).toMatchObject({
      kind: 'failure',
      code: 'timeout',
      unreachable: true,
      message: 'no usable answer within 60 ms, repetitions included',
    });
    expect(paths).toEqual([LIST]);
  });

  it('says so when nobody listens', async () => {
    const gone = await startSimulator();
    await gone[Symbol.asyncDispose]();
    const { result, waits } = await fetchOnce(byToken(), { baseUrl: gone.url });
    expect(result).toMatchObject({
      code: 'network',
      unreachable: true,
      message: `cannot connect to 127.0.0.1:${gone.port} (ECONNREFUSED) (4 attempts)`,
    });
    expect(waits).toEqual(transientWaits);
  });

  it('takes a host that does not speak TLS for one that cannot be connected to', async () => {
    const { result } = await fetchOnce(byToken(), { baseUrl: simulator.url.replace('http:', 'https:') });
    expect(result).toMatchObject({
      code: 'network',
      unreachable: true,
      message: `cannot connect to 127.0.0.1:${simulator.port} (EPROTO) (4 attempts)`,
    });
  });

  it('stops with the reason of the signal, and leaves no request behind', async () => {
    simulator.inject({ fault: 'hang', times: 'always' });
    const controller = new AbortController();
    await using source = createWechatSource({ clock, baseUrl: simulator.url });
    const pending = source.fetchScenes({ appId, credentials: byToken() }, controller.signal);
    while (simulator.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('SIGTERM'));
    await expect(pending).rejects.toThrow('SIGTERM');
  });

  it.each(['ftp://api', 'api.weixin.qq.com', 'https://u:p@h', 'https://h/?access_token=x'])(
    'refuses %s as base URL without repeating it',
    (baseUrl) => {
      expect(() => createWechatSource({ clock, baseUrl })).toThrow(/^source\.baseUrl is not an http or https URL/);
    },
  );
});

describe('the limit of a minute (45011)', () => {
  it('lets nobody ask for a minute, whoever met it, and takes nothing of the time of an account', async () => {
    const timer = createManualTimer();
    await using source = createWechatSource({
      clock,
      baseUrl: simulator.url,
      ratePerSecond: Number.POSITIVE_INFINITY,
      totalTimeoutMs: 100_000,
      timer,
      random: () => 0,
    });
    simulator.inject({ fault: 'rate_limited', times: 3 });
    const fetching = [source.fetchScenes({ appId, credentials: byToken() }, never)];
    // The second comes during the first pause; after it both are refused once more.
    for (const [sleeps, asked] of [1, 3].entries()) {
      while (timer.sleeps.length <= sleeps || simulator.requests.length < asked)
        await new Promise((resolve) => setImmediate(resolve));
      if (sleeps === 0) fetching.push(source.fetchScenes({ appId, credentials: byToken() }, never));
      await timer.advance(59_999);
      expect(simulator.requests).toHaveLength(asked);
      await timer.advance(1);
    }
    expect((await Promise.all(fetching)).map(({ kind }) => kind)).toEqual(['answer', 'answer']);
    expect(simulator.requests).toHaveLength(5);
  });
});

describe('repetitions', () => {
  it('are left out when 8 calls in a row, and ten seconds, gave no answer; then they are made again', async () => {
    const timer = createInstantTimer();
    await using source = createWechatSource({
      clock,
      baseUrl: simulator.url,
      ratePerSecond: Number.POSITIVE_INFINITY,
      timer,
      random: () => 0,
    });
    const requestsOfOne = async () => {
      simulator.clearRequests();
      const result = await source.fetchScenes({ appId, credentials: byToken() }, never);
      return [simulator.requests.length, result.kind === 'failure' && result.cutShort === true];
    };
    simulator.inject({ fault: 'system_busy', times: 'always' });
    for (let call = 1; call < 8; call += 1) expect(await requestsOfOne()).toEqual([4, false]);
    for (let call = 8; call < 11; call += 1) expect(await requestsOfOne()).toEqual([1, true]);
    simulator.clearFaults();
    expect(await requestsOfOne()).toEqual([1, false]);
    simulator.inject({ fault: 'system_busy', times: 'always' });
    expect(await requestsOfOne()).toEqual([4, false]);
  });
});

describe('failing over to another host', () => {
  it.each<[string, SimulatorFaultName | null, boolean]>([
    ['5xx', 'html_502', true],
    ['a system that is busy', 'system_busy', false],
    ['a connection that was reset', 'socket_reset', false],
    ['an answer that is not JSON', 'not_json', false],
  ])('after %s: fault %s, other host asked: %s', async (_what, fault, asked) => {
    await using other = await startSimulator({ clock });
    if (fault !== null) simulator.inject({ fault, times: 2 });
    const { result } = await fetchOnce(byToken(), { fallbackBaseUrls: [other.url] });
    expect(result.kind).toBe('answer');
    expect(other.requests.length > 0).toBe(asked);
  });

  it('after a refused connection', async () => {
    const gone = await startSimulator();
    await gone[Symbol.asyncDispose]();
    const { result, waits } = await fetchOnce(byToken(), { baseUrl: gone.url, fallbackBaseUrls: [simulator.url] });
    expect({ kind: result.kind, waits }).toEqual({ kind: 'answer', waits: [1_000] });
  });
});

describe('tokens', () => {
  it('asks stable_token in normal mode, once for a run', async () => {
    await using source = createWechatSource({ clock, baseUrl: simulator.url });
    for (let i = 0; i < 3; i += 1) {
      expect((await source.fetchScenes({ appId, credentials: bySecret() }, never)).kind).toBe('answer');
    }
    expect(simulator.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST ${TOKEN}`,
      `GET ${LIST}`,
      `GET ${LIST}`,
      `GET ${LIST}`,
    ]);
  });

  it('leaves the token that production uses alive', async () => {
    const production = simulator.accessToken(appId);
    await fetchOnce(bySecret());
    expect(simulator.accessToken(appId)).toBe(production);
    expect(production.length).toBeGreaterThanOrEqual(512);
  });

  it('asks again once when the token has died, and goes on with the new one', async () => {
    await using source = createWechatSource({ clock, baseUrl: simulator.url });
    await source.fetchScenes({ appId, credentials: bySecret() }, never);
    simulator.replaceToken(appId);
    simulator.clearRequests();
    const result = await source.fetchScenes({ appId, credentials: bySecret() }, never);
    expect(result.kind).toBe('answer');
    expect(simulator.requests.map(({ path, errcode }) => [path, errcode])).toEqual([
      [LIST, 40001],
      [TOKEN, 0],
      [LIST, 0],
    ]);
  });

  it('tries the same token once more, then stops', async () => {
    simulator.inject({ fault: 'token_expired', times: 'always' });
    const { result, paths } = await fetchOnce(bySecret());
    expect(result).toMatchObject({ code: '42001', errorClass: 'token', credentialsRefused: true });
    expect(paths).toEqual([TOKEN, LIST, TOKEN, LIST]);
  });

  it.each<[string, () => AccountCredentials, SimulatorFault, readonly string[]]>([
    ['40001 for a maintained token', byToken, { fault: 'token_invalid' }, [LIST, LIST]],
    ['42001 for a token of stable_token', bySecret, { fault: 'token_expired' }, [TOKEN, LIST, TOKEN, LIST]],
    ['40014', byToken, { fault: 'errcode', code: 40014 }, [LIST, LIST]],
    ['41002 of the list', byToken, { fault: 'errcode', code: 41002 }, [LIST, LIST]],
    [
      '41002 of the token endpoint',
      bySecret,
      { fault: 'errcode', code: 41002, endpoint: 'stable_token' },
      [TOKEN, TOKEN, LIST],
    ],
  ])('survives a single %s, after two seconds', async (_what, credentials, fault, expectedPaths) => {
    simulator.inject(fault);
    const { result, waits, paths } = await fetchOnce(credentials());
    expect({ kind: result.kind, waits, paths }).toEqual({ kind: 'answer', waits: [2_000], paths: expectedPaths });
  });

  it('does not begin the wait for the same token when the time of the account is nearly over', async () => {
    simulator.inject({ fault: 'token_invalid' });
    const { result, waits } = await fetchOnce(byToken(), { totalTimeoutMs: 2_000 });
    expect(result).toMatchObject({ code: '40001' });
    expect(waits).toEqual([]);
  });

  it('does not loop when every new token is refused too', async () => {
    const tokens = [simulator.accessToken(appId), `${simulator.accessToken(appId)}x`, 'third-token'];
    simulator.replaceToken(appId);
    let reads = 0;
    const { result, paths } = await fetchOnce({ accessToken: async () => tokens[reads++] ?? '' });
    expect(result).toMatchObject({ code: '40001', errorClass: 'token', credentialsRefused: true });
    expect({ reads, paths }).toEqual({ reads: 2, paths: [LIST, LIST] });
  });

  it('reads a maintained token again when it was refused', async () => {
    const old = simulator.accessToken(appId);
    simulator.replaceToken(appId);
    const tokens = [old, simulator.accessToken(appId)];
    const { result, paths } = await fetchOnce({ accessToken: async () => tokens.shift() ?? '' });
    expect(result.kind).toBe('answer');
    expect(paths).toEqual([LIST, LIST]);
  });

  it.each<[string, SimulatorFaultName, object, number]>([
    [
      'a wrong secret',
      'token_invalid',
      { code: '40001', errorClass: 'configuration', accountOnly: true, credentialsRefused: true },
      1,
    ],
    [
      'a frozen secret',
      'secret_frozen',
      { code: '40243', errorClass: 'configuration', accountOnly: true, credentialsRefused: true },
      1,
    ],
    [
      'an IP that is not in the whitelist',
      'ip_not_whitelisted',
      {
        code: '40164',
        accountOnly: true,
        remedy: 'add 203.0.113.7 to the IP whitelist of this account at mp.weixin.qq.com',
      },
      1,
    ],
    ['a used-up quota', 'quota_exceeded', { code: '45009', errorClass: 'quota' }, 1],
    ['a busy system', 'system_busy', { code: '-1', errorClass: 'transient' }, 4],
    ['a malformed answer', 'malformed_token', { code: 'malformed_token_response', errorClass: 'unknown' }, 1],
    ['a reset, which is not repeated at once for a POST', 'socket_reset', { code: 'network', unreachable: true }, 4],
    ['a wrong date', 'wrong_date', { code: 'clock_skew', doNotRecord: true }, 1],
  ])('reports %s of the token endpoint', async (_what, fault, expected, requests) => {
    simulator.inject({ fault, times: 'always', endpoint: 'stable_token' });
    const { result, paths } = await fetchOnce(bySecret());
    expect(result).toMatchObject(expected);
    expect(paths).toEqual(Array.from({ length: requests }, () => TOKEN));
  });

  it('reports the secret and the app id that WeChat does not know', async () => {
    expect((await fetchOnce({ appSecret: async () => 'not-the-secret' })).result).toMatchObject({
      code: '40125',
      credentialsRefused: true,
    });
    await using source = createWechatSource({ clock, baseUrl: simulator.url });
    const stranger = await source.fetchScenes({ appId: 'wx-nobody', credentials: bySecret() }, never);
    expect(stranger).toMatchObject({ appId: 'wx-nobody', code: '40013', credentialsRefused: true });
  });

  it.each<[string, AccountCredentials | undefined, RegExp]>([
    ['none are given', undefined, /it has no credentials/],
    [
      'they cannot be read',
      { accessToken: () => Promise.reject(new Error('ENOENT')) },
      /its access token cannot be read: ENOENT/,
    ],
    ['they are empty', { appSecret: async () => '' }, /its app secret is empty/],
    [
      'they are the JSON that SDKs cache',
      { accessToken: async () => '{"access_token":"abc","expires_in":7200}' },
      /its access token is JSON, as SDKs cache it.*pointer: \/access_token, or give the access token alone/,
    ],
    ['they hold a line end', { accessToken: async () => 'abcdef\nghi' }, /holds spaces, line ends/],
  ])('fails the account without a request when %s', async (_what, credentials, message) => {
    await using source = createWechatSource({ clock, baseUrl: simulator.url });
    const result = await source.fetchScenes({ appId, ...(credentials && { credentials }) }, never);
    expect(result).toMatchObject({
      code: 'credentials_unusable',
      errorClass: 'configuration',
      accountOnly: true,
      credentialsRefused: true,
    });
    expect(textOf(result)).toMatch(message);
    expect(simulator.requests).toEqual([]);
  });
});
