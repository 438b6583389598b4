import { sql } from 'kysely';
import type { SqlSession } from '../sql-target.ts';
import { columnTypeSql, tableShapes } from './table-shapes.ts';

/**
 * Looks at our tables with one cheap query of the catalogues, which needs no right on them. Every command begins with it, and
 * most of them need no closer look.
 */
export async function lookAtSchema({ db, schema }: Pick<SqlSession, 'db' | 'schema'>): Promise<SchemaLook> {
  const shapes = tableShapes();
  const { rows } = await sql<FoundTable>`
    SELECT has_schema_privilege(n.oid, 'USAGE') AS may, current_user::text AS "user", c.relname::text AS name,
      c.relkind IN ('r', 'p') AS is_table, c.relrowsecurity AS has_row_security, ARRAY(
        SELECT a.attname || ' ' || ${sql.raw(columnTypeSql)}
        FROM pg_catalog.pg_attribute AS a LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_catalog.pg_namespace AS n
    LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = ANY (${shapes.map(({ name }) => name)}::text[])
    WHERE n.nspname = ${schema}`.execute(db);
  const [first] = rows;
  if (first === undefined) return { schema: null, hasMeta: false, isPlain: true };
  const tables = new Map(rows.map((table) => [table.name, table]));
  const isPlain = shapes.every(({ name, columns }) => {
    const found = tables.get(name);
    if (found === undefined) return true;
    const has = new Set(found.columns);
    return (
      found.is_table && !found.has_row_security && columns.every((column) => has.has(`${column.name} ${column.type}`))
    );
  });
  return { schema: { mayUse: first.may, user: first.user }, hasMeta: tables.has('scene_meta'), isPlain };
}

export interface SchemaLook {
  /** Null when there is no such schema. */
  readonly schema: { readonly mayUse: boolean; readonly user: string } | null;
  /** True when something has the name `scene_meta`. */
  readonly hasMeta: boolean;
  /** True when each table that is there has its columns with their types, and none has row level security. */
  readonly isPlain: boolean;
}

interface FoundTable {
  readonly may: boolean;
  readonly user: string;
  /** Null in the one row of a schema without our tables. */
  readonly name: string | null;
  readonly is_table: boolean;
  readonly has_row_security: boolean;
  readonly columns: readonly string[];
}
