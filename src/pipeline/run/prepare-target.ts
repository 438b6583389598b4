import { systemTimer } from '../../clock.ts';
import { ScenedimError } from '../../errors.ts';
import type { Loader, MigrateOptions, MigrateResult, TargetMeta } from '../../load/loader.ts';
import { assertNotNewer } from '../../load/schema-version.ts';
import { NORMALIZER_VERSION } from '../../normalize/snapshot.ts';
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
    if (!context.autoMigrate) throw outdated(meta, context.loader);
    if (meta === null) {
      await context.loader.migrate(migrateOptionsFor(context), context.signal);
      continue;
    }
    isUpgrade = true;
    await using lock = await context.loader.acquireLock({ kind: 'exclusive' }, context.signal);
    // With its own settings: an upgrade must not change those in passing, they are compared afterwards.
    if (lock !== null) await context.loader.migrate(migrateOptionsFor({ ...context, dimension: meta }), context.signal);
    else if (performance.now() > deadline) throw outdatedButBusy(context.loader);
    else await systemTimer.sleep(context.loader.limits.lockPollMs ?? UPGRADE_POLL_MS, context.signal);
  }
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

/** Stops a command that needs a target as it is: missing, outdated, newer or of other settings. */
export async function requireTarget(context: RunContext): Promise<TargetMeta> {
  const meta = await context.loader.readMeta(context.signal);
  if (!isCurrent(meta, context.loader)) throw outdated(meta, context.loader);
  assertSettings(meta, context.dimension);
  return meta;
}

/** Like {@link requireTarget} for `verify`, which tells what is in the way of a rebuild that was interrupted. */
export async function requireVerifiable(context: RunContext): Promise<TargetMeta> {
  const meta = await requireSchema(context.loader, context.signal);
  if (meta.rebuilding) assertTimeZone(meta, context.dimension);
  else assertSettings(meta, context.dimension);
  return meta;
}

/** Like {@link requireTarget} for `rebuild`, which itself mends what `firstSeen` and the normalizer changed. */
export async function requireRebuildable({ loader, dimension, signal }: RunContext): Promise<TargetMeta> {
  const meta = await requireSchema(loader, signal);
  assertTimeZone(meta, dimension);
  return meta;
}

/** Like {@link requireTarget} for commands that only read: settings may differ. */
export async function requireSchema(loader: Loader, signal: AbortSignal): Promise<TargetMeta> {
  const meta = await loader.readMeta(signal);
  if (!isCurrent(meta, loader)) throw outdated(meta, loader);
  return meta;
}

function isCurrent(meta: TargetMeta | null, loader: Loader): meta is TargetMeta {
  assertNotNewer(meta, loader.schemaVersion);
  return meta?.schemaVersion === loader.schemaVersion;
}

/** The time zone comes first: `rebuild`, the remedy of the others, wants it right. */
function assertSettings(meta: TargetMeta, dimension: DimensionSettings): void {
  assertTimeZone(meta, dimension);
  if (meta.rebuilding) {
    throw new ScenedimError('settings_differ', 'a rebuild of the target was interrupted', {
      remedy: 'run `scenedim rebuild`; `scenedim verify` tells what is in its way',
    });
  }
  if (meta.normalizerVersion !== NORMALIZER_VERSION) {
    throw differs(
      `the target was computed by normalizer ${meta.normalizerVersion}, this program has ${NORMALIZER_VERSION}`,
      'rebuild',
    );
  }
  if (meta.firstSeen !== dimension.firstSeen) {
    throw differs(
      `dimension.firstSeen is ${dimension.firstSeen}, the target was computed with ${meta.firstSeen}`,
      'rebuild',
    );
  }
}

function assertTimeZone(meta: TargetMeta, dimension: DimensionSettings): void {
  if (meta.timeZone === dimension.timeZone) return;
  throw differs(`dimension.timeZone is ${dimension.timeZone}, the views of the target use ${meta.timeZone}`, 'migrate');
}

function differs(message: string, command: 'rebuild' | 'migrate'): ScenedimError {
  return new ScenedimError('settings_differ', message, {
    remedy: `run \`scenedim ${command}\`, or set the config back`,
  });
}

function outdated(meta: TargetMeta | null, loader: Loader): ScenedimError {
  const state =
    meta === null
      ? 'holds no scenedim schema yet'
      : `has schema version ${meta.schemaVersion}, not ${loader.schemaVersion}`;
  return new ScenedimError('schema_outdated', `${loader.description} ${state}`, {
    remedy: 'run `scenedim migrate`, or have a DBA run what `scenedim migrate --print-sql` prints',
  });
}

function outdatedButBusy(loader: Loader): ScenedimError {
  return new ScenedimError('lock_held', `${loader.description} must be migrated, but another run is at work on it`, {
    remedy: 'try again when that run has ended',
  });
}
