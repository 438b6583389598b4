import { systemTimer, type Timer } from '../clock.ts';
import { ScenedimError } from '../errors.ts';

/** Spaces requests out, first come first served. */
export interface RateLimiter {
  /** Resolves when a request may be sent; rejects at once with the reason of the signal when that is aborted. */
  take(signal: AbortSignal): Promise<void>;
  /** Lets nobody through for so many milliseconds from now on, those who wait already included. */
  pause(ms: number): void;
}

interface Waiter {
  readonly since: number;
  readonly admit: () => void;
}

/** How late a timer may fire, in milliseconds, before the lateness is lost for good. */
const TIMER_RESOLUTION_MS = 2;

/**
 * At most `ratePerSecond` requests a second, evenly spaced: idle time gives no right to a burst, so that any second holds at
 * most one more than the rate. Half an interval of lateness (at least 2 ms) is made up for, which keeps the mean up to the rate.
 * `Infinity` waits only for a pause. Throws `config_invalid` for a rate that is not positive.
 */
export function createRateLimiter(ratePerSecond: number, timer: Timer = systemTimer): RateLimiter {
  if (!(ratePerSecond > 0)) {
    throw new ScenedimError('config_invalid', `source.ratePerSecond must be greater than 0, not ${ratePerSecond}`);
  }
  const intervalMs = 1000 / ratePerSecond;
  const forgivenMs = Math.max(intervalMs / 2, TIMER_RESOLUTION_MS);
  const queue: Waiter[] = [];
  let nextSlot = Number.NEGATIVE_INFINITY;
  let idle = new AbortController();
  let pumping = false;

  async function pump(): Promise<void> {
    pumping = true;
    idle = new AbortController();
    try {
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        const wait = nextSlot - timer.now();
        if (wait > 0) {
          await timer.sleep(wait, idle.signal);
          continue;
        }
        nextSlot = Math.max(nextSlot, head.since, timer.now() - forgivenMs) + intervalMs;
        queue.shift();
        head.admit();
      }
    } catch (error) {
      if (!idle.signal.aborted) throw error;
    } finally {
      pumping = false;
    }
    // Somebody may have come while the sleep of an emptied queue was being given up.
    if (queue.length > 0) void pump();
  }

  async function take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (intervalMs === 0 && queue.length === 0 && nextSlot <= timer.now()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { since: timer.now(), admit: resolve };
    const onAbort = () => {
      const position = queue.indexOf(waiter);
      if (position >= 0) queue.splice(position, 1);
      if (queue.length === 0) idle.abort();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    queue.push(waiter);
    if (!pumping) void pump();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  const pause = (ms: number): void => {
    nextSlot = Math.max(nextSlot, timer.now() + ms);
  };

  return { take, pause };
}
