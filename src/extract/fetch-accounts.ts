import type { FetchResult, SceneSource, SourceAccount } from './scene-source.ts';

export interface FetchAccountsOptions {
  /** Accounts that are being fetched at the same time, at most; exactly so many while there is input and room for results. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Results that wait for the consumer, at most. Default 1,000, or as many as fit into `maxBufferedBytes`. */
  readonly maxBuffered?: number;
  /** Their bodies together, in bytes. Default 16 MiB. */
  readonly maxBufferedBytes?: number;
}

/**
 * Fetches the scene lists of many accounts, each as soon as a slot is free, and yields results as they come, in any order.
 * A consumer that is slow (writing a batch) stops new requests only when the buffer is full. When the signal is aborted what is
 * complete is still yielded, then the iteration throws the reason; when the consumer leaves, the requests in flight are cancelled.
 * Either way none is in flight afterwards.
 */
export async function* fetchAccounts(
  source: SceneSource,
  accounts: Iterable<SourceAccount> | AsyncIterable<SourceAccount>,
  options: FetchAccountsOptions,
): AsyncGenerator<FetchResult, void, undefined> {
  const { concurrency, signal, maxBuffered = 1_000, maxBufferedBytes = 16_777_216 } = options;
  const stop = new AbortController();
  const inFlight = new Set<Promise<void>>();
  const ready: FetchResult[] = [];
  let readyBytes = 0;
  let fed = false;
  let changed = Promise.withResolvers<void>();

  function notify(): void {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  }

  function halt(reason: unknown): void {
    stop.abort(reason);
    notify();
  }

  async function fetchOne(account: SourceAccount): Promise<void> {
    try {
      const result = await source.fetchScenes(account, stop.signal);
      ready.push(result);
      readyBytes += bodyBytes(result);
    } catch (error) {
      halt(error);
    }
  }

  function start(account: SourceAccount): void {
    const task = fetchOne(account).finally(() => {
      inFlight.delete(task);
      notify();
    });
    inFlight.add(task);
  }

  async function feed(): Promise<void> {
    const iterator = Symbol.asyncIterator in accounts ? accounts[Symbol.asyncIterator]() : accounts[Symbol.iterator]();
    try {
      while (!stop.signal.aborted) {
        if (inFlight.size >= concurrency || ready.length >= maxBuffered || readyBytes >= maxBufferedBytes) {
          await changed.promise;
          continue;
        }
        const next = await unlessAborted(iterator.next(), stop.signal);
        if (next === undefined || next.done === true) break;
        start(next.value);
      }
    } catch (error) {
      halt(error);
    } finally {
      // Not awaited: an input that hangs must not keep us from ending.
      if (stop.signal.aborted) void Promise.resolve(iterator.return?.()).catch(() => {});
      fed = true;
      notify();
    }
  }

  const onAbort = () => halt(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const feeding = feed();
  try {
    for (;;) {
      for (let result = ready.shift(); result !== undefined; result = ready.shift()) {
        readyBytes -= bodyBytes(result);
        notify();
        yield result;
      }
      if (fed && inFlight.size === 0) break;
      await changed.promise;
    }
    stop.signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', onAbort);
    halt(new DOMException('nobody waits for the answers any more', 'AbortError'));
    await Promise.all([feeding, ...inFlight]);
  }
}

function bodyBytes(result: FetchResult): number {
  return result.kind === 'answer' ? result.body.byteLength : 0;
}

/** The value, or undefined as soon as the signal is aborted. Leaves nothing behind on the signal, unlike `Promise.race`. */
async function unlessAborted<T>(value: T | Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const onAbort = () => resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  Promise.resolve(value).then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
