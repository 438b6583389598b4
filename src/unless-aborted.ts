/**
 * The result of some work, unless the signal is aborted before: then this rejects with the reason at once, and what becomes
 * of the work is not heard of. Leaves nothing behind on the signal, unlike `Promise.race` with one that lives as long as a run.
 */
export async function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  Promise.resolve(work).then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
