import { sql } from 'kysely';
import { quoteIdentifier } from '../../catalog/quote-sql.ts';
import { firstSeenModes } from '../../dimension/version.ts';
import { ScenedimError } from '../../errors.ts';
import type { TargetMeta } from '../loader.ts';
import { oneOf } from '../one-of.ts';
import type { SqlSession } from './sql-target.ts';

/** The row of `scene_meta`; null when the schema, the table or the row is not there. */
export async function readMeta({ db, schema }: SqlSession): Promise<TargetMeta | null> {
  const table = `${quoteIdentifier(schema)}.scene_meta`;
  const { rows: found } = await sql<{ there: boolean }>`SELECT to_regclass(${table}) IS NOT NULL AS there`.execute(db);
  if (found[0]?.there !== true) return null;
  const row = await db
    .withSchema(schema)
    .selectFrom('scene_meta')
    .select(['schema_version', 'normalizer_version', 'first_seen', 'time_zone', 'rebuilding'])
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    schemaVersion: row.schema_version,
    normalizerVersion: row.normalizer_version,
    firstSeen: oneOf(firstSeenModes, row.first_seen, 'scene_meta.first_seen'),
    timeZone: row.time_zone,
    rebuilding: row.rebuilding,
  };
}

/** Replaces the row of `scene_meta`. */
export async function writeMeta({ db, schema }: SqlSession, meta: TargetMeta): Promise<void> {
  await sql`
    INSERT INTO ${sql.id(schema, 'scene_meta')} (schema_version, normalizer_version, first_seen, time_zone, rebuilding)
    VALUES (${meta.schemaVersion}::integer, ${meta.normalizerVersion}::integer, ${meta.firstSeen}, ${meta.timeZone}, ${meta.rebuilding}::boolean)
    ON CONFLICT (only_row) DO UPDATE SET
      schema_version = excluded.schema_version, normalizer_version = excluded.normalizer_version,
      first_seen = excluded.first_seen, time_zone = excluded.time_zone, rebuilding = excluded.rebuilding`.execute(db);
}

/** Refuses a target that a newer program made. */
export function assertNotNewer(meta: TargetMeta | null, schemaVersion: number): void {
  if (meta === null || meta.schemaVersion <= schemaVersion) return;
  throw new ScenedimError(
    'schema_newer',
    `the target has schema version ${meta.schemaVersion}, this program knows only ${schemaVersion}`,
    { remedy: 'use the newer scenedim that made it' },
  );
}
