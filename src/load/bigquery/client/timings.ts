/** How often and how patiently something is tried again. */
export interface RetryTimings {
  /** The first one included. */
  readonly attempts: number;
  /** How long to wait after attempt `number` (from 1), in milliseconds. */
  delayMs(number: number): number;
}

/** Every wait of the loader, so that tests need not wait. */
export interface Timings {
  /** For a request that failed because of the service or the network. */
  readonly request: RetryTimings;
  /** For a job that failed because of the service, and for a transaction that was cancelled in favour of another one. */
  readonly job: RetryTimings;
  /** Between two looks at a running job, in milliseconds, after `number` looks. */
  pollMs(number: number): number;
  /** How long a lease is held without being renewed, in seconds. It is renewed after a third of that. */
  readonly leaseSeconds: number;
  /** Between two attempts to take a lease that is only held for moments, in milliseconds. */
  readonly leasePollMs: number;
}

/** Doubles from `firstMs` to `mostMs`. Up to as much is added by chance, so that clients do not all ask at the same moments. */
function doubling(firstMs: number, mostMs: number): (number: number) => number {
  return (number) => Math.min(mostMs, firstMs * 2 ** (number - 1)) * (1 + Math.random());
}

/** What suits the real service. */
export const defaultTimings: Timings = {
  request: { attempts: 6, delayMs: doubling(300, 10_000) },
  job: { attempts: 6, delayMs: doubling(500, 15_000) },
  pollMs: (number) => Math.min(2_000, 50 * 1.5 ** number),
  leaseSeconds: 300,
  leasePollMs: 1_000,
};
