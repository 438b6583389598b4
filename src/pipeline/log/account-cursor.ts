import { accountsOfStream } from '../../chunks.ts';
import { compareCodePoints } from '../../compare-code-points.ts';

/** A stream that is ordered by account, whose next account can be looked at before it is taken. */
export class AccountCursor<Row extends { readonly appId: string }> implements AsyncDisposable {
  readonly #accounts: AsyncGenerator<readonly [Row, ...Row[]]>;
  #front: Promise<IteratorResult<readonly [Row, ...Row[]]>> | undefined;

  constructor(rows: AsyncIterable<Row>) {
    this.#accounts = accountsOfStream(rows);
  }

  /** The account at the front; undefined at the end. */
  async peek(): Promise<string | undefined> {
    this.#front ??= this.#accounts.next();
    const { done, value } = await this.#front;
    return done === true ? undefined : value[0].appId;
  }

  /** The rows of this account when it is at the front, else none. */
  async take(appId: string): Promise<readonly Row[]> {
    this.#front ??= this.#accounts.next();
    const { done, value } = await this.#front;
    if (done === true || value[0].appId !== appId) return [];
    this.#front = undefined;
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#accounts.return(undefined);
  }
}

/** The first account at the front of any cursor; undefined when all are at their end. */
export async function firstAccount(
  cursors: readonly Pick<AccountCursor<never>, 'peek'>[],
): Promise<string | undefined> {
  const fronts: string[] = [];
  for (const cursor of cursors) {
    const appId = await cursor.peek();
    if (appId !== undefined) fronts.push(appId);
  }
  return fronts.sort(compareCodePoints)[0];
}
