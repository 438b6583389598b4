/** Expirations of a dataset would end the log unasked: `migrate` sets none, `check` tells of those that are there. */
import { expect, test } from 'vitest';
import { columnCatalogue } from '../../src/catalog/column-catalogue.ts';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { migrationStatements } from '../../src/load/bigquery/schema/migrations.ts';
import { momentaryTimings, startLoaderOnFake } from '../support/bigquery-on-fake.ts';
import { type FakeBigqueryOptions, startFakeBigquery } from '../support/fake-bigquery.ts';
import { settingsRow } from '../support/settings-row.ts';

const { signal } = new AbortController();
const day = 86_400_000;
const migrated = settingsRow();

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
const settings = { normalizerVersion: 1, firstSeen: 'beginning', timeZone: 'UTC', catalog: bundledCatalog() } as const;

/** Those with columns for readers, and scene_lease. */
const tableCount = Object.values(columnCatalogue.relations).filter(({ kind }) => kind === 'table').length + 1;

/** Every table that some statements make, by what takes its expirations off. */
function endlessTables(statements: readonly string[]): string[] {
  const created = statements.filter((sql) => sql.includes('CREATE TABLE IF NOT EXISTS'));
  return created.map((sql) => {
    const table = /CREATE TABLE IF NOT EXISTS (`[^`]+`)/.exec(sql)?.[1];
    const partitions = sql.includes('PARTITION BY') ? ', partition_expiration_days = NULL' : '';
    return `ALTER TABLE ${table} SET OPTIONS (expiration_timestamp = NULL${partitions})`;
  });
}

const alterationsIn = (statements: readonly string[]) =>
  statements
    .map((sql) => sql.trim().replace(/;$/, ''))
    .filter((sql) => sql.startsWith('ALTER TABLE') && /expiration/.test(sql));

test('the script for a DBA takes the expirations off every table that it makes', async () => {
  const { fake, loader } = await onFake({});
  await using _fake = fake;
  const statements = loader.migrationSql(settings).split(/;\n/);
  const expected = endlessTables(statements);
  expect(expected).toHaveLength(tableCount);
  expect(expected.join()).toContain('`test.scene.scene_lease`');
  expect(alterationsIn(statements).sort()).toEqual(expected.sort());
});

test.each([
  ['tables', { defaultTableExpirationMs: String(60 * day) }, true],
  ['partitions', { defaultPartitionExpirationMs: String(60 * day) }, true],
  ['neither', {}, false],
])('migrate takes them off when the dataset has a default for %s', async (_what, scene, isNeeded) => {
  await using stage = await startLoaderOnFake({}, {}, { resources: { scene } });
  await stage.loader.migrate(settings, signal);
  const [migration] = stage.fake.jobs.flatMap(({ sql }) => (sql?.includes('dim_scene') ? [sql] : []));
  const statements = migration?.split(';\n') ?? [];
  expect(endlessTables(statements)).toHaveLength(tableCount);
  expect(alterationsIn(statements).sort()).toEqual(isNeeded ? endlessTables(statements).sort() : []);
});

test('a migration without a default leaves expirations to those who set them', () => {
  expect(alterationsIn(migrationStatements(place, settings))).toEqual([]);
});
