import pRetry from 'p-retry';
import { isScenedimError } from '../errors.ts';
import type { ChangeSet, Loader } from '../load/loader.ts';
import type { Logger } from './run-context.ts';

/** How often and how patiently a write is repeated when the target was unreachable or busy. */
export const applyRetries = { retries: 4, minTimeout: 500, maxTimeout: 8_000, factor: 2, randomize: true } as const;

/**
 * Applies a change set, again when the target was away or busy: applying the same batch twice is harmless by contract.
 * `stale_heads` is not repeated here, since the plan itself is out of date then.
 */
export async function applyWithRetry(
  loader: Loader,
  changeSet: ChangeSet,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  await pRetry(() => loader.apply(changeSet, signal), {
    ...applyRetries,
    signal,
    shouldRetry: ({ error }) => isScenedimError(error, 'target_unreachable') || isScenedimError(error, 'target_busy'),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (isScenedimError(error) && error.retryable && error.code !== 'stale_heads') {
        logger.warn({ attempt: attemptNumber, code: error.code }, `writing a batch failed: ${error.message}`);
      }
    },
  });
}
