import { accountsOfStream } from '../../chunks.ts';
import { compareCodePoints } from '../../compare-code-points.ts';
import type { TouchedAccount } from './overlay-store.ts';

/**
 * Lays changes over rows, both ordered by app_id, one account in memory at a time. `merge` gets the
 * stored rows of a touched account (none when it has none) and what the batches did to it; accounts
 * that no batch touched pass as they are.
 */
export async function* layOver<Row extends { readonly appId: string }, Part>(
  storedRows: AsyncIterable<Row>,
  touched: Iterable<TouchedAccount<Part>>,
  merge: (stored: readonly Row[], changes: readonly Part[]) => Iterable<Row>,
): AsyncGenerator<Row> {
  const overlay = touched[Symbol.iterator]();
  let next = overlay.next();
  for await (const rows of accountsOfStream(storedRows)) {
    const [{ appId }] = rows;
    while (next.done !== true && compareCodePoints(next.value.appId, appId) < 0) {
      yield* merge([], next.value.changes);
      next = overlay.next();
    }
    if (next.done !== true && next.value.appId === appId) {
      yield* merge(rows, next.value.changes);
      next = overlay.next();
    } else yield* rows;
  }
  while (next.done !== true) {
    yield* merge([], next.value.changes);
    next = overlay.next();
  }
}
