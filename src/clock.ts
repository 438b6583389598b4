import { setTimeout as delay } from 'node:timers/promises';

/** A monotonic clock that can be waited on; tests give a virtual one. */
export interface Timer {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the reason of the signal when that is aborted before. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemTimer: Timer = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
