import { abortable } from '../../abortable.ts';
import type { SourceAccount } from '../../extract/scene-source.ts';
import { isInShard, type Shard } from './shard.ts';

/** How long a list is read on to count its rest, in milliseconds: one that hangs must not keep a run from ending. */
const COUNT_MS = 1_000;

/** The accounts of a shard in the order of their list. They are iterated once; a run that is stopped counts the rest. */
export class CountedAccounts implements AsyncIterable<SourceAccount>, Disposable {
  readonly #accounts: AsyncGenerator<SourceAccount>;
  #count = 0;

  constructor(accounts: AsyncIterable<SourceAccount> | Iterable<SourceAccount>, shard: Shard | null) {
    this.#accounts = inShard(accounts, shard);
  }

  /** Leaving the iteration does not end it, so that the rest can be counted. */
  [Symbol.asyncIterator](): AsyncIterator<SourceAccount> {
    return { next: () => this.#next() };
  }

  /** How many there are: reads on to the end, or as far as it gets within a second. */
  async countAll(): Promise<number> {
    const deadline = AbortSignal.timeout(COUNT_MS);
    try {
      while ((await abortable(this.#next(), deadline)).done !== true);
    } catch {
      // What cannot be listed any more cannot be counted.
    }
    return this.#count;
  }

  /** Lets go of the list. Not awaited: one that hangs would end only with its next account. */
  [Symbol.dispose](): void {
    this.#accounts.return(undefined).catch(() => undefined);
  }

  async #next(): Promise<IteratorResult<SourceAccount>> {
    const next = await this.#accounts.next();
    if (next.done !== true) this.#count += 1;
    return next;
  }
}

async function* inShard(
  accounts: AsyncIterable<SourceAccount> | Iterable<SourceAccount>,
  shard: Shard | null,
): AsyncGenerator<SourceAccount> {
  for await (const account of accounts) if (isInShard(account.appId, shard)) yield account;
}
