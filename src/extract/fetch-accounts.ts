import { abortable } from '../abortable.ts';
import type { FetchResult, SceneSource, SourceAccount } from './scene-source.ts';

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
  const { signal } = options;
  const pool = new FetchPool(source, options);
  const onAbort = () => pool.halt(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const feeding = pool.feed(accounts);
  try {
    yield* pool.results();
  } finally {
    signal.removeEventListener('abort', onAbort);
    pool.halt(new DOMException('nobody waits for the answers any more', 'AbortError'));
    await feeding;
    await pool.idle();
  }
}

export interface FetchAccountsOptions {
  /** Accounts that are being fetched at the same time, at most; exactly so many while there is input and room for results. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Results that wait for the consumer, at most. Default 1,000, or as many as fit into `maxBufferedBytes`. */
  readonly maxBuffered?: number;
  /** Their bodies together, in bytes. Default 16 MiB. */
  readonly maxBufferedBytes?: number;
}

/** The accounts that are being fetched, and the results that nobody has taken yet. */
class FetchPool {
  readonly #source: SceneSource;
  readonly #limits: { readonly concurrency: number; readonly results: number; readonly bytes: number };
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #ready: FetchResult[] = [];
  #readyBytes = 0;
  #isFed = false;
  #changed = Promise.withResolvers<void>();

  constructor(source: SceneSource, options: FetchAccountsOptions) {
    const { concurrency, maxBuffered = 1_000, maxBufferedBytes = 16_777_216 } = options;
    this.#source = source;
    this.#limits = { concurrency, results: maxBuffered, bytes: maxBufferedBytes };
  }

  /** Starts no request any more and cancels those in flight. */
  halt(reason: unknown): void {
    this.#stop.abort(reason);
    this.#notify();
  }

  /** Starts the accounts one after the other; resolves when the last one was started, or none will be. */
  async feed(accounts: Iterable<SourceAccount> | AsyncIterable<SourceAccount>): Promise<void> {
    const { signal } = this.#stop;
    const iterator = Symbol.asyncIterator in accounts ? accounts[Symbol.asyncIterator]() : accounts[Symbol.iterator]();
    try {
      while (!signal.aborted) {
        if (this.#isFull()) {
          await this.#changed.promise;
          continue;
        }
        const next = await abortable(iterator.next(), signal);
        if (next.done === true) break;
        this.#start(next.value);
      }
    } catch (error) {
      this.halt(error);
    } finally {
      // Not awaited: an input that hangs must not keep us from ending.
      if (signal.aborted) void Promise.resolve(iterator.return?.()).catch(() => {});
      this.#isFed = true;
      this.#notify();
    }
  }

  /** Results as they come, until all accounts are done; then throws the reason of a halt. */
  async *results(): AsyncGenerator<FetchResult, void, undefined> {
    for (;;) {
      for (let result = this.#ready.shift(); result !== undefined; result = this.#ready.shift()) {
        this.#readyBytes -= bodyBytes(result);
        this.#notify();
        yield result;
      }
      if (this.#isFed && this.#inFlight.size === 0) break;
      await this.#changed.promise;
    }
    this.#stop.signal.throwIfAborted();
  }

  /** Resolves when no request is in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  #isFull(): boolean {
    const { concurrency, results, bytes } = this.#limits;
    return this.#inFlight.size >= concurrency || this.#ready.length >= results || this.#readyBytes >= bytes;
  }

  #start(account: SourceAccount): void {
    const task = this.#fetch(account).finally(() => {
      this.#inFlight.delete(task);
      this.#notify();
    });
    this.#inFlight.add(task);
  }

  async #fetch(account: SourceAccount): Promise<void> {
    try {
      const result = await this.#source.fetchScenes(account, this.#stop.signal);
      this.#ready.push(result);
      this.#readyBytes += bodyBytes(result);
    } catch (error) {
      this.halt(error);
    }
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function bodyBytes(result: FetchResult): number {
  return result.kind === 'answer' ? result.body.byteLength : 0;
}
