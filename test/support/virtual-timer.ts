import type { Timer } from '../../src/clock.ts';

/** A timer whose time passes only when it is told to, or at once when somebody sleeps. */
export interface VirtualTimer extends Timer {
  /** Every sleep that was begun, in milliseconds. */
  readonly sleeps: readonly number[];
}

/** Sleeping takes no time but moves the clock by as much. */
export function createInstantTimer(): VirtualTimer {
  let time = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => time,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      sleeps.push(ms);
      time += ms;
    },
  };
}

/** Time stands still until it is advanced. */
export function createManualTimer(): VirtualTimer & { advance(ms: number): Promise<void> } {
  let time = 0;
  const sleeps: number[] = [];
  let sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  return {
    sleeps,
    now: () => time,
    sleep(ms, signal) {
      signal.throwIfAborted();
      sleeps.push(ms);
      return new Promise((wake, reject) => {
        const sleeper = { until: time + ms, wake };
        sleepers.push(sleeper);
        signal.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        });
      });
    },
    async advance(ms) {
      const end = time + ms;
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        const [next] = sleepers.filter(({ until }) => until <= end).sort((a, b) => a.until - b.until);
        if (next === undefined) break;
        time = Math.max(time, next.until);
        sleepers = sleepers.filter((other) => other !== next);
        next.wake();
      }
      time = end;
    },
  };
}
