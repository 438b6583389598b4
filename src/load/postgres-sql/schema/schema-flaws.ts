import { sql } from 'kysely';
import type { FunctionEntry } from '../../../catalog/catalogue-entry.ts';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import { ScenedimError } from '../../../errors.ts';
import { quoteArray, quoteIdentifier, quoteLiteral } from '../quote-sql.ts';
import type { SqlSession } from '../sql-target.ts';
import { functionSignatures } from './readable-objects.ts';
import { columnTypeSql, tableShapes } from './table-shapes.ts';
import { versionTypeName } from './version-type.ts';

/** What in the schema is not as the migrations make it, the worst first; empty when there is no schema. */
export async function readFlaws({ db, schema }: Pick<SqlSession, 'db' | 'schema'>): Promise<readonly SchemaFlaw[]> {
  return (await sql.raw<SchemaFlaw>(flawsQuery(schema)).execute(db)).rows;
}

/** Refuses a schema that has a flaw of one of the levels. */
export function refuseFlaws(flaws: readonly SchemaFlaw[], levels: readonly SchemaFlaw['level'][]): void {
  const flaw = flaws.find(({ level }) => levels.includes(level));
  if (flaw !== undefined) throw new ScenedimError('target_invalid', flaw.message, { remedy: flaw.remedy });
}

/**
 * `unusable`: no command can work on it. `unmigratable`: the migrations stop at it. `damaged`: runs will stop or go wrong.
 * `mendable`: the migrations make it again. `unfinished`: a first load goes on, or was killed, and the next run completes it.
 * `added`: not ours, and it may change what is written.
 */
export const flawLevels = ['unusable', 'unmigratable', 'damaged', 'mendable', 'unfinished', 'added'] as const;

export interface SchemaFlaw {
  readonly level: (typeof flawLevels)[number];
  readonly message: string;
  readonly remedy: string;
}

/** The flaws with which migrations must not begin. */
export const refusedLevels: readonly SchemaFlaw['level'][] = ['unusable', 'unmigratable'];

/**
 * One SELECT of {@link SchemaFlaw}s without parameters, because the script for a DBA asks it, too. It reads the system catalogues
 * only, so it needs no right on the tables.
 */
export function flawsQuery(schema: string): string {
  return `WITH ${wanted(schema)},
${found(schema)}
SELECT level, message, remedy FROM (
${[
  foreignRelations,
  missingColumns,
  wrongColumns,
  wrongViews,
  wrongFunctions,
  wrongType,
  missingKeys,
  requiredColumns,
  missingObjects,
  triggers,
  rules,
]
  .map((select) => select(schema))
  .join('\nUNION ALL\n')}
) AS flaw(level, message, remedy)
ORDER BY array_position(${quoteArray(flawLevels)}, level), message`;
}

function wanted(schema: string): string {
  const tables = tableShapes();
  const views = Object.entries(columnCatalogue.relations).filter(([, { kind }]) => kind === 'view');
  const functions = Object.entries(columnCatalogue.functions).flatMap(([name, entry]) =>
    functionSignatures(schema, name, entry).map((signature) => ({ signature, entry })),
  );
  const relations = [
    ...tables.map(({ name }) => `(${quoteLiteral(name)}, 'table')`),
    ...views.map(([name]) => `(${quoteLiteral(name)}, 'view')`),
  ];
  const columns = tables.flatMap(({ name, columns: own }) =>
    own.map((column, n) => `(${quoteLiteral(name)}, ${n}, ${quoteLiteral(column.name)}, ${quoteLiteral(column.type)})`),
  );
  const keys = tables.flatMap(({ name, keys: own }) => own.map((key) => `(${quoteLiteral(name)}, ${quoteArray(key)})`));
  const viewColumns = views.map(
    ([name, { columns: own }]) => `(${quoteLiteral(name)}, ${quoteArray(Object.keys(own))})`,
  );
  const returned = functions.map(({ signature, entry }) => {
    const type = returnedType(schema, entry);
    return `(${quoteLiteral(signature)}, ${quoteLiteral(type)})`;
  });
  const version = tables.find(({ name }) => name === 'dim_scene')?.columns.map(({ name }) => name) ?? [];
  return `want_relation(name, kind) AS (VALUES ${relations.join(', ')}),
want_column(relation, position, name, type) AS (VALUES ${columns.join(', ')}),
want_key(relation, columns) AS (VALUES ${keys.join(', ')}),
want_view(name, columns) AS (VALUES ${viewColumns.join(', ')}),
want_function(signature, type) AS (VALUES ${returned.join(', ')}),
want_type(columns) AS (VALUES (${quoteArray(version)}))`;
}

