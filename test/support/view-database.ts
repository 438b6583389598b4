/** A database whose schema `scene` holds the tables and views of the SQL files, for tests that query as an analyst does. */
import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { bundledStatements } from '../../src/catalog/bundled-statements.ts';
import { commentStatements } from '../../src/catalog/comment-statements.ts';
import { grantStatements } from '../../src/catalog/grant-statements.ts';
import { quoteIdentifier } from '../../src/catalog/quote-sql.ts';

export interface ViewDatabase extends AsyncDisposable {
  /** Rows of one statement; times and dates come out as the driver likes, so cast them to text. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs several statements. */
  execute(script: string): Promise<void>;
}

/** A PGlite in memory, empty. */
export async function openPgliteDatabase(): Promise<ViewDatabase> {
  const database = await PGlite.create();
  return {
    query: async <Row>(statement: string, values: readonly unknown[] = []) =>
      (await database.query<Row>(statement, [...values])).rows,
    execute: async (script) => {
      await database.exec(script);
    },
    [Symbol.asyncDispose]: () => database.close(),
  };
}

/** A connection to a real server. */
export async function openPostgresDatabase(url: string): Promise<ViewDatabase> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return {
    query: async <Row>(statement: string, values: readonly unknown[] = []) =>
      (await client.query(statement, [...values])).rows as Row[],
    execute: async (script) => {
      await client.query(script);
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

export interface SceneSchemaOptions {
  /** Raw name; default `scene`. */
  readonly schema?: string;
  /** IANA name; default UTC. */
  readonly timeZone?: string;
  readonly readers?: readonly string[];
}

/** Text of one SQL file for the given schema. */
export function sqlFile(name: string, schema = 'scene'): string {
  const file = new URL(`../../sql/postgres/${name}`, import.meta.url);
  return readFileSync(file, 'utf8').replaceAll(':SCHEMA', () => quoteIdentifier(schema));
}

/** Makes tables, views, bundled tables, comments and grants; may run again. */
export async function createSceneSchema(database: ViewDatabase, options: SceneSchemaOptions = {}): Promise<void> {
  const { schema = 'scene', timeZone = 'UTC', readers = [] } = options;
  const name = quoteIdentifier(schema);
  await database.execute(`CREATE SCHEMA IF NOT EXISTS ${name}`);
  await database.execute(sqlFile('000001_tables.sql', schema));
  await database.execute(sqlFile('000002_views.sql', schema));
  const statements = [...bundledStatements(schema), ...commentStatements(schema), ...grantStatements(schema, readers)];
  await database.execute(statements.join(';\n'));
  await database.execute(`
    INSERT INTO ${name}.scene_meta (schema_version, normalizer_version, first_seen, time_zone)
    VALUES (2, 1, 'beginning', '${timeZone}') ON CONFLICT DO NOTHING`);
}

/** A version as tests write it; without `to` it is open. */
export interface TestVersion {
  readonly app: string;
  readonly key: string;
  readonly name: string;
  readonly from: string;
  readonly to?: string;
  readonly ended?: 'renamed' | 'removed';
}

/** Inserts versions into `scene.dim_scene`; `version_id` is the MD5 of `app/key/from`. */
export async function insertVersions(database: ViewDatabase, versions: readonly TestVersion[]): Promise<void> {
  const rows = versions.map(({ app, key, name, from, to, ended }) => ({
    app,
    key,
    name,
    from,
    to: to ?? '9999-12-31T00:00:00Z',
    ended: to === undefined ? null : (ended ?? 'removed'),
  }));
  await database.query(
    `INSERT INTO scene.dim_scene
     SELECT md5(app || '/' || key || '/' || "from"), md5(app || '/' || key), app, key,
       CASE WHEN key ~ '^[0-9]{1,9}$' THEN key::bigint END,
       CASE WHEN key ~ '^[0-9]{1,9}$' THEN 'numeric' WHEN key LIKE '@\\_%' THEN 'sentinel' ELSE 'text' END,
       key = '@_all', name, "from"::timestamptz, "to"::timestamptz, ended IS NULL, ended, "from"::timestamptz
     FROM json_to_recordset($1) AS v(app text, key text, name text, "from" text, "to" text, ended text)`,
    [JSON.stringify(rows)],
  );
}
