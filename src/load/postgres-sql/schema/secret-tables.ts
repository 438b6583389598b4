import { sql } from 'kysely';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import type { Finding } from '../../loader.ts';
import { quoteIdentifier } from '../quote-sql.ts';
import type { SqlSession } from '../sql-target.ts';

/**
 * A warning for each table of secrets that a role can read which is neither its owner nor a
 * superuser, nor may write it.
 */
export async function checkSecretTables({ db, schema }: SqlSession): Promise<readonly Finding[]> {
  const { rows } = await sql<SecretReaders>`
    WITH secret AS (
      SELECT c.oid, c.relname, c.relowner, c.relacl
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p') AND c.relname = ANY (${Object.keys(columnCatalogue.secrets)}::text[])
    ), acl AS (
      SELECT s.oid, a.grantee, a.privilege_type FROM secret AS s, aclexplode(s.relacl) AS a
      UNION ALL
      SELECT s.oid, a.grantee, a.privilege_type FROM secret AS s JOIN pg_catalog.pg_attribute AS t ON t.attrelid = s.oid, aclexplode(t.attacl) AS a
    ), reader AS (
      SELECT acl.oid, 'PUBLIC' AS name, true AS is_granted FROM acl WHERE grantee = 0 AND privilege_type = 'SELECT'
      UNION
      SELECT s.oid, format('%I', r.rolname), EXISTS (SELECT FROM acl WHERE acl.oid = s.oid AND acl.grantee = r.oid)
      FROM secret AS s, pg_catalog.pg_roles AS r
      WHERE has_any_column_privilege(r.oid, s.oid, 'SELECT') AND NOT has_table_privilege(r.oid, s.oid, 'UPDATE')
        AND NOT r.rolsuper AND r.rolname <> current_user AND r.rolname !~ '^pg_' AND NOT pg_has_role(r.oid, s.relowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM acl WHERE acl.oid = s.oid AND acl.grantee = 0 AND acl.privilege_type = 'SELECT')
    )
    SELECT s.relname::text AS name, array_agg(r.name ORDER BY r.name)::text[] AS readers,
      array_agg(r.name ORDER BY r.name) FILTER (WHERE r.is_granted)::text[] AS granted
    FROM secret AS s JOIN reader AS r ON r.oid = s.oid GROUP BY s.relname ORDER BY s.relname`.execute(db);
  return rows.map(({ name, readers, granted }) => ({
    level: 'warning',
    subject: 'secrets',
    message: `${name} holds secrets, and ${readers.join(', ')} can read it`,
    remedy:
      granted === null
        ? 'REVOKE from them the role through which they read every table'
        : `REVOKE ALL ON ${quoteIdentifier(schema)}.${quoteIdentifier(name)} FROM ${granted.join(', ')}`,
  }));
}

interface SecretReaders {
  readonly name: string;
  /** Roles as SQL names them. */
  readonly readers: readonly string[];
  /** Those that have a right of their own; null when none has. */
  readonly granted: readonly string[] | null;
}
