import { abortable } from '../../abortable.ts';
import type { RefreshTokenChange, RefreshTokenStore } from '../../platform-stores.ts';

/** The most accounts of one call. */
const MAX_GROUP = 1_000;

/**
 * A store that groups the calls of many accounts: calls that come while one of `store` is under way
 * wait, and are then made as one. Reads and changes do not wait for each other. A call of `store`
 * is aborted when the signals of all its callers are.
 */
export function createGroupedStore(store: RefreshTokenStore): RefreshTokenStore {
  const reads = new CallGrouper<string, ReadonlyMap<string, string>>(
    (appId) => appId,
    (appIds, signal) => store.read([...new Set(appIds)], signal),
    false,
  );
  const changes = new CallGrouper<RefreshTokenChange, ReadonlySet<string>>(
    ({ appId }) => appId,
    (all, signal) => store.replace(all, signal),
    true,
  );
  return {
    read: async (appIds, signal) => {
      const stored = await reads.call(appIds, signal);
      return new Map(
        appIds.flatMap((appId) => {
          const token = stored.get(appId);
          return token === undefined ? [] : [[appId, token] as const];
        }),
      );
    },
    replace: async (own, signal) => {
      const replaced = await changes.call(own, signal);
      return new Set(own.map(({ appId }) => appId).filter((appId) => replaced.has(appId)));
    },
  };
}

interface Waiting<Item, Result> {
  readonly items: readonly Item[];
  readonly signal: AbortSignal;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes one call of several that wait, in the order in which they came. */
class CallGrouper<Item, Result> {
  readonly #appIdOf: (item: Item) => string;
  readonly #send: (items: readonly Item[], signal: AbortSignal) => Promise<Result>;
  /** Whether an account may be in one call only once. */
  readonly #isOnce: boolean;
  #waiting: Waiting<Item, Result>[] = [];
  #isSending = false;

  constructor(
    appIdOf: (item: Item) => string,
    send: (items: readonly Item[], signal: AbortSignal) => Promise<Result>,
    isOnce: boolean,
  ) {
    this.#appIdOf = appIdOf;
    this.#send = send;
    this.#isOnce = isOnce;
  }

  async call(items: readonly Item[], signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.push({ items, signal, resolve, reject });
    if (!this.#isSending) void this.#sendAll();
    return abortable(promise, signal);
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) await this.#sendGroup(this.#takeGroup());
    this.#isSending = false;
  }

  /**
   * The first call that waits, and those behind it that fit. Calls that were aborted meanwhile are
   * dropped.
   */
  #takeGroup(): readonly Waiting<Item, Result>[] {
    this.#waiting = this.#waiting.filter(({ signal }) => !signal.aborted);
    const accounts = new Set<string>();
    let count = 0;
    const end = this.#waiting.findIndex(({ items }, n) => {
      const appIds = items.map(this.#appIdOf);
      const isFull = count + items.length > MAX_GROUP || (this.#isOnce && appIds.some((appId) => accounts.has(appId)));
      if (n > 0 && isFull) return true;
      count += items.length;
      for (const appId of appIds) accounts.add(appId);
      return false;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #sendGroup(group: readonly Waiting<Item, Result>[]): Promise<void> {
    if (group.length === 0) return;
    const stop = new AbortController();
    const stopWhenAllAre = () => group.every(({ signal }) => signal.aborted) && stop.abort(group[0]?.signal.reason);
    for (const { signal } of group) signal.addEventListener('abort', stopWhenAllAre);
    try {
      const result = await this.#send(
        group.flatMap(({ items }) => items),
        stop.signal,
      );
      for (const { resolve } of group) resolve(result);
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      for (const { signal } of group) signal.removeEventListener('abort', stopWhenAllAre);
    }
  }
}
