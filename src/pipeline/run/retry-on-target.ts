import pRetry from 'p-retry';
import { isScenedimError, type ScenedimError } from '../../errors.ts';
import type { ChangeSet } from '../../load/loader.ts';
import type { RunContext } from './run-context.ts';

/** How often and how patiently work on the target is repeated when it was unreachable or busy; waits in milliseconds. */
export interface TargetRetryPolicy {
  readonly retries: number;
  readonly minTimeout: number;
  readonly maxTimeout: number;
  readonly factor: number;
  /** Lengthens each wait by up to its double. */
  readonly randomize: boolean;
}

const targetRetries: TargetRetryPolicy = {
  retries: 4,
  minTimeout: 500,
  maxTimeout: 8_000,
  factor: 2,
  randomize: true,
};

/** Does some work on the target, again when the target was away or busy. Only for work that may be done twice. */
export async function retryOnTarget<T>(
  work: () => Promise<T>,
  what: string,
  { logger, targetRetry = targetRetries }: Pick<RunContext, 'logger' | 'targetRetry'>,
  signal: AbortSignal,
): Promise<T> {
  return pRetry(work, {
    ...targetRetry,
    signal,
    shouldRetry: ({ error }) => isAwayOrBusy(error),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (!isAwayOrBusy(error)) return;
      logger.warn({ attempt: attemptNumber, code: error.code }, `${what} failed: ${error.message}`);
    },
  });
}

/**
 * Applies a change set, again when the target was away or busy: applying the same batch twice is harmless by contract.
 * `stale_heads` is not repeated here, since the plan itself is out of date then.
 */
export async function applyWithRetry(
  context: Pick<RunContext, 'loader' | 'logger' | 'targetRetry'>,
  changeSet: ChangeSet,
  signal: AbortSignal,
): Promise<void> {
  await retryOnTarget(() => context.loader.apply(changeSet, signal), 'writing a batch', context, signal);
}

function isAwayOrBusy(error: unknown): error is ScenedimError {
  return isScenedimError(error, 'target_unreachable') || isScenedimError(error, 'target_busy');
}
