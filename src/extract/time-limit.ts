import { systemTimer, type Timer } from '../clock.ts';

/**
 * Runs `work` with a signal that is aborted with the caller's, or with {@link TimeLimitReached} after `limitMs` milliseconds.
 * Rejects at that moment, even when `work` does not heed the signal. Unlike `AbortSignal.any` this leaves no listener behind
 * on a signal that lives as long as the run.
 */
export async function withTimeLimit<T>(
  signal: AbortSignal,
  limitMs: number,
  work: (signal: AbortSignal, limit: TimeLimit) => Promise<T>,
  timer: Timer = systemTimer,
): Promise<T> {
  signal.throwIfAborted();
  using limit = new TimeLimit(limitMs, timer);
  const over = Promise.withResolvers<never>();
  limit.signal.addEventListener('abort', () => over.reject(limit.signal.reason), { once: true });
  const onAbort = () => limit.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(limit.signal, limit), over.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export class TimeLimit implements Disposable {
  readonly #controller = new AbortController();
  readonly #limitMs: number;
  readonly #timer: Timer;
  #endsAt: number;
  #timeout: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(limitMs: number, timer: Timer) {
    this.#limitMs = limitMs;
    this.#timer = timer;
    this.#endsAt = timer.now() + limitMs;
    this.#arm();
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  leftMs(): number {
    return this.#endsAt - this.#timer.now();
  }

  /** The limit stands still while `wait` lasts. */
  async pauseDuring<T>(wait: () => Promise<T>): Promise<T> {
    clearTimeout(this.#timeout);
    const since = this.#timer.now();
    try {
      return await wait();
    } finally {
      this.#endsAt += this.#timer.now() - since;
      if (!this.#isDisposed) this.#arm();
    }
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timeout);
  }

  #arm(): void {
    // Timers come before input. What arrived while the process was busy (PGlite writes a batch in it) is read first.
    const end = () => setImmediate(() => this.abort(new TimeLimitReached(this.#limitMs)));
    this.#timeout = setTimeout(end, Math.max(0, this.leftMs()));
  }
}

/** The reason with which the signal of {@link withTimeLimit} is aborted when the time is over. */
export class TimeLimitReached extends Error {
  override readonly name = 'TimeLimitReached';
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`not done within ${limitMs} ms`);
    this.limitMs = limitMs;
  }
}
