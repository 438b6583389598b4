import { expect, test } from 'vitest';
import { createGroupedStore } from '../../../src/extract/refresh-tokens/grouped-store.ts';
import type { RefreshTokenChange, RefreshTokenStore } from '../../../src/platform-stores.ts';

const { signal } = new AbortController();
const changeOf = (appId: string, token: string, expected: string | null = null): RefreshTokenChange => ({
  appId,
  expected,
  token,
});
const accounts = (count: number) => Array.from({ length: count }, (_, n) => `wx${n}`);

/** A store in memory that records its calls. Each waits for `release`, and rejects with the error that it is given. */
function createStage() {
  const tokens = new Map<string, string>();
  const calls: {
    readonly items: readonly string[];
    readonly signal: AbortSignal;
    readonly release: (error?: Error) => void;
  }[] = [];
  const wait = (items: readonly string[], of: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    calls.push({ items, signal: of, release: (error) => (error === undefined ? resolve() : reject(error)) });
    return promise;
  };
  const store: RefreshTokenStore = {
    read: async (appIds, of) => {
      await wait(appIds, of);
      return new Map([...tokens].filter(([appId]) => appIds.includes(appId)));
    },
    replace: async (changes, of) => {
      await wait(
        changes.map(({ appId, token }) => `${appId}=${token}`),
        of,
      );
      const taken = changes.filter(({ appId, expected }) => (tokens.get(appId) ?? null) === expected);
      for (const { appId, token } of taken) tokens.set(appId, token);
      return new Set(taken.map(({ appId }) => appId));
    },
  };
  return { grouped: createGroupedStore(store), calls, tokens };
}

const next = () => new Promise<void>((resolve) => setImmediate(resolve));

test('calls that come while one is under way are made as one, and each caller gets its own accounts', async () => {
  const { grouped, calls, tokens } = createStage();
  tokens.set('wx2', 'b').set('wx3', 'c');
  const reads = [['wx1'], ['wx2'], ['wx3', 'wx2'], ['wx1']].map((appIds) => grouped.read(appIds, signal));
  await next();
  expect(calls.map(({ items }) => items)).toEqual([['wx1']]);
  calls[0]?.release();
  await next();
  expect(calls.map(({ items }) => items)).toEqual([['wx1'], ['wx2', 'wx3', 'wx1']]);
  calls[1]?.release();
  expect((await Promise.all(reads)).map((found) => [...found])).toEqual([
    [],
    [['wx2', 'b']],
    [
      ['wx3', 'c'],
      ['wx2', 'b'],
    ],
    [],
  ]);
});

test('a call has 1,000 accounts at most, and a change of each account once', async () => {
  const { grouped, calls, tokens } = createStage();
  const first = grouped.replace([changeOf('wx0', 'a')], signal);
  const many = accounts(2_500).map((appId) =>
    grouped.replace([changeOf(appId, 'b', appId === 'wx0' ? 'a' : null)], signal),
  );
  const again = grouped.replace([changeOf('wx2499', 'c', 'b')], signal);
  for (let n = 0; n < 5; n += 1) {
    await next();
    calls[n]?.release();
  }
  expect(calls.map(({ items }) => items.length)).toEqual([1, 1_000, 1_000, 500, 1]);
  expect((await Promise.all([first, ...many, again])).every(({ size }) => size === 1)).toBe(true);
  expect([tokens.size, tokens.get('wx0'), tokens.get('wx2499')]).toEqual([2_500, 'b', 'c']);
});

test('of two changes that expect the same token, exactly one replaces it', async () => {
  const { grouped, calls } = createStage();
  const both = [grouped.replace([changeOf('wx1', 'a')], signal), grouped.replace([changeOf('wx1', 'b')], signal)];
  await next();
  calls[0]?.release();
  await next();
  calls[1]?.release();
  expect((await Promise.all(both)).map(({ size }) => size)).toEqual([1, 0]);
});

test('a failure rejects every caller of that call, and the next call is made all the same', async () => {
  const { grouped, calls } = createStage();
  const results = ['wx1', 'wx2', 'wx3'].map((appId) => grouped.replace([changeOf(appId, 'a')], signal));
  const outcomes = Promise.allSettled(results);
  await next();
  calls[0]?.release();
  await next();
  calls[1]?.release(new Error('away'));
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  const later = grouped.read(['wx1'], signal);
  await next();
  calls[2]?.release();
  expect(await later).toEqual(new Map([['wx1', 'a']]));
});

test('an aborted caller stops waiting; the call itself is aborted when all its callers are, and not before', async () => {
  const { grouped, calls } = createStage();
  const [one, two, waiting] = [new AbortController(), new AbortController(), new AbortController()];
  const blocker = grouped.read(['wx0'], signal);
  const first = grouped.read(['wx1'], one.signal);
  const second = grouped.read(['wx2'], two.signal);
  const never = grouped.read(['wx9'], waiting.signal);
  waiting.abort(new Error('before its turn'));
  await expect(never).rejects.toThrow('before its turn');
  await next();
  calls[0]?.release();
  await blocker;
  await next();
  expect(calls[1]?.items).toEqual(['wx1', 'wx2']);
  one.abort(new Error('stopped'));
  await expect(first).rejects.toThrow('stopped');
  expect(calls[1]?.signal.aborted).toBe(false);
  two.abort(new Error('stopped, too'));
  await expect(second).rejects.toThrow('stopped, too');
  expect(calls[1]?.signal.aborted).toBe(true);
});
