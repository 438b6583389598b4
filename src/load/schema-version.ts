/** What a target's schema version means to this program: newer is refused, older is migrated. */
import { ScenedimError } from '../errors.ts';
import type { Finding, TargetMeta } from './loader.ts';

/** What the SQL of a migration says when it is run by hand on a target that a newer program made. */
export const newerSchemaMessage = 'the schema was made by a newer scenedim';

const REMEDY_OLDER = 'run scenedim migrate; where target.autoMigrate is on, the next sync does the same';
/** Who has lost a schema must not begin anew in an empty one. */
const REMEDY_MISSING =
  'if it was here before, restore a dump of it, or migrate and replay a copy of its log; if not, run scenedim migrate, or sync with target.autoMigrate';
const REMEDY_NEWER = 'use the newer scenedim that made it';

/**
 * Refuses a target that a newer program made, with `schema_newer`. `schemaVersion` is the one that
 * this program makes.
 */
export function assertNotNewer(meta: TargetMeta | null, schemaVersion: number): void {
  if (meta === null || meta.schemaVersion <= schemaVersion) return;
  throw new ScenedimError('schema_newer', describeDifference(meta, schemaVersion), { remedy: REMEDY_NEWER });
}

/** What `check` finds out about the schema of a target. */
export function schemaFinding(meta: TargetMeta | null, schemaVersion: number): Finding {
  const subject = 'schema version';
  if (meta === null) return { level: 'warning', subject, message: 'there is no schema yet', remedy: REMEDY_MISSING };
  if (meta.schemaVersion === schemaVersion) return { level: 'ok', subject, message: String(schemaVersion) };
  const message = describeDifference(meta, schemaVersion);
  return meta.schemaVersion < schemaVersion
    ? { level: 'warning', subject, message, remedy: REMEDY_OLDER }
    : { level: 'error', subject, message, remedy: REMEDY_NEWER, code: 'schema_newer' };
}

function describeDifference(meta: TargetMeta, schemaVersion: number): string {
  return `the target has schema version ${meta.schemaVersion}, this program makes ${schemaVersion}`;
}
