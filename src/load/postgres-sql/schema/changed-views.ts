import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { listMigrationFiles } from '../../migration-files.ts';
import { quoteIdentifier } from '../quote-sql.ts';
import type { SqlSession } from '../sql-target.ts';

type Session = Pick<SqlSession, 'db' | 'schema'>;

/** A plan changes when statistics do, so a difference counts only when it is there each time. */
const LOOKS = 3;

/**
 * The views that select something else than the migrations make them select. The planner tells: it looks through a view, so the
 * plan of the view is the plan of its definition. Views with options that keep it from looking through are left out.
 */
export async function findChangedViews(session: Session): Promise<readonly string[]> {
  const names = await comparableViews(session);
  const changed: string[] = [];
  for (const { name, select } of viewDefinitions(session.schema)) {
    if (names.has(name) && (await isChanged(session, name, select))) changed.push(name);
  }
  return changed;
}

/** What the newest migration that has the view makes it select. */
function viewDefinitions(schema: string): readonly { readonly name: string; readonly select: string }[] {
  const newest = new Map<string, string>();
  for (const { file } of listMigrationFiles('postgres')) {
    for (const [, name = '', select = ''] of readFileSync(file, 'utf8').matchAll(viewPattern)) newest.set(name, select);
  }
  return [...newest].map(([name, select]) => ({
    name,
    select: select.replaceAll(':SCHEMA', () => quoteIdentifier(schema)),
  }));
}

const viewPattern = /^CREATE OR REPLACE VIEW :SCHEMA\.(\w+) AS\n([\s\S]*?);$/gm;

/** Readable views without options, while no table has row level security: a policy of the view's owner shows in the plan. */
async function comparableViews({ db, schema }: Session): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`
    SELECT c.relname::text AS name FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${schema})
      AND c.relkind = 'v' AND has_table_privilege(c.oid, 'SELECT') AND NOT COALESCE(c.reloptions::text LIKE '%security_barrier%', false)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS t WHERE t.relnamespace = c.relnamespace AND t.relkind IN ('r', 'p')
                      AND (t.relrowsecurity OR NOT has_table_privilege(t.oid, 'SELECT')))`.execute(db);
  return new Set(rows.map(({ name }) => name));
}

async function isChanged(session: Session, name: string, select: string): Promise<boolean> {
  const view = `${quoteIdentifier(session.schema)}.${name}`;
  for (let look = 0; look < LOOKS; look += 1) {
    const stored = await planOf(session, view);
    if (stored === (await planOf(session, `(\n${select}\n) AS ${name}`))) return false;
  }
  return true;
}

async function planOf({ db }: Session, from: string): Promise<string> {
  const { rows } = await sql
    .raw<{ 'QUERY PLAN': string }>(`EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM ${from}`)
    .execute(db);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
