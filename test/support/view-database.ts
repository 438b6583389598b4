/** A database whose schema `scene` holds everything that `migrate` makes, for tests that query as an analyst does. */
import pg from 'pg';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { migrationScript } from '../../src/load/postgres-sql/schema/migration-script.ts';
import { createPglite } from './prepared-pglite.ts';

export interface ViewDatabase extends AsyncDisposable {
  /** Rows of one statement; times and dates come out as the driver likes, so cast them to text. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs several statements. */
  execute(script: string): Promise<void>;
}

/** A PGlite in memory, empty. */
export async function openPgliteDatabase(): Promise<ViewDatabase> {
  const database = await createPglite();
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

/** Makes everything that `migrate` makes, by the script that it prints for a DBA; may run again. */
export async function createSceneSchema(database: ViewDatabase, options: SceneSchemaOptions = {}): Promise<void> {
  const { schema = 'scene', timeZone = 'UTC', readers = [] } = options;
  await database.execute(
    migrationScript(schema, readers, {
      normalizerVersion: 1,
      firstSeen: 'beginning',
      timeZone,
      catalog: bundledCatalog(),
    }),
  );
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
