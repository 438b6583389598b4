/** `join-check` on BigQuery: each mistake alone, and the printed SQL both run and passed through the gate. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkJoin } from '../../src/commands/join-check/check-join.ts';
import type { JoinReport } from '../../src/commands/join-check/join-report.ts';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import type { Loader } from '../../src/load/loader.ts';
import type { TableReader } from '../../src/load/table-reader.ts';
import { NORMALIZER_VERSION } from '../../src/normalize/snapshot.ts';
import { describeBigquery } from '../support/bigquery.ts';
import {
  type JoinTable,
  joinCases,
  joinDialects,
  joinTableSql,
  joinTimeZone,
  joinVersions,
} from '../support/join-cases.ts';
import { createSceneDataset, type SceneDataset } from '../support/scene-dataset.ts';

const { signal } = new AbortController();

describeBigquery('join-check', (suite) => {
  let scene: SceneDataset;
  let loader: Loader;
  beforeAll(async () => {
    scene = await createSceneDataset(suite, { timeZone: joinTimeZone, normalizerVersion: NORMALIZER_VERSION });
    await scene.insertVersions(joinVersions);
    const config = parseBigQueryConfig({ type: 'bigquery', ...suite.place(), dataset: scene.dataset });
    loader = createBigQueryLoader(config, { timings: suite.timings });
    // What a statement would read the emulator finds out by running it: once is enough.
    const { estimateBytes, ...reader } = loader.tableReader as TableReader;
    expect(await estimateBytes?.(`SELECT app_id FROM \`${scene.path}.dim_scene\``, signal)).toBeTypeOf('bigint');
    loader = { ...loader, tableReader: reader };
  }, 120_000);
  afterAll(() => scene[Symbol.asyncDispose]());

  let tables = 0;
  const checkTable = async (table: JoinTable): Promise<JoinReport> => {
    tables += 1;
    const name = `visit_${tables}`;
    await scene.query(joinTableSql(`\`${scene.path}.${name}\``, joinDialects.bigquery, table));
    const question = {
      table: `${scene.dataset}.${name}`,
      sceneColumn: 'CODE',
      appIdColumn: 'app_id',
      timeColumn: 'visited_at',
    };
    return checkJoin(loader, table.bridge === true ? { ...question, bridge: true } : question, {
      signal,
      tell: () => {},
    });
  };

  test.each(joinCases)('$title: that finding alone, and the SQL is right', async (each) => {
    const report = await checkTable(each);
    expect(report.findings.map(({ code }) => code)).toEqual(each.finding === null ? [] : [each.finding]);
    expect([report.visits, report.join.rows]).toEqual([each.visits.length, each.visits.length]);
    const rows = await scene.query<{ scene_name: string }>(report.sql);
    expect(rows.map(({ scene_name }) => scene_name).sort()).toEqual([...each.names].sort());
  });
});