function returnedType(schema: string, { returns }: FunctionEntry): string {
  if (returns === 'text') return 'text';
  return returns.rows === 'own' ? 'record' : `${quoteIdentifier(schema)}.${versionTypeName}`;
}

/** `there`: the objects that have our names. `is_ours`: `scene_meta` stands beside them, and at least half of a table fits. */
function found(schema: string): string {
  return `home AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${quoteLiteral(schema)}),
has_meta AS (SELECT count(*) > 0 AS yes FROM pg_catalog.pg_class, home WHERE relnamespace = home.oid AND relname = 'scene_meta' AND relkind IN ('r', 'p')),
there AS (
  SELECT w.name, w.kind, c.oid, c.relkind, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
    (w.kind = 'table' AND c.relkind IN ('r', 'p')) OR (w.kind = 'view' AND c.relkind = 'v') AS fits,
    CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
      WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type' ELSE 'index' END AS is_a
  FROM want_relation AS w, home, pg_catalog.pg_class AS c WHERE c.relnamespace = home.oid AND c.relname = w.name
),
has_column AS (
  SELECT t.name AS relation, a.attname::text AS name, a.attnum, a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS is_required,
    ${columnTypeSql} AS type
  FROM there AS t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation WHERE t.fits
),
judged AS (
  SELECT t.*, m.yes AND (t.kind = 'view' OR (
    SELECT 2 * count(h.name) >= count(*) FROM want_column AS w LEFT JOIN has_column AS h USING (relation, name) WHERE w.relation = t.name
  )) AS is_ours
  FROM there AS t, has_meta AS m
)`;
}

const notOurs = `', which scenedim did not make'`;

/** The parts of a SELECT of flaws, each in SQL. */
interface FlawParts {
  readonly level: string;
  readonly message: string;
  readonly remedy: string;
  readonly rest: string;
}

function flaw({ level, message, remedy, rest }: FlawParts): string {
  return `SELECT ${level}, ${message},
  ${remedy}
${rest}`;
}

/** Another name for the schema, or for the object. */
function rename(schema: string, kind: string, name: string): string {
  return `'set target.schema to the name of another schema, or rename the object: ALTER ' || ${kind} || pg_catalog.format(' %I.%I RENAME TO %I', ${quoteLiteral(schema)}, ${name}, ${name} || '_other')`;
}

function foreignRelations(schema: string): string {
  return flaw({
    level: `CASE kind WHEN 'table' THEN 'unusable' ELSE 'unmigratable' END`,
    message: `pg_catalog.format('%I.%I is a %s of %s', ${quoteLiteral(schema)}, name, is_a, owner) || ${notOurs}`,
    remedy: rename(schema, `CASE relkind WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END`, 'name'),
    rest: `FROM judged WHERE NOT fits OR (NOT is_ours AND (
  EXISTS (SELECT FROM want_column AS w WHERE w.relation = judged.name AND NOT EXISTS (SELECT FROM has_column AS h WHERE (h.relation, h.name) = (w.relation, w.name)))
  OR EXISTS (SELECT FROM want_view AS w WHERE w.name = judged.name AND w.columns <> ARRAY(SELECT h.name FROM has_column AS h WHERE h.relation = w.name ORDER BY h.attnum))))`,
  });
}

