import { sql } from 'kysely';
import { ScenedimError } from '../../errors.ts';
import { quoteIdentifier } from './quote-sql.ts';
import { copyTables } from './scene-tables.ts';
import { tableShapes } from './schema/table-shapes.ts';
import type { SqlSession } from './sql-target.ts';

/** Refuses tables of which row level security hides rows from this user: counts, exports and writes would be silently wrong. */
export async function assertNoRowSecurity(session: Pick<SqlSession, 'db' | 'schema'>): Promise<void> {
  const found = await findRowSecurity(session);
  if (found !== null) throw new ScenedimError('target_denied', found.message, { remedy: found.remedy });
}

export interface RowSecurity {
  readonly message: string;
  readonly remedy: string;
}

/** Null when this user sees and may write every row. Policies that let every row through hide none, but COPY needs more. */
export async function findRowSecurity({ db, schema }: Pick<SqlSession, 'db' | 'schema'>): Promise<RowSecurity | null> {
  const tables = tableShapes().map(({ name }) => name);
  const { rows } = await sql<RestrictedTable>`
    SELECT c.relname::text AS name, current_user::text AS "user",
      c.relforcerowsecurity AND pg_has_role(c.relowner, 'USAGE') AS is_forced,
      is_copied OR EXISTS (SELECT FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND NOT p.polpermissive) AS is_restricted
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (SELECT c.relname = ANY (${copyTables}::text[]) AND has_table_privilege(c.oid, 'INSERT')) AS k(is_copied)
    WHERE n.nspname = ${schema} AND c.relname = ANY (${tables}::text[]) AND c.relrowsecurity AND row_security_active(c.oid)
      AND (is_copied OR EXISTS (
        SELECT FROM (VALUES ('r'::"char", 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE')) AS k(command, privilege)
        WHERE has_table_privilege(c.oid, k.privilege) AND NOT COALESCE((
          SELECT bool_or(e.lets_all AND e.polpermissive) AND bool_and(e.lets_all OR e.polpermissive) FROM (
            SELECT p.polpermissive,
              (k.command = 'a' OR pg_get_expr(p.polqual, p.polrelid) = 'true')
              AND (k.command IN ('r', 'd') OR COALESCE(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid)) = 'true') AS lets_all
            FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND p.polcmd IN ('*', k.command)
              AND EXISTS (SELECT FROM unnest(p.polroles) AS role WHERE role = 0 OR pg_has_role(role, 'USAGE'))) AS e), false)))
    ORDER BY c.relname`.execute(db);
  const [first] = rows;
  return first === undefined ? null : describe(schema, first.user, rows);
}

interface RestrictedTable {
  readonly name: string;
  readonly user: string;
  /** The user owns the table, and would see every row without FORCE. */
  readonly is_forced: boolean;
  /** No policy helps: a restrictive one hides rows, or rows are copied into the table, which row level security forbids. */
  readonly is_restricted: boolean;
}

function describe(schema: string, user: string, tables: readonly RestrictedTable[]): RowSecurity {
  const role = quoteIdentifier(user);
  const qualified = (name: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  const each = (statement: (table: string) => string) =>
    tables.map(({ name }) => statement(qualified(name))).join('; ');
  const ways = [
    `ALTER ROLE ${role} BYPASSRLS`,
    tables.every(({ is_forced: isForced }) => isForced)
      ? each((table) => `ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY`)
      : `make ${role} the owner of its tables and views`,
    ...(tables.some(({ is_restricted: isRestricted }) => isRestricted)
      ? []
      : [each((table) => `CREATE POLICY scenedim ON ${table} TO ${role} USING (true)`)]),
  ];
  const names = tables.map(({ name }) => name).join(', ');
  return {
    message: `row level security applies to the user ${user} on ${names}: rows would be missing without a word`,
    remedy: ways.join('; or '),
  };
}
