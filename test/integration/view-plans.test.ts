import { afterAll, beforeAll, expect, test } from 'vitest';
import { describePostgres, type TestDatabase } from '../support/postgres.ts';
import { createSceneSchema, openPostgresDatabase, type ViewDatabase } from '../support/view-database.ts';

describePostgres('a filter on account and key', ({ createDatabase }) => {
  let base: TestDatabase;
  let database: ViewDatabase;

  beforeAll(async () => {
    base = await createDatabase();
    database = await openPostgresDatabase(base.url);
    await createSceneSchema(database);
    await database.execute(`
      INSERT INTO scene.scene_account (app_id, revision, last_ok_at, last_attempt_at)
        SELECT 'wx' || a, 1, '2026-01-01Z', '2026-01-01Z' FROM generate_series(1, 200) AS a;
      INSERT INTO scene.dim_scene
        SELECT md5(a || '/' || k || '/' || v), md5(a || '/' || k), 'wx' || a, k::text, k, 'numeric', false, 'name ' || v,
          TIMESTAMPTZ '2026-01-01Z' + v * interval '1 day',
          CASE v WHEN 3 THEN '9999-12-31Z' ELSE TIMESTAMPTZ '2026-01-02Z' + v * interval '1 day' END,
          v = 3, CASE WHEN v < 3 THEN 'renamed' END, TIMESTAMPTZ '2026-01-01Z' + v * interval '1 day'
        FROM generate_series(1, 200) AS a, generate_series(1, 50) AS k, generate_series(0, 3) AS v;
      ANALYZE scene.dim_scene, scene.scene_account, scene.launch_scene, scene.access_source`);
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await base[Symbol.asyncDispose]();
  });

  test.each([
    ['scene_history', `FROM scene.scene_history WHERE app_id = 'wx7' AND scene_key = '3'`],
    ['scene_current', `FROM scene.scene_current WHERE app_id = 'wx7' AND scene_key = '3'`],
    ['scene_as_of', `FROM scene.scene_as_of('2026-01-05T00:00:00Z') WHERE app_id = 'wx7' AND scene_key = '3'`],
    ['scene_by_launch_scene', `FROM scene.scene_by_launch_scene WHERE app_id = 'wx7' AND launch_scene = 1011`],
    ['scene_drift', `FROM scene.scene_drift WHERE app_id = 'wx7' AND scene_key = '3'`],
    [
      'a join through scene_history',
      `FROM (VALUES ('wx7', 1011, TIMESTAMPTZ '2026-01-05Z')) AS v(app_id, launch_scene, visited_at)
       LEFT JOIN scene.scene_history AS h ON h.app_id = v.app_id AND h.scene_key = scene.access_source_of(v.launch_scene)
         AND h.effective_from <= v.visited_at AND v.visited_at < h.effective_to`,
    ],
  ])('reaches the index of dim_scene through %s', async (_, from) => {
    const plan = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) SELECT * ${from}`);
    const lines = plan.map((row) => row['QUERY PLAN'].trim());
    expect(lines.filter((line) => /Seq Scan on dim_scene/.test(line))).toEqual([]);
    expect(lines.filter((line) => /^Index Cond: .*app_id = .*scene_key = /.test(line))).not.toEqual([]);
  });

  test('keeps it because access_source_of is inlined into the query', async () => {
    const plan = await database.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (VERBOSE, COSTS OFF) SELECT scene.access_source_of(l.launch_scene), scene.access_source_of(l.launch_scene_name)
       FROM scene.launch_scene AS l`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).filter((line) => line.includes('access_source_of'))).toEqual([]);
  });
});
