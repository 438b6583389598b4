import { afterAll, beforeAll, expect, test } from 'vitest';
import { columnCatalogue } from '../../src/catalog/column-catalogue.ts';
import { bundledCatalog, createSceneCatalog } from '../../src/catalog/scene-catalog.ts';
import { newestSchemaVersion } from '../../src/load/bigquery/schema/migrations.ts';
import { newerSchemaMessage } from '../../src/load/schema-version.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { createSceneDataset, type SceneDataset } from '../support/scene-dataset.ts';

interface TableMetadata {
  readonly description?: string;
  readonly type: string;
  readonly schema: { readonly fields: readonly { readonly name: string; readonly description?: string }[] };
  readonly timePartitioning?: object;
  readonly clustering?: object;
  readonly tableConstraints?: object;
}

describeBigquery('a migrated dataset', (suite) => {
  let scene: SceneDataset;

  beforeAll(async () => {
    scene = await createSceneDataset(suite, { timeZone: 'Asia/Shanghai' });
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  const metadata = async (table: string) => {
    const [found] = await suite.client().dataset(scene.dataset).table(table).getMetadata();
    return found as TableMetadata;
  };
  const meta = () => scene.query(`SELECT * FROM \`${scene.path}.scene_meta\``);
  const bundled = async () => [
    await scene.query(`SELECT * FROM \`${scene.path}.access_source\` ORDER BY access_source_key`),
    await scene.query(`SELECT * FROM \`${scene.path}.launch_scene\` ORDER BY launch_scene`),
  ];
  const settings = {
    only_row: true,
    normalizer_version: 1,
    first_seen: 'beginning',
    rebuilding: false,
    catalog_hash: bundledCatalog().hash,
  };
  const schemaVersion = newestSchemaVersion();

  test('has the tables, views and functions of the catalogue and the lease, and nothing else', async () => {
    const dataset = suite.client().dataset(scene.dataset);
    const [[tables], [routines]] = await Promise.all([dataset.getTables(), dataset.getRoutines()]);
    const functions = Object.keys(columnCatalogue.functions);
    expect(routines.map(({ id }) => id).sort()).toEqual(functions.sort());
    // The emulator lists functions among the tables too.
    const names = new Set(tables.map(({ id }) => id)).difference(new Set<unknown>(functions));
    expect([...names].sort()).toEqual([...Object.keys(columnCatalogue.relations), 'scene_lease'].sort());
  });

  test.each(Object.entries(columnCatalogue.relations))(
    'has %s with its columns and descriptions',
    async (name, entry) => {
      const { description, type, schema } = await metadata(name);
      expect({
        kind: type.toLowerCase(),
        description,
        columns: schema.fields.map((field) => [field.name, field.description]),
      }).toEqual({ kind: entry.kind, description: entry.description, columns: Object.entries(entry.columns) });
    },
  );

  test('is partitioned and clustered for the reads of a run', async () => {
    const layout = async (table: string) => {
      const { timePartitioning, clustering, tableConstraints } = await metadata(table);
      return { timePartitioning, clustering, tableConstraints };
    };
    expect(await layout('scene_observation')).toEqual({
      timePartitioning: expect.objectContaining({ type: 'DAY', field: 'observed_at' }),
      clustering: { fields: ['app_id'] },
      tableConstraints: { primaryKey: { columns: ['app_id', 'observed_at'] } },
    });
    expect(await layout('scene_run')).toEqual({
      timePartitioning: expect.objectContaining({ type: 'MONTH', field: 'started_at' }),
      clustering: undefined,
      tableConstraints: { primaryKey: { columns: ['run_id'] } },
    });
    expect(await layout('dim_scene')).toEqual({
      timePartitioning: undefined,
      clustering: { fields: ['app_id', 'scene_key'] },
      tableConstraints: { primaryKey: { columns: ['version_id'] } },
    });
  });

  test('is the same after another migration, with its settings but the time zone', async () => {
    const before = await bundled();
    expect(await meta()).toEqual([{ ...settings, schema_version: schemaVersion, time_zone: 'Asia/Shanghai' }]);
    await scene.migrate({ timeZone: 'UTC', normalizerVersion: 7, firstSeen: 'observed' });
    expect(await meta()).toEqual([{ ...settings, schema_version: schemaVersion, time_zone: 'UTC' }]);
    expect(await bundled()).toEqual(before);
  });

  test('has its bundled rows back after a change, an addition and a deletion', async () => {
    const before = await bundled();
    expect(before.map((rows) => rows.length)).toEqual([61, 260]);
    const { path } = scene;
    await scene.query(`UPDATE \`${path}.access_source\` SET access_source_name = 'x' WHERE access_source_key = '1'`);
    await scene.query(
      `INSERT INTO \`${path}.access_source\` (access_source_key, access_source_name, origin) VALUES ('58', 'y', 'own')`,
    );
    await scene.query(`DELETE FROM \`${path}.launch_scene\` WHERE launch_scene = 1001`);
    await scene.query(`UPDATE \`${path}.launch_scene\` SET launch_scene_name = NULL WHERE launch_scene = 1011`);
    await scene.query(
      `INSERT INTO \`${path}.launch_scene\` (launch_scene, launch_scene_name, access_source_key, mapping) VALUES (9999, 'z', '58', 'official')`,
    );
    await scene.migrate();
    expect(await bundled()).toEqual(before);
  });

  test('has the rows of its own catalog, which access_source_of follows, and the bundled ones again without it', async () => {
    const before = await bundled();
    const row = { launchSceneName: '自有', mapping: 'own', communityAccessSourceKey: null } as const;
    const launchScenes = [
      { ...row, launchScene: 1011, accessSourceKey: '77' },
      { ...row, launchScene: 12345, accessSourceKey: "7'7" },
    ];
    await scene.migrate({ catalog: createSceneCatalog({ accessSources: [], launchScenes }, true) });
    const apart = `SELECT COUNT(*) AS listed, COUNTIF(\`${scene.path}.access_source_of\`(launch_scene) = access_source_key) AS same,
      COUNTIF(mapping = 'own') AS own, COUNTIF(mapping = 'community') AS community FROM \`${scene.path}.launch_scene\``;
    expect(await scene.query(apart)).toEqual([{ listed: 261, same: 261, own: 2, community: 19 }]);
    await scene.migrate();
    expect(await bundled()).toEqual(before);
    expect(await scene.query(apart)).toEqual([{ listed: 260, same: 260, own: 0, community: 0 }]);
  });

  test('that a newer program made is refused, and stays as it is', async () => {
    const { path } = scene;
    await scene.query(`UPDATE \`${path}.scene_meta\` SET schema_version = ${schemaVersion + 1} WHERE only_row`);
    await scene.query(`CREATE OR REPLACE VIEW \`${path}.scene_freshness\` AS SELECT 1 AS of_the_newer_program`);
    try {
      await expect(scene.migrate()).rejects.toThrow(newerSchemaMessage);
      expect(await scene.query(`SELECT * FROM \`${path}.scene_freshness\``)).toEqual([{ of_the_newer_program: 1 }]);
    } finally {
      await scene.query(`UPDATE \`${path}.scene_meta\` SET schema_version = ${schemaVersion} WHERE only_row`);
    }
  });
});
