/** The joins that sql/README.md shows for BigQuery give what its joins for Postgres give. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBigquery } from '../support/bigquery.ts';
import { blocksOf } from '../support/documents.ts';
import { createSceneDataset, type SceneDataset } from '../support/scene-dataset.ts';
import {
  createSceneSchema,
  insertVersions,
  openPgliteDatabase,
  type TestVersion,
  type ViewDatabase,
} from '../support/view-database.ts';

const renamed = '2025-04-01T02:00:00Z';
const versions: readonly TestVersion[] = [
  { app: 'wx1', key: '4', name: '二维码', from: '1970-01-01T00:00:00Z', to: renamed, ended: 'renamed' },
  { app: 'wx1', key: '4', name: '扫一扫二维码', from: renamed },
  { app: 'wx1', key: '10', name: '其他', from: '1970-01-01T00:00:00Z' },
  { app: 'wx1', key: '39', name: 'H5', from: '1970-01-01T00:00:00Z', to: renamed },
];

/** Literals that both dialects take. */
const visits = [
  ['2025-02-14 09:00:00+00', '4', 'NULL'],
  [renamed.replace('T', ' ').replace('Z', '+00'), '4', 'NULL'],
  ['2025-04-20 09:00:00+00', 'NULL', '1011'],
  ['2025-04-21 09:00:00+00', '39', 'NULL'],
  ['2025-05-20 09:00:00+00', 'NULL', '1030'],
  ['2025-05-21 09:00:00+00', '99', 'NULL'],
  ['2025-05-22 09:00:00+00', 'NULL', '9999'],
].map(([at, source, launch]) => `('wx1', TIMESTAMP '${at}', ${source}, ${launch})`);
const days = [
  "('wx1', DATE '2025-03-31', '4', 7)",
  "('wx1', DATE '2025-04-01', '4', 8)",
  "('wx1', DATE '2025-04-02', '39', 9)",
];

describeBigquery('the joins of sql/README.md', (suite) => {
  let scene: SceneDataset;
  let postgres: ViewDatabase;

  beforeAll(async () => {
    scene = await createSceneDataset(suite);
    await scene.insertVersions(versions);
    const table = (name: string) => `\`${scene.path}.${name}\``;
    await scene.query(
      `CREATE TABLE ${table('visit')} (app_id STRING, visited_at TIMESTAMP, access_source INT64, launch_scene INT64)`,
    );
    await scene.query(
      `CREATE TABLE ${table('visit_day')} (app_id STRING, day DATE, access_source STRING, sessions INT64)`,
    );
    await scene.query(`INSERT INTO ${table('visit')} VALUES ${visits.join(', ')}`);
    await scene.query(`INSERT INTO ${table('visit_day')} VALUES ${days.join(', ')}`);

    postgres = await openPgliteDatabase();
    await createSceneSchema(postgres);
    await insertVersions(postgres, versions);
    await postgres.execute(`
      CREATE TABLE visit (app_id text, visited_at timestamptz, access_source int, launch_scene int);
      CREATE TABLE visit_day (app_id text, day date, access_source text, sessions int);
      INSERT INTO visit VALUES ${visits.join(', ').replaceAll('TIMESTAMP', 'TIMESTAMPTZ')};
      INSERT INTO visit_day VALUES ${days.join(', ')};`);
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  const names = (rows: readonly { readonly scene_name: string | null }[]) => rows.map((row) => row.scene_name).sort();
  const inPostgres = blocksOf('sql run').filter(({ document }) => document === 'sql/README.md');
  const inBigquery = blocksOf('sql bigquery').filter(({ document }) => document === 'sql/README.md');

  test('are as many', () => expect(inBigquery).toHaveLength(inPostgres.length));

  test.each(inBigquery.map(({ line, text }, n) => [line, text, inPostgres[n]?.text ?? ''] as const))(
    'in line %i name each fact as in Postgres',
    async (_, text, postgresText) => {
      const expected = await postgres.query<{ scene_name: string | null }>(postgresText);
      expect(expected.length).toBeGreaterThan(0);
      const ours = text.replaceAll(/my-project\.(?:scene|logs)\./g, `${scene.path}.`);
      expect(names(await scene.query(ours))).toEqual(names(expected));
    },
  );
});
