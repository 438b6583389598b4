import { ScenedimError } from '../../errors.ts';
import type { Finding, MigrateOptions, MigrateResult } from '../loader.ts';
import type { MemoryTarget } from './memory-target.ts';

/** A target in memory has no tables, so its schema never changes. */
export const MEMORY_SCHEMA_VERSION = 1;

/** Does what `migrate` of the port says. */
export function migrateMemory(target: MemoryTarget, options: MigrateOptions): MigrateResult {
  const { meta } = target;
  if (meta !== null && meta.schemaVersion > MEMORY_SCHEMA_VERSION) {
    throw new ScenedimError(
      'schema_newer',
      `the target has schema version ${meta.schemaVersion}, this program knows ${MEMORY_SCHEMA_VERSION}`,
      { remedy: 'use the newer scenedim that made it' },
    );
  }
  target.meta = {
    schemaVersion: MEMORY_SCHEMA_VERSION,
    normalizerVersion: meta?.normalizerVersion ?? options.normalizerVersion,
    firstSeen: meta?.firstSeen ?? options.firstSeen,
    timeZone: options.timeZone,
    rebuilding: meta?.rebuilding ?? false,
  };
  return { fromVersion: meta?.schemaVersion ?? null, toVersion: MEMORY_SCHEMA_VERSION, applied: [] };
}

/** A comment: there is nothing to run. */
export function memoryMigrationSql(): string {
  return '-- a target in memory has no schema\n';
}

/** Memory is always there; only the schema may be missing or too new. */
export function checkMemory({ meta }: MemoryTarget): Finding[] {
  if (meta === null) {
    return [{ level: 'warning', subject: 'schema', message: 'the target is empty', remedy: 'migrate it' }];
  }
  if (meta.schemaVersion > MEMORY_SCHEMA_VERSION) {
    return [
      { level: 'error', subject: 'schema', message: `schema version ${meta.schemaVersion} is newer than the program` },
    ];
  }
  return [{ level: 'ok', subject: 'schema', message: `schema version ${meta.schemaVersion}` }];
}
