import { sql } from 'kysely';
import { ScenedimError } from '../../errors.ts';
import type { TableColumn, TableDescription, TableReader } from '../table-reader.ts';
import { quoteIdentifier, quoteLiteral } from './quote-sql.ts';
import { sqlStateOf } from './sql-state.ts';
import type { SqlSession, SqlTarget } from './sql-target.ts';

/** A statement that takes longer is stopped, unless the role, the database or the url have a limit of their own. */
const TIME_LIMIT = '10min';

/** Tables of any schema of the database. Each statement is a READ ONLY transaction. */
export function createTableReader(target: SqlTarget): TableReader {
  const reading = <T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> =>
    target.transaction(async (session) => {
      await sql`SET TRANSACTION READ ONLY`.execute(session.db);
      await sql`SELECT set_config('statement_timeout', ${TIME_LIMIT}, true)
        WHERE current_setting('statement_timeout') = '0'`.execute(session.db);
      return work(session);
    }, signal);
  return {
    dialect: 'postgres',
    describe: (name, signal) => reading((session) => describe(session, name), signal),
    ownName: (object) => `${target.schema === 'scene' ? 'scene' : quoteIdentifier(target.schema)}.${object}`,
    literal: quoteLiteral,
    select: (statement, signal) =>
      reading(async ({ db }) => {
        const { rows } = await sql.raw<Record<string, unknown>>(statement).execute(db);
        return rows.map((row) => Object.values(row).map((value) => (value === null ? null : String(value))));
      }, signal),
  };
}

async function describe(session: SqlSession, name: string): ReturnType<TableReader['describe']> {
  const parts = await partsOf(session, name);
  const table = parts.at(-1);
  const [schema, database] = [parts.at(-2), parts.at(-3)];
  const found = table === undefined || parts.length > 3 ? [] : await relationsNamed(session, table, schema ?? null);
  const match = found.find(
    (each) =>
      each.relname === table &&
      (schema === undefined ? each.visible : each.nspname === schema) &&
      (database === undefined || each.database === database),
  );
  if (match === undefined) {
    return { similar: found.length > 0 ? found.map(({ quoted }) => quoted) : await namesIn(session, schema ?? null) };
  }
  if (!match.readable) {
    throw new ScenedimError('target_denied', `${match.role} may not read ${match.quoted}`, {
      remedy: `GRANT USAGE ON SCHEMA ${match.quoted_schema} TO ${match.role}; GRANT SELECT ON ${match.quoted} TO ${match.role}`,
    });
  }
  return { table: { ...tableOf(match), columns: await columnsOf(session, match.oid) } };
}

/** The parts of a name as a query would take it: what is not in quotes is folded. None when it is no name. */
async function partsOf({ db }: SqlSession, name: string): Promise<readonly string[]> {
  await sql`SAVEPOINT name`.execute(db);
  try {
    const { rows } = await sql<{
      part: string;
    }>`SELECT part FROM unnest(parse_ident(${name})) WITH ORDINALITY AS p(part, n)
      ORDER BY n`.execute(db);
    return rows.map(({ part }) => part);
  } catch (error) {
    if (sqlStateOf(error) !== '22023') throw error;
    await sql`ROLLBACK TO SAVEPOINT name`.execute(db);
    return [];
  }
}

interface Relation {
  readonly oid: string;
  readonly nspname: string;
  readonly relname: string;
  readonly database: string;
  readonly quoted: string;
  readonly quoted_schema: string;
  readonly role: string;
  readonly kind: string;
  readonly rows: string;
  readonly visible: boolean;
  readonly readable: boolean;
}

/** Relations of that name in any schema, whatever the case of their letters; the one that is meant comes first. */
async function relationsNamed({ db }: SqlSession, table: string, schema: string | null): Promise<readonly Relation[]> {
  const { rows } = await sql<Relation>`
    SELECT c.oid::text AS oid, n.nspname::text AS nspname, c.relname::text AS relname, current_database()::text AS database,
      quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted, quote_ident(n.nspname) AS quoted_schema,
      quote_ident(current_user) AS role, c.relkind::text AS kind, c.reltuples::bigint::text AS rows,
      pg_table_is_visible(c.oid) AS visible,
      has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') AS readable
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND lower(c.relname) = lower(${table})
    ORDER BY c.relname = ${table} AND CASE WHEN ${schema}::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = ${schema}::text END DESC,
      n.nspname, c.relname LIMIT 20`.execute(db);
  return rows;
}

/** Tables and views of a schema, or of all but those of the server; not more than anyone could mean. */
async function namesIn({ db }: SqlSession, schema: string | null): Promise<readonly string[]> {
  const { rows } = await sql<{ quoted: string }>`
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND (${schema}::text IS NULL OR lower(n.nspname) = lower(${schema}::text))
    ORDER BY n.nspname, c.relname LIMIT 1000`.execute(db);
  return rows.map(({ quoted }) => quoted);
}

function tableOf({ quoted, kind, rows }: Relation): Omit<TableDescription, 'columns'> {
  const isStored = kind === 'r' || kind === 'm' || kind === 'p';
  // 0 may also mean that nobody has counted yet, and -1 does.
  const estimatedRows = isStored && Number(rows) > 0 ? Number(rows) : null;
  return { quotedName: quoted, isStored, estimatedRows, needsFilter: false };
}

/** Keys and ids of ours have the collation "C"; the default one gives way to it in a comparison, every other one is refused. */
async function columnsOf({ db }: SqlSession, oid: string): Promise<readonly TableColumn[]> {
  const { rows } = await sql<{ name: string; quoted: string; type: string; collation: string | null }>`
    SELECT a.attname::text AS name, quote_ident(a.attname) AS quoted,
      format_type(b.oid, NULL) AS type,
      CASE WHEN l.collname IN ('default', 'C') THEN NULL ELSE l.collname::text END AS collation
    FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    JOIN LATERAL (
      WITH RECURSIVE base AS (
        SELECT t.oid, t.typtype, t.typbasetype
        UNION ALL SELECT n.oid, n.typtype, n.typbasetype FROM base JOIN pg_type AS n ON n.oid = base.typbasetype
        WHERE base.typtype = 'd'
      ) SELECT base.oid FROM base WHERE base.typtype <> 'd'
    ) AS b ON true
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
    WHERE a.attrelid = ${oid}::oid AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum`.execute(db);
  return rows.map(({ name, quoted, type, collation }) => ({ name, quotedName: quoted, type, collation }));
}
