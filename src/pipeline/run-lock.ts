import { ScenedimError } from '../errors.ts';
import { systemTimer } from '../extract/timer.ts';
import type { Lock, LockScope } from '../load/loader.ts';
import type { RunContext } from './run-context.ts';

const DEFAULT_POLL_MS = 200;

/** Waits up to `lockTimeoutMs` for the run lock of the target; `lock_held` when somebody else keeps it. */
export async function acquireRunLock(
  context: Pick<RunContext, 'loader' | 'lockTimeoutMs' | 'logger' | 'signal'>,
  scope: LockScope,
): Promise<Lock> {
  const { loader, lockTimeoutMs, logger, signal } = context;
  const pollMs = loader.limits.lockPollMs ?? DEFAULT_POLL_MS;
  const deadline = performance.now() + lockTimeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const lock = await loader.acquireLock(scope, signal);
    if (lock !== null) return lock;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) {
      throw new ScenedimError('lock_held', `another run is at work on ${loader.description}`, {
        remedy: 'try again later, or wait for it with --lock-timeout 10m',
      });
    }
    if (attempt === 1) logger.info({ wait_ms: lockTimeoutMs }, 'another run is at work: waiting for it');
    await systemTimer.sleep(Math.min(pollMs, leftMs), signal);
  }
}
