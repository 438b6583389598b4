import pg from 'pg';
import { expect, test } from 'vitest';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { describePostgres } from '../support/postgres.ts';
import {
  createSceneSchema,
  insertVersions,
  openPostgresDatabase,
  type ViewDatabase,
} from '../support/view-database.ts';

/** Makes a role that can log in, and drops it at the end. */
async function loginRole(admin: ViewDatabase, name: string): Promise<AsyncDisposable & { readonly name: string }> {
  await admin.execute(`CREATE ROLE ${pg.escapeIdentifier(name)} LOGIN`);
  return {
    name,
    [Symbol.asyncDispose]: () =>
      admin.execute(`DROP OWNED BY ${pg.escapeIdentifier(name)}; DROP ROLE ${pg.escapeIdentifier(name)}`),
  };
}

function urlOf(url: string, user: string): string {
  const other = new URL(url);
  other.username = user;
  return other.href;
}

const rename = [
  { app: 'wx1', key: '4', name: '二维码', from: '1970-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z', ended: 'renamed' },
  { app: 'wx1', key: '4', name: '扫一扫二维码', from: '2026-02-01T00:00:00Z' },
] as const;

describePostgres('the schema of an ordinary user', ({ createDatabase, server }) => {
  test('shows a reader the dimension, the views and the functions, and nothing else', async () => {
    await using base = await createDatabase();
    await using admin = await openPostgresDatabase(base.url);
    await using ownerRole = await loginRole(admin, `owner_${server.major}_${process.pid}`);
    await using readerRole = await loginRole(admin, `Reader "${server.major}" ${process.pid}`);
    await admin.execute(`GRANT CREATE ON DATABASE ${base.name} TO ${ownerRole.name}`);
    await using owner = await openPostgresDatabase(urlOf(base.url, ownerRole.name));
    await using loader = await createPostgresLoader({
      url: urlOf(base.url, ownerRole.name),
      schema: 'scene',
      readers: [readerRole.name],
      applicationName: undefined,
    });
    const settings = {
      normalizerVersion: 1,
      firstSeen: 'beginning',
      timeZone: 'Asia/Shanghai',
      catalog: bundledCatalog(),
    } as const;
    await loader.migrate(settings, new AbortController().signal);
    await insertVersions(owner, rename);
    await using reader = await openPostgresDatabase(urlOf(base.url, readerRole.name));

    const names = await reader.query(
      `SELECT (SELECT count(*)::int FROM scene.scene_history) AS history, (SELECT count(*)::int FROM scene.scene_current) AS current,
         (SELECT scene_name FROM scene.scene_as_of('2026-01-01T00:00:00Z')) AS as_of, scene.access_source_of(1011) AS source,
         (SELECT count(*)::int FROM scene.scene_freshness) AS freshness, (SELECT count(*)::int FROM scene.scene_drift) AS drift,
         (SELECT count(*)::int FROM scene.scene_by_launch_scene WHERE launch_scene = 1011) AS by_launch_scene,
         (SELECT max(effective_to_date)::text FROM scene.scene_history) AS open_end`,
    );
    expect(names).toEqual([
      {
        history: 3,
        current: 2,
        as_of: '二维码',
        source: '4',
        freshness: 0,
        drift: 0,
        by_launch_scene: 2,
        open_end: '9999-12-31',
      },
    ]);

    const readable = await reader.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class AS c WHERE c.relnamespace = 'scene'::regnamespace AND c.relkind IN ('r', 'v')
         AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1`,
    );
    expect(readable.map(({ name }) => name)).toEqual([
      'access_source',
      'dim_scene',
      'launch_scene',
      'scene_by_launch_scene',
      'scene_current',
      'scene_drift',
      'scene_freshness',
      'scene_history',
    ]);
    for (const table of [
      'scene_payload',
      'scene_observation',
      'scene_account',
      'scene_reject',
      'scene_run',
      'scene_meta',
      'scene_roster',
      'scene_refresh_token',
    ]) {
      await expect(reader.query(`SELECT 1 FROM scene.${table}`)).rejects.toThrow('permission denied');
    }
    await expect(reader.query('DELETE FROM scene.dim_scene')).rejects.toThrow('permission denied');
  });

  test('does not depend on the search_path of whoever queries, not even on tables of the same name there', async () => {
    await using base = await createDatabase();
    await using database = await openPostgresDatabase(base.url);
    await createSceneSchema(database);
    await insertVersions(database, rename);
    await database.execute(`
      CREATE SCHEMA decoy; CREATE TABLE decoy.dim_scene (LIKE scene.dim_scene); CREATE TABLE decoy.scene_meta (time_zone text);
      SET search_path TO decoy, public`);
    const rows = await database.query(
      `SELECT (SELECT count(*)::int FROM scene.scene_as_of(now())) AS as_of, (SELECT max(effective_to_date)::text FROM scene.scene_history) AS d,
         scene.access_source_of(1011) AS source`,
    );
    expect(rows).toEqual([{ as_of: 1, d: '9999-12-31', source: '4' }]);
  });

  test("keeps a user's view, grants and comments on it when the views are made again", async () => {
    await using base = await createDatabase();
    await using database = await openPostgresDatabase(base.url);
    await using role = await loginRole(database, `bi_${server.major}_${process.pid}`);
    await createSceneSchema(database);
    await insertVersions(database, rename);
    await database.execute(`
      CREATE VIEW public.my_scenes AS SELECT app_id, scene_name, scene.access_source_of(1011) AS source FROM scene.scene_current;
      CREATE VIEW public.my_history AS SELECT a.scene_name FROM scene.scene_as_of('2026-01-01T00:00:00Z') AS a;
      GRANT SELECT ON scene.scene_drift, public.my_scenes TO ${role.name}`);
    await createSceneSchema(database);
    const rows = await database.query(
      `SELECT (SELECT string_agg(scene_name, ',' ORDER BY app_id) FROM public.my_scenes) AS names, (SELECT scene_name FROM public.my_history) AS as_of,
         has_table_privilege('${role.name}', 'scene.scene_drift', 'SELECT') AS granted,
         has_table_privilege('${role.name}', 'public.my_scenes', 'SELECT') AS granted_on_top`,
    );
    expect(rows).toEqual([{ names: '未知,扫一扫二维码', as_of: '二维码', granted: true, granted_on_top: true }]);
  });
});