/** One flaw a table for columns that are not there. */
function missingColumns(schema: string): string {
  const table = `pg_catalog.format('%I.%I', ${quoteLiteral(schema)}, j.name)`;
  return flaw({
    level: `'unusable'`,
    message: `${table} || ' has no column ' || pg_catalog.string_agg(w.name, ', ' ORDER BY w.position)`,
    remedy: `CASE WHEN count(*) = 1 AND count(other.name) = 1
    THEN 'ALTER TABLE ' || ${table} || pg_catalog.format(' RENAME COLUMN %I TO %I, if that is the column; else ', min(other.name), min(w.name)) ELSE '' END
  || 'it was made by an unreleased build, or changed by hand. Let the program that made it run scenedim export-log --output log.ndjson; then set target.schema to a new name, run scenedim migrate and scenedim replay log.ndjson'`,
    rest: `FROM judged AS j JOIN want_column AS w ON w.relation = j.name
LEFT JOIN has_column AS h ON (h.relation, h.name) = (w.relation, w.name)
LEFT JOIN LATERAL (
  SELECT min(o.name) AS name FROM has_column AS o WHERE o.relation = w.relation AND o.type = w.type
    AND NOT EXISTS (SELECT FROM want_column AS k WHERE (k.relation, k.name) = (o.relation, o.name)) HAVING count(*) = 1
) AS other ON true
WHERE j.fits AND j.is_ours AND h.name IS NULL GROUP BY j.name`,
  });
}

/** One flaw for each column of another type. */
function wrongColumns(schema: string): string {
  const table = `pg_catalog.format('%I.%I', ${quoteLiteral(schema)}, j.name)`;
  return flaw({
    level: `'unusable'`,
    message: `${table} || pg_catalog.format('.%I has the type %s, not %s', w.name, h.type, w.type)`,
    remedy: `'ALTER TABLE ' || ${table} || pg_catalog.format(' ALTER COLUMN %I TYPE %s USING %I::%s', w.name, w.type, w.name, pg_catalog.split_part(w.type, ' COLLATE', 1))`,
    rest: `FROM judged AS j JOIN want_column AS w ON w.relation = j.name JOIN has_column AS h ON (h.relation, h.name) = (w.relation, w.name)
WHERE j.fits AND h.type <> w.type`,
  });
}

/** A view can be replaced only by one with the same columns. */
function wrongViews(schema: string): string {
  const view = `pg_catalog.format('%I.%I', ${quoteLiteral(schema)}, j.name)`;
  return flaw({
    level: `'unmigratable'`,
    message: `${view} || ' has other columns than scenedim gives it'`,
    remedy: `'DROP VIEW ' || ${view} || ', or rename it with ALTER VIEW, then run scenedim migrate'`,
    rest: `FROM judged AS j JOIN want_view AS w ON w.name = j.name
WHERE j.fits AND j.is_ours AND w.columns <> ARRAY(SELECT h.name FROM has_column AS h WHERE h.relation = w.name ORDER BY h.attnum)`,
  });
}

function wrongFunctions(): string {
  return flaw({
    level: `'unmigratable'`,
    message: `'the function ' || w.signature || ' returns ' || pg_catalog.format_type(p.prorettype, NULL) || ', not what scenedim makes it return'`,
    remedy: `'DROP FUNCTION ' || w.signature || ', then run scenedim migrate'`,
    rest: `FROM want_function AS w JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(w.signature)
WHERE p.prorettype IS DISTINCT FROM pg_catalog.to_regtype(w.type)::oid`,
  });
}

/** The row type of `scene_as_of`. */
function wrongType(schema: string): string {
  return flaw({
    level: `'unmigratable'`,
    message: `pg_catalog.format('%I.%I is a type', ${quoteLiteral(schema)}, t.typname) || ${notOurs}`,
    remedy: rename(schema, `'TYPE'`, 't.typname::text'),
    rest: `FROM pg_catalog.pg_type AS t, home, want_type AS w WHERE t.typnamespace = home.oid AND t.typname = ${quoteLiteral(versionTypeName)}
  AND (t.typtype <> 'c' OR w.columns <> ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum))`,
  });
}

/** The key that a first load goes without. */
const isVersionKey = `(j.name, w.columns) = ('dim_scene', ARRAY['version_id'])`;

