import { ScenedimError } from '../errors.ts';
import type { MigrateOptions, TargetMeta } from './loader.ts';
import { assertNotNewer } from './schema-version.ts';

/**
 * The settings that `migrate` would leave in a target (null: one without a schema). A schema that is
 * newer than the program is refused with `schema_newer`; an older one with `schema_outdated`, because
 * its tables cannot be read before they change.
 */
export function migratedMeta(stored: TargetMeta | null, schemaVersion: number, options: MigrateOptions): TargetMeta {
  assertNotNewer(stored, schemaVersion);
  const { normalizerVersion, firstSeen, timeZone } = options;
  const catalogHash = options.catalog.hash;
  if (stored === null) return { schemaVersion, normalizerVersion, firstSeen, timeZone, catalogHash, rebuilding: false };
  if (stored.schemaVersion < schemaVersion) {
    throw new ScenedimError(
      'schema_outdated',
      `the target has schema version ${stored.schemaVersion}, a plan needs ${schemaVersion}`,
      { remedy: 'run `scenedim migrate` first' },
    );
  }
  return { ...stored, timeZone, catalogHash };
}
