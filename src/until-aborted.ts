import { unlessAborted } from './unless-aborted.ts';

/** What an iterable gives until the signal is aborted: then this rejects with the reason at once, also while the next is waited for. */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await unlessAborted(iterator.next(), signal);
      if (done === true) return;
      yield value;
    }
  } finally {
    // One that waits for its next item would end only with that.
    const ended = Promise.resolve(iterator.return?.());
    if (signal.aborted) ended.catch(() => undefined);
    else await ended;
  }
}