function missingKeys(schema: string): string {
  const columns = `(SELECT pg_catalog.string_agg(c, ', ' ORDER BY n) FROM unnest(w.columns) WITH ORDINALITY AS k(c, n))`;
  return flaw({
    level: `CASE WHEN ${isVersionKey} THEN 'unfinished' ELSE 'damaged' END`,
    message: `j.name || ' has no unique key over ' || ${columns} || CASE WHEN ${isVersionKey} THEN ': a first load goes on, or was killed' ELSE '' END`,
    remedy: `CASE WHEN ${isVersionKey} THEN 'let it end; if it was killed, the next run makes the key, or: ' ELSE '' END || pg_catalog.format('ALTER TABLE %I.%I ADD %s (%s)', ${quoteLiteral(schema)}, j.name,
    CASE WHEN w.columns = (SELECT k.columns FROM want_key AS k WHERE k.relation = w.relation LIMIT 1)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = j.oid AND i.indisprimary) THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, ${columns})`,
    rest: `FROM judged AS j JOIN want_key AS w ON w.relation = j.name
WHERE j.fits AND j.is_ours AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = j.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = j.oid
              AND a.attnum IN (SELECT k FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(k, n) WHERE n <= i.indnkeyatts) ORDER BY 1) = ARRAY(SELECT unnest(w.columns) ORDER BY 1))`,
  });
}

/** A column of somebody else that every row must fill. */
function requiredColumns(schema: string): string {
  return flaw({
    level: `'damaged'`,
    message: `h.relation || ' has a column that is not of scenedim, ' || h.name || ', and every row must fill it'`,
    remedy: `pg_catalog.format('ALTER TABLE %I.%I ALTER COLUMN %I DROP NOT NULL', ${quoteLiteral(schema)}, h.relation, h.name)`,
    rest: `FROM has_column AS h JOIN judged AS j ON j.name = h.relation AND j.kind = 'table' AND j.is_ours
WHERE h.is_required AND NOT EXISTS (SELECT FROM want_column AS w WHERE (w.relation, w.name) = (h.relation, h.name))
  AND NOT EXISTS (SELECT FROM want_column AS w WHERE w.relation = h.relation
    AND NOT EXISTS (SELECT FROM has_column AS k WHERE (k.relation, k.name) = (w.relation, w.name)))`,
  });
}

/** What is gone from a schema that has been migrated, as one flaw. */
function missingObjects(): string {
  return flaw({
    level: `'mendable'`,
    message: `'there is no ' || pg_catalog.string_agg(gone.name, ', ' ORDER BY gone.name)`,
    remedy: `'run scenedim migrate'`,
    rest: `FROM (
  SELECT w.name FROM want_relation AS w WHERE NOT EXISTS (SELECT FROM there AS t WHERE t.name = w.name)
  UNION ALL
  SELECT w.signature FROM want_function AS w WHERE pg_catalog.to_regprocedure(w.signature) IS NULL
) AS gone
WHERE EXISTS (SELECT FROM judged AS j WHERE j.name = 'scene_meta' AND j.is_ours) HAVING count(*) > 0`,
  });
}

const changesWrites = `' looks at or changes what scenedim writes: make sure that it lets every row through'`;

function triggers(schema: string): string {
  return flaw({
    level: `'added'`,
    message: `'the trigger ' || g.tgname || ' of ' || j.name || ${changesWrites}`,
    remedy: `pg_catalog.format('DROP TRIGGER %I ON %I.%I, unless it is yours and right', g.tgname, ${quoteLiteral(schema)}, j.name)`,
    rest: `FROM judged AS j JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = j.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D' WHERE j.kind = 'table' AND j.is_ours`,
  });
}

function rules(schema: string): string {
  return flaw({
    level: `'added'`,
    message: `'the rule ' || r.rulename || ' of ' || j.name || ${changesWrites}`,
    remedy: `pg_catalog.format('DROP RULE %I ON %I.%I, unless it is yours and right', r.rulename, ${quoteLiteral(schema)}, j.name)`,
    rest: `FROM judged AS j JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = j.oid AND r.rulename <> '_RETURN' AND r.ev_enabled <> 'D' WHERE j.is_ours AND j.kind = 'table'`,
  });
}
