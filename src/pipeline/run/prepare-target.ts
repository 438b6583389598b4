import { systemTimer } from '../../clock.ts';
import { ScenedimError } from '../../errors.ts';
import type { Loader, MigrateOptions, MigrateResult, TargetMeta } from '../../load/loader.ts';
import { NORMALIZER_VERSION } from '../../normalize/snapshot.ts';
import { assertSettings, isCurrent, outdated } from './require-target.ts';
import type { DimensionSettings, RunContext } from './run-context.ts';
import { acquireRunLock } from './run-lock.ts';
import type { Problem } from './run-report.ts';

/**
 * One of several runs upgrades an outdated target; the others wait this long, unless the loader has
 * its own limit.
 */
const UPGRADE_WAIT_MS = 30_000;

/** Between two looks whether an upgrade is done, unless the loader has its own limit. */
const UPGRADE_POLL_MS = 100;

/** How long to wait, at least, for others that only look whether there is something to migrate. */
const PEER_WAIT_MS = 10_000;

/**
 * Makes the target ready to be written: creates or upgrades it when `autoMigrate` allows, and refuses
 * one that is newer than the program, was computed under other settings, or was left in the middle of
 * a rebuild.
 */
export async function prepareTarget(context: RunContext): Promise<PreparedTarget> {
  const deadline = performance.now() + waitMsOf(context, UPGRADE_WAIT_MS);
  for (let isUpgrade = false; ; ) {
    const meta = await context.loader.readMeta(context.signal);
    if (isCurrent(meta, context.loader)) {
      assertSettings(meta, context.dimension);
      const problem = catalogProblem(meta, context);
      return {
        ...(isUpgrade && { lockTimeoutMs: waitMsOf(context, PEER_WAIT_MS) }),
        ...(problem !== null && { problems: [problem] }),
      };
    }
    const obstacle = migrationObstacle(meta, context);
    if (obstacle !== null) throw obstacle;
    if (meta === null) {
      await migrateInPassing(context, context.dimension);
      continue;
    }
    isUpgrade = true;
    await using lock = await context.loader.acquireLock({ kind: 'exclusive' }, context.signal);
    // With its own settings: an upgrade must not change those in passing, they are compared afterwards.
    if (lock !== null) await migrateInPassing(context, meta);
    else if (performance.now() > deadline) throw outdatedButBusy(context.loader);
    else await systemTimer.sleep(context.loader.limits.lockPollMs ?? UPGRADE_POLL_MS, context.signal);
  }
}

/** Tells what it did: a schema that had to be made may be one that somebody lost. A plan does nothing. */
async function migrateInPassing(context: RunContext, dimension: DimensionSettings): Promise<void> {
  const options = migrateOptionsFor({ ...context, dimension });
  const { fromVersion, toVersion, applied } = await context.loader.migrate(options, context.signal);
  if (applied.length === 0) return;
  const did = fromVersion === null ? 'made the schema, because there was none' : 'upgraded the schema';
  context.logger.info({ from_version: fromVersion, to_version: toVersion }, did);
}

/** What a run has to know of a target that it may write. */
export interface PreparedTarget {
  /**
   * How long to wait for the run lock. Default: as the context says. Longer after an upgrade, because others may hold it while they
   * look at the schema.
   */
  readonly lockTimeoutMs?: number;
  /** What the report of the run tells about the target. Default: nothing. */
  readonly problems?: readonly Problem[];
}

/**
 * Why a run does not make or upgrade the schema of its target on its own; null when it does. What cannot be undone is never done
 * in passing.
 */
export function migrationObstacle(
  meta: TargetMeta | null,
  { loader, autoMigrate }: Pick<RunContext, 'loader' | 'autoMigrate'>,
): ScenedimError | null {
  if (!autoMigrate) return outdated(meta, loader);
  const losses = meta === null ? [] : (loader.migrationLosses?.(meta.schemaVersion) ?? []);
  if (losses.length === 0) return null;
  const message = `${loader.description} must be migrated, which drops ${losses.join(' and ')} for good`;
  return new ScenedimError('schema_outdated', message, { remedy: 'run `scenedim migrate`, which asks first' });
}

/** What this program and config want a target to be made with. */
export function migrateOptionsFor({ dimension, catalog }: Pick<RunContext, 'dimension' | 'catalog'>): MigrateOptions {
  const { firstSeen, timeZone } = dimension;
  return { normalizerVersion: NORMALIZER_VERSION, firstSeen, timeZone, catalog };
}

/** What `migrate` did. */
export interface Migration extends MigrateResult {
  /** The time zone of the date columns until now, when it is another one now. */
  readonly timeZoneBefore: string | null;
  /** True when an existing target had other access sources or launch scenes until now. */
  readonly isCatalogChanged: boolean;
}

/**
 * Creates or upgrades the target while nobody else works on it. A target that is not there yet needs
 * no lock, because its creators wait for each other. Many may migrate at once, so a lock that is held
 * is waited for.
 */
export async function migrateTarget(context: RunContext): Promise<Migration> {
  const { loader, signal } = context;
  const options = migrateOptionsFor(context);
  if ((await loader.readMeta(signal)) === null) {
    return { ...(await loader.migrate(options, signal)), timeZoneBefore: null, isCatalogChanged: false };
  }
  await using _lock = await acquireRunLock(
    { ...context, lockTimeoutMs: waitMsOf(context, PEER_WAIT_MS) },
    { kind: 'exclusive' },
  );
  const before = await loader.readMeta(signal);
  const result = await loader.migrate(options, signal);
  const timeZoneBefore = before === null || before.timeZone === options.timeZone ? null : before.timeZone;
  const isCatalogChanged = before !== null && catalogProblem(before, context) !== null;
  return { ...result, timeZoneBefore, isCatalogChanged };
}

/** As long as is asked for, and at least as long as a migration of this target may take. */
function waitMsOf({ lockTimeoutMs, loader }: RunContext, fallbackMs: number): number {
  return Math.max(lockTimeoutMs, loader.limits.migrationWaitMs ?? fallbackMs);
}

/**
 * Tells when the target holds another catalog than the config makes; null when it is the same. Only `migrate` brings the files of
 * `catalog` in: a run must not change in passing what joins give.
 */
export function catalogProblem({ catalogHash }: TargetMeta, { catalog }: Pick<RunContext, 'catalog'>) {
  if (catalogHash === catalog.hash) return null;
  return {
    app_id: null,
    kind: 'catalog_changed',
    code: 'catalog_changed',
    message:
      'the target holds other access sources or launch scenes than the config makes: catalog, or one of its files, has changed',
    remedy: 'run `scenedim migrate`, which brings them in; or set the config back',
  } as const satisfies Problem;
}

function outdatedButBusy(loader: Loader): ScenedimError {
  return new ScenedimError('lock_held', `${loader.description} must be migrated, but another run is at work on it`, {
    remedy: 'try again when that run has ended',
  });
}
