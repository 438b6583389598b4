import { systemTimer } from '../../clock.ts';
import { ScenedimError } from '../../errors.ts';
import { formatInstantShort } from '../../instant.ts';
import type { Loader, Lock, LockScope } from '../../load/loader.ts';
import type { RunContext } from './run-context.ts';

const DEFAULT_POLL_MS = 200;

/** Shards start together, and one that finds an outdated target excludes the others for the moment of an upgrade. */
const SHARD_WAIT_MS = 2_000;

/**
 * Waits up to `lockTimeoutMs`, a shard at least {@link SHARD_WAIT_MS}, for the run lock of the target; `lock_held` when somebody
 * else keeps it.
 */
export async function acquireRunLock(
  context: Pick<RunContext, 'loader' | 'lockTimeoutMs' | 'logger' | 'signal'>,
  scope: LockScope,
): Promise<Lock> {
  const { loader, logger, signal } = context;
  const lockTimeoutMs = Math.max(context.lockTimeoutMs, scope.kind === 'shard' ? SHARD_WAIT_MS : 0);
  const pollMs = loader.limits.lockPollMs ?? DEFAULT_POLL_MS;
  const deadline = performance.now() + lockTimeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const lock = await loader.acquireLock(scope, signal);
    if (lock !== null) return lock;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) {
      const message = `another run is at work on ${loader.description}${await describeEnd(loader, scope, signal)}`;
      throw new ScenedimError('lock_held', message, {
        remedy: 'try again later, or wait for it with --lock-timeout 10m',
      });
    }
    if (attempt === 1) {
      const message = `another run is at work: waiting for it${await describeEnd(loader, scope, signal)}`;
      logger.warn({ wait_ms: lockTimeoutMs }, message);
    }
    await systemTimer.sleep(Math.min(pollMs, leftMs), signal);
  }
}

/** Whoever finds the lock of a run that was killed wants to know how long it is in the way. */
async function describeEnd(loader: Pick<Loader, 'lockEndsAt'>, scope: LockScope, signal: AbortSignal): Promise<string> {
  const endsAt = (await loader.lockEndsAt?.(scope, signal)) ?? null;
  if (endsAt === null) return '';
  const second = formatInstantShort(endsAt - (endsAt % 1_000_000n));
  return ` (its lock ends at ${second}, unless it is alive and renews it)`;
}
