/** Google's client and its token clients know no time limits: without these, a firewall that swallows packets stops a run for ever. */
import { once } from 'node:events';
import { sleep } from '../../../clock.ts';

/** A limit on a piece of work. */
export interface TimeLimit {
  /** Rejects when the limit is reached; `done` is aborted when the work has ended. */
  reached(done: AbortSignal): Promise<never>;
}

/** The result of `work`, unless one of the limits is reached before. */
export async function withinLimits<Result>(work: Promise<Result>, limits: readonly TimeLimit[]): Promise<Result> {
  const done = new AbortController();
  try {
    return await Promise.race([work, ...limits.map((limit) => limit.reached(done.signal))]);
  } finally {
    done.abort();
  }
}

/** Rejects with `error` after some milliseconds. */
export function timeout(ms: number, error: () => Error): TimeLimit {
  return {
    async reached(done) {
      await sleep(ms, done);
      throw error();
    },
  };
}

/** Rejects with the reason of `signal`, `graceMs` after the abort. */
export function abortOf(signal: AbortSignal, graceMs = 0): TimeLimit {
  return {
    async reached(done) {
      if (!signal.aborted) await once(signal, 'abort', { signal: done });
      if (graceMs > 0) await sleep(graceMs, done);
      throw signal.reason;
    },
  };
}

/** Rejects with `error` when nothing has moved for some milliseconds: for an upload, which may take long as a whole. */
export class ProgressWatch implements TimeLimit {
  readonly #timeoutMs: number;
  readonly #error: () => Error;
  #movedAt = performance.now();

  constructor(timeoutMs: number, error: () => Error) {
    this.#timeoutMs = timeoutMs;
    this.#error = error;
  }

  /** The chunks, each of which is a movement when it is taken. */
  *watched(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const chunk of chunks) {
      this.#movedAt = performance.now();
      yield chunk;
    }
    this.#movedAt = performance.now();
  }

  async reached(done: AbortSignal): Promise<never> {
    for (;;) {
      const leftMs = this.#movedAt + this.#timeoutMs - performance.now();
      if (leftMs <= 0) throw this.#error();
      await sleep(leftMs, done);
    }
  }
}
