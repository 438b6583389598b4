import { setTimeout as delay } from 'node:timers/promises';
import { ScenedimError } from '../errors.ts';
import type { Loader, MigrateOptions, MigrateResult, TargetMeta } from '../load/loader.ts';
import { NORMALIZER_VERSION } from '../normalize/snapshot.ts';
import type { DimensionSettings, RunContext } from './run-context.ts';
import { acquireRunLock } from './run-lock.ts';

/** Several runs may find an empty target at once: one creates it, the others wait this long for that. */
const CREATION_WAIT_MS = 30_000;

/** What this program and config want a target to be made with. */
export function migrateOptionsFor(dimension: DimensionSettings): MigrateOptions {
  return { normalizerVersion: NORMALIZER_VERSION, firstSeen: dimension.firstSeen, timeZone: dimension.timeZone };
}

/** Creates or upgrades the target while nobody else works on it. */
export async function migrateTarget(context: RunContext): Promise<MigrateResult> {
  await using _lock = await acquireRunLock(context, { kind: 'exclusive' });
  return context.loader.migrate(migrateOptionsFor(context.dimension), context.signal);
}

/**
 * Makes the target ready to be written: creates or upgrades it when `autoMigrate` allows, and refuses one that is newer
 * than the program, was computed under other settings, or was left in the middle of a rebuild.
 */
export async function prepareTarget(context: RunContext): Promise<void> {
  const deadline = performance.now() + Math.max(context.lockTimeoutMs, CREATION_WAIT_MS);
  for (;;) {
    const meta = await context.loader.readMeta(context.signal);
    if (isCurrent(meta, context.loader)) {
      assertSettings(meta, context.dimension);
      return;
    }
    if (!context.autoMigrate) throw outdated(meta, context.loader);
    await using lock = await context.loader.acquireLock({ kind: 'exclusive' }, context.signal);
    if (lock !== null) await context.loader.migrate(migrateOptionsFor(keepSettings(meta, context)), context.signal);
    else if (performance.now() > deadline) throw outdatedButBusy(context.loader);
    else await delay(100, undefined, { signal: context.signal });
  }
}

/** Stops a command that needs a target as it is: missing, outdated, newer or of other settings. */
export async function requireTarget(context: RunContext): Promise<TargetMeta> {
  const meta = await context.loader.readMeta(context.signal);
  if (!isCurrent(meta, context.loader)) throw outdated(meta, context.loader);
  assertSettings(meta, context.dimension);
  return meta;
}

/** Like {@link requireTarget} for commands that only read: settings may differ. */
export async function requireSchema(loader: Loader, signal: AbortSignal): Promise<TargetMeta> {
  const meta = await loader.readMeta(signal);
  if (!isCurrent(meta, loader)) throw outdated(meta, loader);
  return meta;
}

function isCurrent(meta: TargetMeta | null, loader: Loader): meta is TargetMeta {
  if (meta !== null && meta.schemaVersion > loader.schemaVersion) {
    throw new ScenedimError(
      'schema_newer',
      `${loader.description} has schema version ${meta.schemaVersion}, this program knows ${loader.schemaVersion}`,
      { remedy: 'use the newer scenedim that made it' },
    );
  }
  return meta?.schemaVersion === loader.schemaVersion;
}

/** An upgrade must not change settings in passing: those are compared afterwards. */
function keepSettings(meta: TargetMeta | null, { dimension }: RunContext): DimensionSettings {
  return meta === null ? dimension : { firstSeen: meta.firstSeen, timeZone: meta.timeZone };
}

function assertSettings(meta: TargetMeta, dimension: DimensionSettings): void {
  if (meta.rebuilding) throw differs('a rebuild of the target was interrupted', 'rebuild');
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
  if (meta.timeZone !== dimension.timeZone) {
    throw differs(
      `dimension.timeZone is ${dimension.timeZone}, the views of the target use ${meta.timeZone}`,
      'migrate',
    );
  }
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
  return new ScenedimError('schema_outdated', `${loader.description} ${state}`, { remedy: 'run `scenedim migrate`' });
}

function outdatedButBusy(loader: Loader): ScenedimError {
  return new ScenedimError('lock_held', `${loader.description} must be migrated, but another run is at work on it`, {
    remedy: 'try again when that run has ended',
  });
}
