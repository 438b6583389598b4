/** Accounts of a third-party platform: the component token, refresh tokens that rotate, and what is refused. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { defaultRetryPolicy } from '../../src/extract/retry-policy.ts';
import type { ComponentCredentials, FetchResult } from '../../src/extract/scene-source.ts';
import { createWechatSource, type WechatSource, type WechatSourceOptions } from '../../src/extract/wechat-source.ts';
import type { RefreshTokenChange, RefreshTokenStore } from '../../src/platform-stores.ts';
import type { SimulatorPlatformOptions } from '../../src/simulator/platform/simulated-platform.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { SimulatorEndpoint, SimulatorFaultName } from '../../src/simulator/simulator-faults.ts';
import { createInstantTimer } from '../support/virtual-timer.ts';

const componentAppId = 'wxcomponent';
const never = new AbortController().signal;
const appIds = Array.from({ length: 5 }, (_, n) => `wx${n}`);
const LIST = '/cgi-bin/component/api_get_authorizer_list';
const MINT = '/cgi-bin/component/api_component_token';
const TOKEN = '/cgi-bin/component/api_authorizer_token';
const SCENES = '/wxaapi/log/get_scene';

/** A store in memory that records its changes, and lets a test write between the read and the change of a token. */
class WatchedStore implements RefreshTokenStore, AsyncDisposable {
  readonly tokens = new Map<string, string>();
  readonly changes: RefreshTokenChange[] = [];
  beforeReplace: (change: RefreshTokenChange) => void | Promise<void> = () => {};
  isClosed = false;

  async read(wanted: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map([...this.tokens].filter(([appId]) => wanted.includes(appId)));
  }

  async replace(changes: readonly RefreshTokenChange[]): Promise<ReadonlySet<string>> {
    const done = new Set<string>();
    for (const change of changes) {
      await this.beforeReplace(change);
      if ((this.tokens.get(change.appId) ?? null) !== change.expected) continue;
      this.tokens.set(change.appId, change.token);
      this.changes.push(change);
      done.add(change.appId);
    }
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }
}

interface Stage extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly store: WatchedStore;
  open(options?: Partial<WechatSourceOptions>): WechatSource;
  /** Fetches with a source of its own, all accounts at the same time or `inTurn`. */
  run(
    ids?: readonly string[],
    options?: Partial<WechatSourceOptions> & { readonly inTurn?: boolean },
  ): Promise<readonly FetchResult[]>;
  /** How many requests each of these paths had. */
  counts(...paths: readonly string[]): readonly number[];
}

interface StageOptions {
  readonly accounts?: readonly string[];
  /** Default: the token of the platform, from elsewhere. */
  readonly credentials?: (simulator: Simulator) => ComponentCredentials;
  readonly platform?: Partial<SimulatorPlatformOptions>;
}

