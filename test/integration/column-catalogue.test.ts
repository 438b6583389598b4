import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionEntry } from '../../src/catalog/catalogue-entry.ts';
import { columnCatalogue } from '../../src/catalog/column-catalogue.ts';
import { dimensionColumns } from '../../src/catalog/dimension-columns.ts';
import { describeReadable } from '../../src/catalog/readable-relations.ts';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { physicalTypes } from '../../src/commands/schema/odcs-document.ts';
import { nullableColumns, type VersionColumn } from '../../src/dimension/version-columns.ts';
import { quoteIdentifier } from '../../src/load/postgres-sql/quote-sql.ts';
import { catalogStatements } from '../../src/load/postgres-sql/schema/catalog-statements.ts';
import { functionSignatures } from '../../src/load/postgres-sql/schema/readable-objects.ts';
import { createSceneSchema, openPgliteDatabase, type ViewDatabase } from '../support/view-database.ts';

/** A name that has to be quoted everywhere. */
const schema = `Scene "o'clock"`;
const quoted = quoteIdentifier(schema);
let database: ViewDatabase;

beforeAll(async () => {
  database = await openPgliteDatabase();
  await createSceneSchema(database, { schema });
});
afterAll(() => database[Symbol.asyncDispose]());

describe('the column catalogue and a migrated database', () => {
  test('have the same tables, views and columns in the same order, with the descriptions as comments', async () => {
    const rows = await database.query<{ relation: string; kind: string; comment: string; columns: [string, string][] }>(
      `SELECT c.relname AS relation, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind,
         obj_description(c.oid, 'pg_class') AS comment,
         (SELECT json_agg(json_build_array(a.attname, col_description(c.oid, a.attnum)) ORDER BY a.attnum)
          FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
       FROM pg_class AS c WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND c.relkind NOT IN ('i', 'S', 't', 'c')`,
      [schema],
    );
    const found = Object.fromEntries(rows.map(({ relation, ...rest }) => [relation, rest]));
    const expected = Object.fromEntries(
      Object.entries({ ...columnCatalogue.relations, ...columnCatalogue.secrets }).map(
        ([relation, { kind, description, columns }]) => [
          relation,
          { kind, comment: description, columns: Object.entries(columns) },
        ],
      ),
    );
    expect(found).toEqual(expected);
  });

  test.each(describeReadable())(
    'agree about types, nulls and closed sets of $name',
    async ({ name, kind, columns }) => {
      const rows = await database.query<{ name: string; type: string; required: boolean; values: string | null }>(
        `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
         (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint AS k
          WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]) AS values
       FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
       WHERE c.relname = $2 AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
         AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
        [schema, name],
      );
      expect(rows.map((row) => [row.name, row.type])).toEqual(
        columns.map((column) => [column.name, physicalTypes.postgres[column.type]]),
      );
      for (const { description, name: column, values = [] } of columns) {
        for (const value of values) expect(description, column).toMatch(new RegExp(`\\b${value}\\b`));
      }
      // Postgres knows nothing of the kind about a view.
      if (kind === 'view') return;
      expect(rows.map(({ required }) => required)).toEqual(columns.map(({ nullable }) => !nullable));
      const listed = rows.map(({ values }) => [...(values ?? '').matchAll(/'([^']*)'/g)].map(([, value]) => value));
      expect(listed).toEqual(columns.map(({ values = [] }) => [...values]));
    },
  );

  test('have the same functions, arguments and comments', async () => {
    const rows = await database.query<{ name: string }>(
      `SELECT p.proname AS name, p.proargnames AS arguments, obj_description(p.oid, 'pg_proc') AS comment
       FROM pg_proc AS p WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) ORDER BY p.proname, p.oid`,
      [schema],
    );
    const expected = Object.entries(columnCatalogue.functions)
      .flatMap(([name, entry]) =>
        functionSignatures(schema, name, entry).map(() => ({
          name,
          arguments: [...Object.keys(entry.arguments), ...ownColumns(entry)],
          comment: entry.description,
        })),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(rows).toEqual(expected);
  });

  test('agree about which columns of dim_scene may be null', async () => {
    const rows = await database.query<{ attname: VersionColumn }>(
      `SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attnotnull`,
      [`${quoted}.dim_scene`],
    );
    expect(new Set(rows.map(({ attname }) => attname))).toEqual(nullableColumns);
  });

  test('agree about what scene_as_of returns', async () => {
    const rows = await database.query<{ columns: string[] }>(
      `SELECT array_agg(key) AS columns FROM json_object_keys((SELECT row_to_json(d) FROM (
         SELECT a.* FROM (VALUES (1)) AS one LEFT JOIN ${quoted}.scene_as_of(now()) AS a ON true) AS d)) AS key`,
    );
    expect(rows).toEqual([{ columns: Object.keys(dimensionColumns) }]);
  });
});

/** Postgres counts the columns of RETURNS TABLE among the arguments. */
function ownColumns({ returns }: FunctionEntry): readonly string[] {
  return returns !== 'text' && returns.rows === 'own' ? Object.keys(returns.columns) : [];
}

describe('the bundled tables in a database', () => {
  const contents = () =>
    database.query(
      `SELECT (SELECT json_agg(s ORDER BY s.access_source_key) FROM ${quoted}.access_source AS s) AS sources,
         (SELECT json_agg(l ORDER BY l.launch_scene) FROM ${quoted}.launch_scene AS l) AS scenes`,
    );
  const bundle = () => database.execute(catalogStatements(schema, bundledCatalog()).join(';\n'));

  test('come back after a change, an addition and a deletion', async () => {
    const before = await contents();
    await database.execute(`
      SET search_path TO ${quoted};
      UPDATE access_source SET access_source_name = 'x' WHERE access_source_key = '1';
      INSERT INTO access_source VALUES ('58', 'no longer bundled', 'official');
      INSERT INTO launch_scene VALUES (9999, 'no longer bundled', '58', 'official');
      DELETE FROM launch_scene WHERE launch_scene = 1001;
      UPDATE launch_scene SET launch_scene_name = NULL WHERE launch_scene = 1011;
      RESET search_path`);
    await bundle();
    expect(await contents()).toEqual(before);
  });

  test('are not written when they are right', async () => {
    const rowVersions = () =>
      database.query(`SELECT array_agg(DISTINCT xmin::text) AS transactions FROM ${quoted}.launch_scene`);
    const before = await rowVersions();
    await bundle();
    expect(await rowVersions()).toEqual(before);
  });
});
