import { setTimeout as delay } from 'node:timers/promises';
import type { Micros } from './instant.ts';

/** Where the time of day comes from: the machine, or a virtual clock in the demo and in tests. */
export interface Clock {
  now(): Micros;
}

/**
 * How far this machine's clock may be from the `Date` of an answer, and an observation in the
 * future: 5 minutes.
 */
export const MAX_CLOCK_SKEW: Micros = 300_000_000n;

export const systemClock: Clock = { now: () => BigInt(Date.now()) * 1000n };

/** A monotonic clock that can be waited on; tests give a virtual one. */
export interface Timer {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the reason of the signal when that is aborted before. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemTimer: Timer = { now: () => performance.now(), sleep };

/** Resolves after `ms` milliseconds; rejects with the reason of the signal when that is aborted before. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** The longest that `sleep` can wait, in milliseconds: 24.8 days, the limit of Node's timers. */
export const MAX_SLEEP_MS = 2 ** 31 - 1;