async function createStage({ accounts = appIds, credentials = given, platform }: StageOptions = {}): Promise<Stage> {
  const simulator = await startSimulator({
    accounts: accounts.map((appId) => ({ appId })),
    platform: { componentAppId, ...platform },
  });
  const store = new WatchedStore();
  const open = (options: Partial<WechatSourceOptions> = {}) =>
    createWechatSource({
      clock: systemClock,
      baseUrl: simulator.url,
      ratePerSecond: Number.POSITIVE_INFINITY,
      timer: createInstantTimer(),
      platform: { componentAppId, credentials: credentials(simulator), store },
      ...options,
    });
  return {
    simulator,
    store,
    open,
    async run(ids = appIds, { inTurn = false, ...options } = {}) {
      await using source = open(options);
      const fetch = (appId: string) => fetchFrom(source, appId);
      return inTurn ? await Array.fromAsync(ids, fetch) : await Promise.all(ids.map(fetch));
    },
    counts: (...paths) => paths.map((path) => simulator.requestCounts[path] ?? 0),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

const fetchFrom = (source: WechatSource, appId: string) =>
  source.fetchScenes({ appId, credentials: { platform: true } }, never);

const given = (simulator: Simulator): ComponentCredentials => ({
  accessToken: async () => simulator.componentAccessToken(),
});
const minted = (simulator: Simulator): ComponentCredentials => ({
  appSecret: async () => simulator.componentAppSecret,
  verifyTicket: async () => simulator.verifyTicket,
});

/** A fault of an endpoint that stays. */
const always = (fault: SimulatorFaultName, endpoint: SimulatorEndpoint) =>
  ({ fault, endpoint, times: 'always' }) as const;
const errcode = (code: number, endpoint: SimulatorEndpoint) => ({ ...always('errcode', endpoint), code });

/** An answer of `api_authorizer_token` with this refresh token. */
const tokenAnswer = (refreshToken: unknown) => ({
  authorizer_access_token: 'a'.repeat(512),
  expires_in: 7200,
  authorizer_refresh_token: refreshToken,
});

const codes = (results: readonly FetchResult[]) =>
  results.map((result) => (result.kind === 'answer' ? 'ok' : result.code));
const [first = ''] = appIds;

/** A host that answers everything with the same JSON, at a time of its own. */
async function answering(
  answer: unknown,
  date = new Date(),
): Promise<AsyncDisposable & { readonly url: string; asked(): boolean }> {
  let asked = false;
  const server = createServer((_request, response) => {
    asked = true;
    response.setHeader('Date', date.toUTCString());
    response.end(JSON.stringify(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What another process does: it asks for a token with the newest refresh token, and is given the next. */
async function rotate(simulator: Simulator, appId: string): Promise<string> {
  const url = `${simulator.url}${TOKEN}?component_access_token=${simulator.componentAccessToken()}`;
  const body = JSON.stringify({
    component_appid: componentAppId,
    authorizer_appid: appId,
    authorizer_refresh_token: simulator.refreshToken(appId),
  });
  const answer = await fetch(url, { method: 'POST', body });
  return ((await answer.json()) as { authorizer_refresh_token: string }).authorizer_refresh_token;
}

describe('the token of an account', () => {
  test('is asked for with the refresh token of the list at first, with the stored one from then on; the list is read once', async () => {
    await using stage = await createStage();
    expect(codes(await stage.run())).toEqual(appIds.map(() => 'ok'));
    expect(stage.counts(LIST, MINT, TOKEN, SCENES)).toEqual([1, 0, 5, 5]);
    for (const appId of appIds) expect(stage.store.tokens.get(appId)).toBe(stage.simulator.refreshToken(appId));
    stage.simulator.clearRequests();
    expect(codes(await stage.run())).toEqual(appIds.map(() => 'ok'));
    expect(stage.counts(LIST, MINT, TOKEN, SCENES)).toEqual([0, 0, 5, 5]);
    for (const appId of appIds) expect(stage.store.tokens.get(appId)).toBe(stage.simulator.refreshToken(appId));
    expect(stage.store.isClosed).toBe(true);
  });

  test('is not used before the refresh token that came with it is stored', async () => {
    await using stage = await createStage({ platform: { strictRefreshTokens: true } });
    const askedBefore: number[] = [];
    stage.store.beforeReplace = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      askedBefore.push(...stage.counts(SCENES));
    };
    expect(codes(await stage.run([first]))).toEqual(['ok']);
    expect(askedBefore).toEqual([0]);
  });

  test('is asked for once more after a refusal, and no oftener, however long WeChat refuses', async () => {
    await using stage = await createStage();
    stage.simulator.inject(always('token_invalid', 'get_scene'));
    expect(codes(await stage.run([first]))).toEqual(['40001']);
    expect(stage.counts(TOKEN, SCENES)).toEqual([2, 2]);
  });

  test('is not asked for when neither the store nor the list has a refresh token of it', async () => {
    await using stage = await createStage();
    stage.simulator.revoke(first);
    const [result] = await stage.run([first]);
    expect(result).toMatchObject({
      code: 'no_refresh_token',
      errorClass: 'unavailable',
      accountOnly: true,
    });
    expect(stage.counts(TOKEN)).toEqual([0]);
  });

  test('a refresh token that does not change is stored once, and never written again', async () => {
    await using stage = await createStage({ platform: { rotatesRefreshTokens: false } });
    await stage.run();
    await stage.run();
    expect(stage.store.changes.map(({ appId }) => appId).toSorted()).toEqual(appIds);
  });

  test.each(['', null])(
    'a refresh token that is %j in the answer does not replace the stored one',
    async (refreshToken) => {
      await using stage = await createStage({ platform: { rotatesRefreshTokens: false } });
      await using server = await answering(tokenAnswer(refreshToken));
      stage.store.tokens.set(first, 'refreshtoken@@@stored');
      await stage.run([first], { baseUrl: server.url });
      expect([stage.store.tokens.get(first), server.asked()]).toEqual(['refreshtoken@@@stored', true]);
    },
  );

  test.each(['refresh\u0000token', 'refresh\ud800token', ' ', 7])(
    'a refresh token that is %j in the answer fails the account, and is not stored',
    async (refreshToken) => {
      await using stage = await createStage();
      await using server = await answering(tokenAnswer(refreshToken));
      stage.store.tokens.set(first, 'refreshtoken@@@stored');
      const results = await stage.run([first], { baseUrl: server.url });
      expect([codes(results), stage.store.tokens.get(first)]).toEqual([
        ['malformed_token_response'],
        'refreshtoken@@@stored',
      ]);
    },
  );

  test('a refresh token is stored though the clock is wrong, since the answer that brings it ended the one before', async () => {
    await using stage = await createStage();
    await using server = await answering(tokenAnswer('refreshtoken@@@new'), new Date(Date.now() - 3_600_000));
    stage.store.tokens.set(first, 'refreshtoken@@@stored');
    const results = await stage.run([first], { baseUrl: server.url });
    expect([codes(results), stage.store.tokens.get(first)]).toEqual([['clock_skew'], 'refreshtoken@@@new']);
  });
});

describe('a refresh token that WeChat refuses', () => {
  test('is replaced by that of the list, which is read once for all accounts', async () => {
    await using stage = await createStage();
    for (const appId of appIds) stage.store.tokens.set(appId, `refreshtoken@@@lost-${appId}`);
    expect(codes(await stage.run())).toEqual(appIds.map(() => 'ok'));
    expect(stage.counts(LIST, TOKEN)).toEqual([1, 10]);
    for (const appId of appIds) expect(stage.store.tokens.get(appId)).toBe(stage.simulator.refreshToken(appId));
  });

  test('stays stored when that of the list is refused, too: the account needs re-authorisation', async () => {
    await using stage = await createStage();
    stage.store.tokens.set(first, 'refreshtoken@@@lost');
    stage.simulator.inject(errcode(61023, 'authorizer_token'));
    const [result] = await stage.run([first]);
    expect(result).toMatchObject({
      code: '61023',
      errorClass: 'unavailable',
      accountOnly: true,
    });
    expect(result).toMatchObject({
      message: expect.stringMatching(/rid: .*it needs re-authorisation$/),
    });
    expect(stage.store.tokens.get(first)).toBe('refreshtoken@@@lost');
    expect(stage.counts(LIST, TOKEN)).toEqual([1, 2]);
  });

  test('is read from the store again before the list is read, because another process may have replaced it', async () => {
    await using stage = await createStage();
    stage.store.tokens.set(first, 'refreshtoken@@@old');
    const { read } = WatchedStore.prototype;
    let reads = 0;
    stage.store.read = async (wanted) => {
      reads += 1;
      if (reads === 2) stage.store.tokens.set(first, stage.simulator.refreshToken(first));
      return read.call(stage.store, wanted);
    };
    expect(codes(await stage.run([first]))).toEqual(['ok']);
    expect(stage.counts(LIST, TOKEN)).toEqual([0, 2]);
  });
});

describe('another process that stores a refresh token of the same account at the same time', () => {
  test.each([
    ['theirs is the newer one', true],
    ['ours is the newer one', false],
  ])('loses no valid token, when %s', async (_what, isTheirsNewer) => {
    await using stage = await createStage({ platform: { strictRefreshTokens: true } });
    stage.store.tokens.set(first, stage.simulator.refreshToken(first));
    let isDone = false;
    stage.store.beforeReplace = async ({ appId }) => {
      if (isDone) return;
      isDone = true;
      const theirs = isTheirsNewer ? await rotate(stage.simulator, appId) : 'refreshtoken@@@overtaken';
      stage.store.tokens.set(appId, theirs);
    };
    expect(codes(await stage.run([first]))).toEqual(['ok']);
    expect(stage.store.tokens.get(first)).toBe(stage.simulator.refreshToken(first));
  });
});

describe('the token of the platform', () => {
  test('is minted once for all accounts, where the config says so', async () => {
    await using stage = await createStage({ credentials: minted });
    expect(codes(await stage.run())).toEqual(appIds.map(() => 'ok'));
    expect(stage.counts(MINT)).toEqual([1]);
  });

  test('is not minted again within five minutes, though WeChat refuses it: the run stops', async () => {
    await using stage = await createStage({ credentials: minted });
    stage.simulator.inject(always('token_invalid', 'authorizer_token'));
    for (const appId of appIds) stage.store.tokens.set(appId, stage.simulator.refreshToken(appId));
    const results = await stage.run(appIds, { inTurn: true });
    expect(codes(results)).toEqual(appIds.map(() => '40001'));
    expect(results.filter((result) => result.kind === 'failure' && !result.accountOnly).length).toBeGreaterThan(0);
    expect(results.every((result) => result.kind === 'failure' && result.credentialsRefused)).toBe(true);
    expect(stage.counts(MINT)).toEqual([1]);
  });

  test('from elsewhere is read again when it is refused, and a newer one is used', async () => {
    let reads = 0;
    await using stage = await createStage({
      credentials: (simulator) => ({
        accessToken: async () => {
          reads += 1;
          return reads === 1 ? 'stale'.repeat(30) : simulator.componentAccessToken();
        },
      }),
    });
    expect(codes(await stage.run())).toEqual(appIds.map(() => 'ok'));
    expect(reads).toBe(2);
  });

  test('from elsewhere that is renewed there a moment after it was refused, is read once more', async () => {
    let reads = 0;
    await using stage = await createStage({
      credentials: (simulator) => ({
        accessToken: async () => {
          reads += 1;
          return reads <= 2 ? 'stale'.repeat(30) : simulator.componentAccessToken();
        },
      }),
    });
    expect(codes(await stage.run())).toEqual(appIds.map(() => 'ok'));
    expect(reads).toBe(3);
  });

  test.each([
    ['an expired ticket', (simulator: Simulator) => simulator.expireTickets(), '61005'],
    [
      'an IP that the platform does not list',
      (simulator: Simulator) => simulator.inject(errcode(61004, 'component_token')),
      '61004',
    ],
  ])('with %s concerns every account', async (_what, spoil, code) => {
    await using stage = await createStage({ credentials: minted });
    spoil(stage.simulator);
    const [result] = await stage.run([first]);
    expect(result).toMatchObject({
      code,
      errorClass: 'configuration',
      accountOnly: false,
    });
  });
});

describe('the list of a platform', () => {
  test('is read again for the next account after a fault that passes', async () => {
    await using stage = await createStage();
    const attempts = defaultRetryPolicy.attempts;
    stage.simulator.inject({
      fault: 'system_busy',
      endpoint: 'authorizer_list',
      times: attempts,
    });
    expect(codes(await stage.run(undefined, { inTurn: true }))).toEqual(['-1', 'ok', 'ok', 'ok', 'ok']);
    expect(stage.counts(LIST)).toEqual([attempts + 1]);
  });

  test.each([
    ['once is read again', 1, appIds, 0, 2],
    ['again and again is short of what it counts', 'always' as const, [], appIds.length, 3],
  ])('that ends before its own count %s', async (_what, times, listed, missing, reads) => {
    await using stage = await createStage();
    stage.simulator.inject({ fault: 'empty_page', endpoint: 'authorizer_list', times });
    await using source = stage.open();
    const list = await source.listAuthorizers(never);
    if (list.kind === 'failure') throw new Error(list.message);
    expect([[...new Set<string>().union(list.tokens.appIds)], list.missing]).toEqual([listed, missing]);
    expect(stage.counts(LIST)).toEqual([reads]);
  });

  test('is not read again after a refusal', async () => {
    await using stage = await createStage();
    stage.simulator.inject(errcode(48004, 'authorizer_list'));
    expect(codes(await stage.run(undefined, { inTurn: true }))).toEqual(appIds.map(() => '48004'));
    expect(stage.counts(LIST)).toEqual([1]);
  });

  test.each(['repeat', 'revoke', 'authorize'] as const)(
    'is whole though a row comes or goes between two pages: %s',
    async (shift) => {
      const many = Array.from({ length: 1_203 }, (_, n) => `wx${String(n).padStart(4, '0')}`);
      const change = {
        repeat: { shift: 'repeat', appId: 'wx0002', at: 10 },
        revoke: { shift: 'revoke', appId: 'wx0002' },
        authorize: { shift: 'authorize', account: { appId: 'wxnew' }, at: 3 },
      } as const;
      const rosterShifts = [{ ...change[shift], beforeOffset: 500 }];
      await using stage = await createStage({ accounts: many, platform: { rosterShifts } });
      await using source = stage.open();
      const list = await source.listAuthorizers(never);
      if (list.kind === 'failure') throw new Error(list.message);
      const expected = new Set(many);
      if (shift === 'authorize') expected.add('wxnew');
      expect(new Set(Iterator.from(list.tokens.appIds.keys())).symmetricDifference(expected)).toEqual(new Set());
    },
  );
});

describe('a daily quota that is used up', () => {
  test('of the platform ends its calls to that endpoint in this run; accounts that were not asked are marked', async () => {
    await using stage = await createStage();
    stage.simulator.inject(always('quota_exceeded', 'get_scene'));
    await using source = stage.open();
    const results = await Array.fromAsync(appIds, (appId) => fetchFrom(source, appId));
    expect(codes(results)).toEqual(appIds.map(() => '45009'));
    expect(results.map((result) => result.kind === 'failure' && result.unasked === true)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(stage.counts(SCENES, TOKEN)).toEqual([1, 1]);
    // One with a token of its own has a quota of its own.
    const own = { accessToken: async () => stage.simulator.accessToken(first) };
    await source.fetchScenes({ appId: first, credentials: own }, never);
    expect(stage.counts(SCENES)).toEqual([2]);
  });

  test('of tokens ends the look at the store, too', async () => {
    await using stage = await createStage();
    stage.simulator.inject(always('quota_exceeded', 'authorizer_token'));
    await using source = stage.open();
    expect(codes([await fetchFrom(source, first)])).toEqual(['45009']);
    stage.store.read = () => Promise.reject(new Error('the store is read'));
    const [, ...others] = appIds;
    const results = await Array.fromAsync(others, (appId) => fetchFrom(source, appId));
    expect(results.every((result) => result.kind === 'failure' && result.unasked === true)).toBe(true);
    expect(stage.counts(TOKEN)).toEqual([1]);
  });
});
