import { ScenedimError } from '../../errors.ts';
import type { Loader, TargetMeta } from '../../load/loader.ts';
import { assertNotNewer } from '../../load/schema-version.ts';
import { NORMALIZER_VERSION } from '../../normalize/snapshot.ts';
import type { DimensionSettings, RunContext } from './run-context.ts';

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

/** True when the target has the schema of this program; a newer one is refused with `schema_newer`. */
export function isCurrent(meta: TargetMeta | null, loader: Loader): meta is TargetMeta {
  assertNotNewer(meta, loader.schemaVersion);
  return meta?.schemaVersion === loader.schemaVersion;
}

/** Refuses a target of other settings. The time zone comes first: `rebuild`, the remedy of the others, wants it right. */
export function assertSettings(meta: TargetMeta, dimension: DimensionSettings): void {
  assertTimeZone(meta, dimension);
  if (meta.rebuilding) {
    throw new ScenedimError('settings_differ', 'a rebuild of the target was interrupted', {
      remedy: 'run `scenedim rebuild`; `scenedim verify` tells what is in its way',
    });
  }
  if (meta.normalizerVersion !== NORMALIZER_VERSION) {
    throw otherNormalizer(meta.normalizerVersion);
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

function otherNormalizer(stored: number): ScenedimError {
  const message = `the target was computed by normalizer ${stored}, this program has ${NORMALIZER_VERSION}`;
  const remedy =
    stored < NORMALIZER_VERSION
      ? 'run `scenedim rebuild`, which computes it by the rules of this program'
      : 'use the newer scenedim that computed it; `scenedim rebuild` computes it by the older rules of this one';
  return new ScenedimError('settings_differ', message, { remedy });
}

function differs(message: string, command: 'rebuild' | 'migrate'): ScenedimError {
  return new ScenedimError('settings_differ', message, {
    remedy: `run \`scenedim ${command}\`, or set the config back`,
  });
}

/** The error about a target that is not there yet, or must be migrated first. */
export function outdated(meta: TargetMeta | null, loader: Loader): ScenedimError {
  const { description, schemaVersion } = loader;
  if (meta === null) {
    return new ScenedimError('schema_outdated', `${description} holds no scenedim schema yet`, {
      remedy:
        'if it was here before, restore a dump of it, or migrate and replay a copy of its log; if not, run `scenedim migrate`, or have a DBA run what `scenedim migrate --print-sql` prints',
    });
  }
  const message = `${description} has schema version ${meta.schemaVersion}, not ${schemaVersion}`;
  return new ScenedimError('schema_outdated', message, {
    remedy: 'run `scenedim migrate`, or have a DBA run what `scenedim migrate --print-sql` prints',
  });
}
