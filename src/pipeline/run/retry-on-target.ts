import pRetry from 'p-retry';
import { isScenedimError, type ScenedimError } from '../../errors.ts';
import type { RunContext, TargetRetryPolicy } from './run-context.ts';

const targetRetries: TargetRetryPolicy = {
  retries: 4,
  minTimeout: 500,
  maxTimeout: 8_000,
  factor: 2,
  randomize: true,
};

/**
 * Does some work on the target, and repeats it when the target was away or busy. Only for work that
 * may be done twice: reading, and applying a batch, which by contract changes nothing the second time.
 * `stale_heads` is not repeated here, because the plan is out of date then.
 */
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

function isAwayOrBusy(error: unknown): error is ScenedimError {
  return isScenedimError(error, 'target_unreachable') || isScenedimError(error, 'target_busy');
}
