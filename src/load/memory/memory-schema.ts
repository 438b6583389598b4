import type { Finding, MigrateOptions, MigrateResult } from '../loader.ts';
import { assertNotNewer, schemaFinding } from '../schema-version.ts';
import type { MemoryTarget } from './memory-target.ts';

/** A target in memory has no tables, so its schema never changes. */
export const MEMORY_SCHEMA_VERSION = 1;

/** Does what `migrate` of the port says. */
export function migrateMemory(target: MemoryTarget, options: MigrateOptions): MigrateResult {
  const { meta } = target;
  assertNotNewer(meta, MEMORY_SCHEMA_VERSION);
  target.meta = {
    schemaVersion: MEMORY_SCHEMA_VERSION,
    normalizerVersion: meta?.normalizerVersion ?? options.normalizerVersion,
    firstSeen: meta?.firstSeen ?? options.firstSeen,
    timeZone: options.timeZone,
    rebuilding: meta?.rebuilding ?? false,
  };
  return { fromVersion: meta?.schemaVersion ?? null, toVersion: MEMORY_SCHEMA_VERSION, applied: [] };
}

export function memoryMigrationSql(): string {
  return '-- a target in memory has no schema\n';
}

/** Memory is always there; only the schema may be missing or too new. */
export function checkMemory({ meta }: MemoryTarget): Finding[] {
  return [schemaFinding(meta, MEMORY_SCHEMA_VERSION)];
}
