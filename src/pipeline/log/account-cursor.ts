import { compareCodePoints } from '../../compare-code-points.ts';

/** Items of one account, in the order in which they came. */
export interface AccountGroup<Item> {
  readonly appId: string;
  readonly items: readonly Item[];
}

/** Groups a stream that is ordered by account. */
export async function* groupByAccount<Item>(
  items: AsyncIterable<Item>,
  appIdOf: (item: Item) => string,
): AsyncGenerator<AccountGroup<Item>> {
  let group: { appId: string; items: Item[] } | undefined;
  for await (const item of items) {
    const appId = appIdOf(item);
    if (group !== undefined && group.appId === appId) {
      group.items.push(item);
      continue;
    }
    if (group !== undefined) yield group;
    group = { appId, items: [item] };
  }
  if (group !== undefined) yield group;
}

/** A stream of accounts, in order, whose next one can be looked at before it is taken. */
export interface AccountCursor<Item> extends AsyncDisposable {
  /** The account at the front; undefined at the end. */
  peek(): Promise<string | undefined>;
  /** The items of this account when it is at the front, else none. */
  take(appId: string): Promise<readonly Item[]>;
}

export function createAccountCursor<Item>(groups: AsyncGenerator<AccountGroup<Item>>): AccountCursor<Item> {
  let front: Promise<IteratorResult<AccountGroup<Item>>> | undefined;
  const current = () => {
    front ??= groups.next();
    return front;
  };
  return {
    async peek() {
      const { done, value } = await current();
      return done === true ? undefined : value.appId;
    },
    async take(appId) {
      const { done, value } = await current();
      if (done === true || value.appId !== appId) return [];
      front = undefined;
      return value.items;
    },
    async [Symbol.asyncDispose]() {
      await groups.return(undefined);
    },
  };
}

/** The first account at the front of any cursor; undefined when all are at their end. */
export async function firstAccount(cursors: readonly AccountCursor<unknown>[]): Promise<string | undefined> {
  let first: string | undefined;
  for (const cursor of cursors) {
    const appId = await cursor.peek();
    if (appId !== undefined && (first === undefined || compareCodePoints(appId, first) < 0)) first = appId;
  }
  return first;
}
