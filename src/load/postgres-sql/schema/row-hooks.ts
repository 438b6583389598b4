import { sql } from 'kysely';
import type { SqlSession } from '../sql-target.ts';

/** Triggers and rules of a table, or of a partition of it, that can keep rows from being written without an error. */
export async function findRowHooks(
  { db, schema }: Pick<SqlSession, 'db' | 'schema'>,
  table: string,
): Promise<readonly RowHook[]> {
  const { rows } = await sql<RowHook>`
    WITH part AS (
      SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = ${schema} AND (c.relname = ${table} OR c.oid IN (
        SELECT relid FROM pg_catalog.pg_partition_tree(to_regclass(format('%I.%I', ${schema}::text, ${table}::text)))))
    )
    SELECT 'the trigger ' || g.tgname AS name, format('DROP TRIGGER %I ON %s', g.tgname, g.tgrelid::regclass) AS "drop"
    FROM part JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = part.oid
    -- BEFORE, for each row.
    WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgparentid = 0 AND g.tgtype & 3 = 3
    UNION ALL
    SELECT 'the rule ' || r.rulename, format('DROP RULE %I ON %s', r.rulename, r.ev_class::regclass)
    FROM part JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = part.oid
    WHERE r.rulename <> '_RETURN' AND r.ev_enabled <> 'D' AND r.is_instead
    ORDER BY 1`.execute(db);
  return rows;
}

export interface RowHook {
  /** With its kind: `the trigger audit`. */
  readonly name: string;
  /** The statement that takes it off. */
  readonly drop: string;
}

/** What to do about one that kept rows from its table. */
export function letThrough({ drop }: RowHook): string {
  return `let it keep no row from the table, or ${drop}; then run the command again`;
}
