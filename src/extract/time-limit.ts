/** The reason with which the signal of {@link withTimeLimit} is aborted when the time is over. */
export class TimeLimitReached extends Error {
  override readonly name = 'TimeLimitReached';
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`not done within ${limitMs} ms`);
    this.limitMs = limitMs;
  }
}

/**
 * Runs `work` with a signal that is aborted with the caller's, or with {@link TimeLimitReached} after `limitMs` milliseconds.
 * Unlike `AbortSignal.any` it leaves no listener behind on a signal that lives as long as the run. What arrived in time while
 * the process was busy (PGlite writes a batch in it) still counts.
 */
export async function withTimeLimit<T>(
  signal: AbortSignal,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  // Timers come before input: whatever waits in a socket is read first.
  const timeout = setTimeout(() => setImmediate(() => controller.abort(new TimeLimitReached(limitMs))), limitMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timeout);
    signal.removeEventListener('abort', onAbort);
  }
}
