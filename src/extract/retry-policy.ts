/** Why a request is worth repeating. */
export type RetryReason = 'system_busy' | 'rate_limited' | 'network' | 'http_5xx' | 'not_json';

/** How long to wait before a repetition. */
export interface RetryWait {
  /** Before the second attempt, in milliseconds. */
  readonly firstMs: number;
  /** By how much each further wait grows. */
  readonly factor: number;
}

/** How often and after which waits a request is repeated: data, so that tests and users can see and change it. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Each wait is lengthened by a random share of itself, up to this one, so that accounts do not return in step. Never shortened. */
  readonly jitter: number;
  readonly waits: Readonly<Record<RetryReason, RetryWait>>;
}

/**
 * WeChat's own words: after `-1` an immediate repetition fails, so wait a second at least; after `45011` the minute must pass.
 */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 4,
  jitter: 0.25,
  waits: {
    system_busy: { firstMs: 1_000, factor: 3 },
    rate_limited: { firstMs: 60_000, factor: 1 },
    network: { firstMs: 1_000, factor: 3 },
    http_5xx: { firstMs: 1_000, factor: 3 },
    not_json: { firstMs: 1_000, factor: 3 },
  },
};

/** Milliseconds to wait after attempt number `attempt` (from 1) failed. `random` is in [0, 1). */
export function retryWaitMs(policy: RetryPolicy, reason: RetryReason, attempt: number, random: number): number {
  const { firstMs, factor } = policy.waits[reason];
  return firstMs * factor ** (attempt - 1) * (1 + policy.jitter * random);
}
