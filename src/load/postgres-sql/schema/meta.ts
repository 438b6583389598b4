import { sql } from 'kysely';
import { firstSeenModes } from '../../../dimension/version.ts';
import { ScenedimError } from '../../../errors.ts';
import type { TargetMeta } from '../../loader.ts';
import { oneOf } from '../../one-of.ts';
import { assertRowCount } from '../apply/assert-row-count.ts';
import { quoteIdentifier } from '../quote-sql.ts';
import { assertNoRowSecurity } from '../row-security.ts';
import type { SqlSession } from '../sql-target.ts';
import { lookAtSchema, type SchemaLook } from './look-at-schema.ts';
import { readFlaws, refusedLevels, refuseFlaws } from './schema-flaws.ts';

/**
 * The row of `scene_meta`; null when the schema, the table or the row is not there. Every command begins with it, so it refuses a
 * schema that no command can work on, one without the table in which `migrate` could not make it, and tables of which this user
 * does not see every row.
 */
export async function readMeta(session: SqlSession): Promise<TargetMeta | null> {
  const look = await lookAtSchema(session);
  if (look.schema === null) return null;
  assertMayUse(look, session.schema);
  if (look.hasMeta && look.isPlain) return selectMeta(session);
  if (look.hasMeta) await assertNoRowSecurity(session);
  refuseFlaws(await readFlaws(session), look.hasMeta ? ['unusable'] : refusedLevels);
  return look.hasMeta ? selectMeta(session) : null;
}

/** {@link readMeta} of a schema that was looked at already. */
export async function selectMeta({ db, schema }: SqlSession): Promise<TargetMeta | null> {
  const row = await db
    .withSchema(schema)
    .selectFrom('scene_meta')
    .select(['schema_version', 'normalizer_version', 'first_seen', 'time_zone', 'catalog_hash', 'rebuilding'])
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    schemaVersion: row.schema_version,
    normalizerVersion: row.normalizer_version,
    firstSeen: oneOf(firstSeenModes, row.first_seen, 'scene_meta.first_seen'),
    timeZone: row.time_zone,
    catalogHash: row.catalog_hash,
    rebuilding: row.rebuilding,
  };
}

/** A missing right on the schema is `target_denied`. */
export function assertMayUse({ schema: found, hasMeta }: SchemaLook, schema: string): void {
  if (found === null || found.mayUse) return;
  const rights = hasMeta ? 'USAGE' : 'USAGE, CREATE';
  throw new ScenedimError('target_denied', `permission denied for schema ${schema}`, {
    remedy: `GRANT ${rights} ON SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(found.user)}`,
  });
}

/** Replaces the row of `scene_meta`. */
export async function writeMeta(session: SqlSession, meta: TargetMeta): Promise<void> {
  const { db, schema } = session;
  const { numAffectedRows } = await sql`
    INSERT INTO ${sql.id(schema, 'scene_meta')} (schema_version, normalizer_version, first_seen, time_zone, catalog_hash, rebuilding)
    VALUES (${meta.schemaVersion}::integer, ${meta.normalizerVersion}::integer, ${meta.firstSeen}, ${meta.timeZone}, ${meta.catalogHash}, ${meta.rebuilding}::boolean)
    ON CONFLICT (only_row) DO UPDATE SET
      schema_version = excluded.schema_version, normalizer_version = excluded.normalizer_version,
      first_seen = excluded.first_seen, time_zone = excluded.time_zone,
      catalog_hash = excluded.catalog_hash, rebuilding = excluded.rebuilding`.execute(db);
  await assertRowCount(session, { table: 'scene_meta', what: 'the settings', expected: 1 }, numAffectedRows);
}
