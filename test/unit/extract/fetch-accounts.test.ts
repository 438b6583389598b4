import { describe, expect, it } from 'vitest';
import { fetchAccounts } from '../../../src/extract/fetch-accounts.ts';
import type { FetchResult, SceneSource, SourceAccount } from '../../../src/extract/scene-source.ts';

interface Call {
  readonly appId: string;
  readonly signal: AbortSignal;
  finish(bytes?: number): void;
  break(error: Error): void;
}

/** A source whose answers come when the test says so, and that obeys its signal. */
function createHeldSource(): SceneSource & { readonly open: Map<string, Call>; readonly begun: string[] } {
  const open = new Map<string, Call>();
  const begun: string[] = [];
  return {
    open,
    begun,
    fetchScenes({ appId }, signal) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<FetchResult>();
      begun.push(appId);
      open.set(appId, {
        appId,
        signal,
        finish: (bytes = 2) => resolve({ kind: 'answer', appId, observedAt: 0n, body: new Uint8Array(bytes) }),
        break: reject,
      });
      signal.addEventListener('abort', () => reject(signal.reason));
      return promise.finally(() => open.delete(appId));
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function finish(source: ReturnType<typeof createHeldSource>, appId: string, bytes?: number): Promise<void> {
  const call = source.open.get(appId);
  if (call === undefined) throw new Error(`${appId} is not being fetched`);
  call.finish(bytes);
  await settled();
}

function accounts(count: number): readonly SourceAccount[] {
  return Array.from({ length: count }, (_, i) => ({ appId: `a${i}` }));
}

async function* streamed(count: number): AsyncIterable<SourceAccount> {
  for (const account of accounts(count)) {
    await settled();
    yield account;
  }
}

const never = new AbortController().signal;

/** Takes everything an iteration yields, in the background. */
function drain(results: AsyncIterable<FetchResult>) {
  const got: string[] = [];
  const done = (async () => {
    for await (const { appId } of results) got.push(appId);
  })();
  done.catch(() => {});
  return { got, done };
}

describe('fetching many accounts', () => {
  it('keeps exactly the allowed number in flight while there is input, whatever order they finish in', async () => {
    const source = createHeldSource();
    const { got, done } = drain(fetchAccounts(source, accounts(40), { concurrency: 4, signal: never }));
    await settled();
    // The first account waits for its retry all the while.
    while (source.begun.length < 40) {
      expect(source.open.size).toBe(4);
      const last = [...source.open.keys()].at(-1) ?? '';
      await finish(source, last);
    }
    while (source.open.size > 0) await finish(source, [...source.open.keys()].at(-1) ?? '');
    await done;
    expect(got).toHaveLength(40);
    expect(got.at(-1)).toBe('a0');
    expect(new Set(got)).toEqual(new Set(source.begun));
  });

  it('reads a streamed list no further than it has slots', async () => {
    const source = createHeldSource();
    let read = 0;
    async function* list() {
      for await (const account of streamed(20)) {
        read += 1;
        yield account;
      }
    }
    const { done } = drain(fetchAccounts(source, list(), { concurrency: 3, signal: never }));
    for (let i = 0; i < 20; i += 1) await settled();
    expect({ read, open: source.open.size }).toEqual({ read: 3, open: 3 });
    for (let i = 0; i < 20; i += 1) {
      while (!source.open.has(`a${i}`)) await settled();
      await finish(source, `a${i}`);
    }
    await done;
  });

  it.each([
    ['results', { maxBuffered: 3 }, 2],
    ['bytes', { maxBufferedBytes: 3_000 }, 1_000],
  ])('stops when the consumer is slow and the buffer is full of %s', async (_what, limit, bytes) => {
    const source = createHeldSource();
    const results = fetchAccounts(source, accounts(20), { concurrency: 2, signal: never, ...limit });
    const first = results.next();
    await settled();
    await finish(source, 'a0', bytes);
    await first;
    // Nobody takes any more: three wait, and what was in flight when the buffer became full may finish.
    for (let i = 0; i < 10; i += 1) for (const appId of source.open.keys()) await finish(source, appId, bytes);
    expect({ begun: source.begun.length, open: source.open.size }).toEqual({ begun: 5, open: 0 });
    await results.next();
    await results.next();
    await settled();
    expect(source.open.size).toBe(2);
    await results.return();
  });

  it('cancels what is in flight when the consumer leaves, and waits for it', async () => {
    const source = createHeldSource();
    const results = fetchAccounts(source, accounts(9), { concurrency: 3, signal: never });
    const first = results.next();
    await settled();
    await finish(source, 'a1');
    expect((await first).value).toMatchObject({ appId: 'a1' });
    await results.return();
    expect({ open: source.open.size, begun: source.begun }).toEqual({ open: 0, begun: ['a0', 'a1', 'a2', 'a3'] });
  });

  it('yields what was complete when it is aborted, then throws the reason', async () => {
    const source = createHeldSource();
    const controller = new AbortController();
    const results = fetchAccounts(source, accounts(9), { concurrency: 3, signal: controller.signal });
    const first = results.next();
    await settled();
    await finish(source, 'a0');
    await first;
    await finish(source, 'a1');
    await finish(source, 'a2');
    controller.abort(new Error('SIGTERM'));
    expect((await results.next()).value).toMatchObject({ appId: 'a1' });
    expect((await results.next()).value).toMatchObject({ appId: 'a2' });
    await expect(results.next()).rejects.toThrow('SIGTERM');
    expect(source.open.size).toBe(0);
  });

  it('throws at once when it was aborted before, without a request', async () => {
    const source = createHeldSource();
    const { done } = drain(
      fetchAccounts(source, accounts(3), { concurrency: 3, signal: AbortSignal.abort(new Error('too late')) }),
    );
    await expect(done).rejects.toThrow('too late');
    expect(source.begun).toEqual([]);
  });

  it('does not wait for a list that hangs when it is aborted', async () => {
    const controller = new AbortController();
    async function* hanging(): AsyncIterable<SourceAccount> {
      yield { appId: 'a0' };
      await new Promise(() => {});
    }
    const { done } = drain(fetchAccounts(createHeldSource(), hanging(), { concurrency: 3, signal: controller.signal }));
    await settled();
    controller.abort(new Error('SIGTERM'));
    await expect(done).rejects.toThrow('SIGTERM');
  });

  it('stops and throws when the list cannot be read, or the source breaks its contract', async () => {
    async function* broken(): AsyncIterable<SourceAccount> {
      yield { appId: 'a0' };
      throw new Error('accounts.csv:2: not an app id');
    }
    const first = createHeldSource();
    await expect(drain(fetchAccounts(first, broken(), { concurrency: 3, signal: never })).done).rejects.toThrow(
      'accounts.csv:2',
    );
    expect(first.open.size).toBe(0);

    const second = createHeldSource();
    const { done } = drain(fetchAccounts(second, accounts(5), { concurrency: 2, signal: never }));
    await settled();
    second.open.get('a0')?.break(new Error('a defect'));
    await expect(done).rejects.toThrow('a defect');
    expect(second.open.size).toBe(0);
  });

  it('ends with an empty list', async () => {
    const { got, done } = drain(fetchAccounts(createHeldSource(), [], { concurrency: 3, signal: never }));
    await done;
    expect(got).toEqual([]);
  });
});
