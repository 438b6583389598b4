/** Schemas that others changed, or in which others have objects of our names: `check`, `migrate` and the script say what to do. */
import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { describePostgres } from '../support/postgres.ts';
import { oneAccount, open, query, signal } from '../support/postgres-loader-fixture.ts';

describePostgres('a schema', ({ createDatabase }) => {
  test.each([
    ['table', 'CREATE TABLE scene.dim_scene (id int PRIMARY KEY, name text)', 'scene.dim_scene is a table of'],
    ['view for a table', 'CREATE VIEW scene.dim_scene AS SELECT 1 AS x', 'scene.dim_scene is a view of'],
    ['settings table', 'CREATE TABLE scene.scene_meta (k text, v text)', 'scene.scene_meta is a table of'],
    ['view', 'CREATE VIEW scene.scene_current AS SELECT 1 AS x', 'scene.scene_current is a view of'],
    [
      'materialized view',
      'CREATE MATERIALIZED VIEW scene.scene_drift AS SELECT 1 AS x',
      'scene.scene_drift is a materialized view of',
    ],
    ['sequence', 'CREATE SEQUENCE scene.scene_run', 'scene.scene_run is a sequence of'],
    ['type', 'CREATE TYPE scene.scene_version AS (x int)', 'scene.scene_version is a type'],
  ])('with a %s of somebody else is refused, and the remedy works', async (_, statement, message) => {
    await using database = await createDatabase();
    await query(database.url, `CREATE SCHEMA scene; ${statement}`);
    await using loader = await open(database.url);
    const refused = { message: expect.stringContaining(message), remedy: expect.stringContaining('set target.schema') };
    // Every command begins with the settings: none may send to a migrate that refuses.
    for (const work of [loader.readMeta(signal), loader.migrate(sampleSettings, signal)]) {
      await expect(work).rejects.toMatchObject({ code: 'target_invalid', ...refused });
    }
    await expect(query(database.url, loader.migrationSql(sampleSettings))).rejects.toMatchObject({
      message: refused.message,
      hint: refused.remedy,
    });
    const [finding, ...more] = (await loader.check(signal)).filter(({ level }) => level !== 'ok');
    expect([finding, more]).toMatchObject([{ level: 'error', subject: 'schema', ...refused }, []]);
    await using other = await open(database.url, { schema: 'another' });
    await other.migrate(sampleSettings, signal);
    await query(database.url, finding?.remedy?.slice(finding.remedy.indexOf('ALTER')) ?? '');
    await loader.migrate(sampleSettings, signal);
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('whose dim_scene got a column of the user keeps working', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, `ALTER TABLE scene.dim_scene ADD COLUMN note text DEFAULT 'mine'`);
    await loader.apply(oneAccount('wx1'), signal);
    const rows = () => query(database.url, 'SELECT app_id FROM scene.scene_as_of(now())');
    expect(await rows()).toEqual([{ app_id: 'wx1' }]);
    await query(database.url, loader.migrationSql(sampleSettings));
    await query(database.url, 'UPDATE scene.scene_meta SET schema_version = 0');
    await loader.migrate(sampleSettings, signal);
    expect(await rows()).toEqual([{ app_id: 'wx1' }]);
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test.each([
    [
      'a renamed column',
      'ALTER TABLE scene.dim_scene RENAME scene_name TO name',
      'scene.dim_scene has no column scene_name',
    ],
    [
      'dropped columns',
      'ALTER TABLE scene.scene_run DROP outcome, DROP command',
      'scene.scene_run has no column command, outcome',
    ],
    [
      'another type',
      'ALTER TABLE scene.scene_payload ALTER byte_length TYPE int',
      'byte_length has the type integer, not bigint',
    ],
    [
      'another collation',
      'ALTER TABLE scene.scene_reject ALTER app_id TYPE text COLLATE "en-x-icu"',
      'app_id has the type text COLLATE "en-x-icu"',
    ],
  ])('with %s is told by every command', async (_, statement, message) => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, statement);
    const refused = { message: expect.stringContaining(message) };
    await expect(loader.readMeta(signal)).rejects.toMatchObject({ code: 'target_invalid', ...refused });
    await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject({ code: 'target_invalid', ...refused });
    await expect(query(database.url, loader.migrationSql(sampleSettings))).rejects.toMatchObject(refused);
    const [finding, ...more] = (await loader.check(signal)).filter(({ level }) => level !== 'ok');
    expect([finding, more]).toMatchObject([{ level: 'error', ...refused }, []]);
    const [remedy = ''] = finding?.remedy?.split(', if that is the column') ?? [];
    if (!remedy.startsWith('ALTER TABLE')) return;
    await query(database.url, remedy);
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('of the build before origin is told, and its program moves it', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, 'ALTER TABLE scene.access_source DROP origin CASCADE');
    const refused = {
      message: 'scene.access_source has no column origin',
      remedy: expect.stringContaining('export-log'),
    };
    for (const work of [loader.readMeta(signal), loader.migrate(sampleSettings, signal)]) {
      await expect(work).rejects.toMatchObject({ code: 'target_invalid', ...refused });
    }
    expect((await loader.check(signal)).find(({ level }) => level === 'error')).toMatchObject(refused);
  });

  test.each([
    ['a dropped view', 'DROP VIEW scene.scene_drift'],
    ['a dropped function', 'DROP FUNCTION scene.access_source_of(text)'],
    ['a dropped table', 'DROP TABLE scene.launch_scene CASCADE'],
  ])('with %s is told by check and mended by migrate', async (_, statement) => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, statement);
    const findings = async () => (await loader.check(signal)).filter(({ level }) => level !== 'ok');
    expect(await findings()).toMatchObject([{ level: 'error', subject: 'schema', remedy: 'run scenedim migrate' }]);
    expect((await loader.migrate(sampleSettings, signal)).applied).not.toEqual([]);
    expect(await findings()).toEqual([]);
  });

  test.each([
    'ALTER TABLE scene.dim_scene DROP CONSTRAINT dim_scene_app_id_scene_key_effective_to_key',
    'ALTER TABLE scene.scene_observation DROP CONSTRAINT scene_observation_pkey',
    `ALTER TABLE scene.dim_scene ADD COLUMN note text NOT NULL DEFAULT ''; ALTER TABLE scene.dim_scene ALTER note DROP DEFAULT`,
  ])('damaged by %s is told with the statement that mends it', async (statement) => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, statement);
    const findings = async () => (await loader.check(signal)).filter(({ level }) => level !== 'ok');
    const [finding, ...more] = await findings();
    expect([finding, more]).toMatchObject([{ level: 'error', subject: 'schema' }, []]);
    await query(database.url, finding?.remedy ?? '');
    expect(await findings()).toEqual([]);
  });

  test('with a trigger or a rule of the user on a table is told', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(
      database.url,
      `CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
       CREATE TRIGGER t BEFORE INSERT ON scene.dim_scene FOR EACH ROW EXECUTE FUNCTION public.f();
       CREATE RULE r AS ON INSERT TO scene.scene_payload DO INSTEAD NOTHING`,
    );
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toMatchObject([
      { level: 'warning', message: expect.stringContaining('the rule r of scene_payload') },
      { level: 'warning', message: expect.stringContaining('the trigger t of dim_scene') },
    ]);
  });

  test('whose views select something else is told, whatever rows and statistics it has', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    const findings = async () => (await loader.check(signal)).filter(({ level }) => level !== 'ok');
    await loader.apply(oneAccount('wx1'), signal);
    expect(await findings()).toEqual([]);
    await query(database.url, 'ANALYZE');
    expect(await findings()).toEqual([]);
    for (const view of ['scene_current', 'scene_history', 'scene_by_launch_scene', 'scene_freshness', 'scene_drift']) {
      const [{ definition } = { definition: '' }] = (await query(
        database.url,
        `SELECT rtrim(pg_get_viewdef('scene.${view}'::regclass), ';') AS definition`,
      )) as readonly { readonly definition: string }[];
      await query(
        database.url,
        `CREATE OR REPLACE VIEW scene.${view} AS SELECT * FROM (${definition}) AS d WHERE d.app_id <> 'wx2'`,
      );
      expect(await findings()).toMatchObject([
        { level: 'warning', message: expect.stringContaining(`the view ${view} `) },
      ]);
      await query(database.url, loader.migrationSql(sampleSettings));
      expect(await findings()).toEqual([]);
    }
  });

  test('with a partitioned log works', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(
      database.url,
      `ALTER TABLE scene.scene_observation RENAME TO old;
       CREATE TABLE scene.scene_observation (LIKE scene.old INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (app_id, observed_at)) PARTITION BY RANGE (observed_at);
       CREATE TABLE scene.every_year PARTITION OF scene.scene_observation DEFAULT; DROP TABLE scene.old`,
    );
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
    await loader.apply(oneAccount('wx1'), signal);
    await query(database.url, loader.migrationSql(sampleSettings));
  });
});
