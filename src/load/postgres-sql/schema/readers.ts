import { sql } from 'kysely';
import { ScenedimError } from '../../../errors.ts';
import { quoteIdentifier } from '../quote-sql.ts';
import type { SqlSession } from '../sql-target.ts';
import { readableObjects } from './readable-objects.ts';

/** Those of the roles that the server does not have. */
export async function missingRoles({ db }: SqlSession, roles: readonly string[]): Promise<readonly string[]> {
  if (roles.length === 0) return [];
  const { rows } = await sql<{ role: string }>`
    SELECT role FROM unnest(${roles}::text[]) AS role
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role)`.execute(db);
  return rows.map(({ role }) => role);
}

/** Refuses readers that do not exist. */
export async function assertReadersExist(session: SqlSession, readers: readonly string[]): Promise<void> {
  const [missing] = await missingRoles(session, readers);
  if (missing === undefined) return;
  throw new ScenedimError('config_invalid', `target.readers: the role "${missing}" does not exist`, {
    remedy: `have it made with CREATE ROLE ${quoteIdentifier(missing)}, or take it off the list`,
  });
}

/** Those of the roles, all of which exist, that lack one of the rights that readers get. */
export async function readersWithoutRights(
  { db, schema }: SqlSession,
  readers: readonly string[],
): Promise<readonly string[]> {
  if (readers.length === 0) return [];
  const { relations, functions } = readableObjects(schema);
  const { rows } = await sql<{ role: string }>`
    SELECT role FROM unnest(${readers}::text[]) AS role
    WHERE NOT has_schema_privilege(role::name, ${schema}::text, 'USAGE')
      OR EXISTS (SELECT FROM unnest(${relations}::text[]) AS relation
                 WHERE has_table_privilege(role::name, to_regclass(relation)::oid, 'SELECT') IS NOT TRUE)
      OR EXISTS (SELECT FROM unnest(${functions}::text[]) AS signature
                 WHERE has_function_privilege(role::name, to_regprocedure(signature)::oid, 'EXECUTE') IS NOT TRUE)`.execute(
    db,
  );
  return rows.map(({ role }) => role);
}
