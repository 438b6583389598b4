/** Expirations of a dataset would end the log unasked: `migrate` sets none, `check` tells of those that are there. */
import { expect, test } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { migrationStatements, newestSchemaVersion } from '../../src/load/bigquery/schema/migrations.ts';
import { momentaryTimings } from '../support/bigquery-on-fake.ts';
import { type FakeBigqueryOptions, startFakeBigquery } from '../support/fake-bigquery.ts';

const { signal } = new AbortController();
const day = 86_400_000;
const migrated = { rows: [[String(newestSchemaVersion()), '1', 'beginning', 'Asia/Shanghai', 'false']] };

async function onFake(options: FakeBigqueryOptions) {
  const fake = await startFakeBigquery({
    answer: ({ sql }) => (sql?.includes('FROM `test.scene.scene_meta`') ? migrated : undefined),
    ...options,
  });
  const { projectId, apiEndpoint } = fake;
  const config = parseBigQueryConfig({ type: 'bigquery', projectId, apiEndpoint });
  return { fake, loader: createBigQueryLoader(config, { timings: momentaryTimings }) };
}

async function expirationsIn(options: FakeBigqueryOptions) {
  const { fake, loader } = await onFake(options);
  await using _fake = fake;
  return (await loader.check(signal)).filter(({ subject }) => subject === 'expiration');
}

test('check says nothing when nothing expires', async () => {
  expect(await expirationsIn({ tables: ['scene/tables/scene_observation', 'scene/tables/dim_scene'] })).toEqual([]);
});

test('check tells the defaults of the dataset', async () => {
  const resources = {
    scene: { defaultTableExpirationMs: String(60 * day), defaultPartitionExpirationMs: String(1.5 * day) },
  };
  expect(await expirationsIn({ resources })).toMatchObject([
    { level: 'warning', message: expect.stringContaining('a table after 60 days') },
    { level: 'warning', message: expect.stringContaining('a partition after 1.5 days') },
  ]);
});

test('check tells the expirations of tables, with what takes them off', async () => {
  const log = 'scene/tables/scene_observation';
  const dimension = 'scene/tables/dim_scene';
  const resources = {
    [log]: { timePartitioning: { type: 'DAY', field: 'observed_at', expirationMs: String(90 * day) } },
    [dimension]: { expirationTime: String(Date.UTC(2027, 0, 31)) },
  };
  expect(await expirationsIn({ tables: [log, dimension], resources })).toEqual([
    {
      level: 'error',
      subject: 'expiration',
      message: 'dim_scene ends on 2027-01-31: history would be lost',
      remedy: 'run in BigQuery: ALTER TABLE `test.scene.dim_scene` SET OPTIONS (expiration_timestamp = NULL)',
    },
    {
      level: 'error',
      subject: 'expiration',
      message: 'scene_observation loses each partition after 90 days: history would be lost',
      remedy:
        'run in BigQuery: ALTER TABLE `test.scene.scene_observation` SET OPTIONS (expiration_timestamp = NULL, partition_expiration_days = NULL)',
    },
  ]);
});

const place = { projectId: 'test', dataset: 'scene' };
const settings = { normalizerVersion: 1, firstSeen: 'beginning', timeZone: 'UTC' } as const;

test('where the dataset has a default, the migration takes the expiration off each table that it makes', () => {
  const usual = migrationStatements(place, settings);
  const added = migrationStatements(place, settings, { keepForever: true }).filter((sql) => !usual.includes(sql));
  const created = usual.filter((sql) => sql.startsWith('CREATE TABLE IF NOT EXISTS'));
  expect(added).toHaveLength(created.length);
  expect(added.filter((sql) => !sql.includes('SET OPTIONS (expiration_timestamp = NULL'))).toEqual([]);
  expect(added.filter((sql) => sql.includes('partition_expiration_days = NULL'))).toHaveLength(
    created.filter((sql) => sql.includes('PARTITION BY')).length,
  );
});
