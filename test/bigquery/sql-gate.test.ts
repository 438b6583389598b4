import { describe, expect, test } from 'vitest';
import { versionRules } from '../../src/catalog/quality-rules.ts';
import { describeReadable } from '../../src/catalog/readable-relations.ts';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { physicalTypes } from '../../src/commands/schema/odcs-document.ts';
import { everyStatement } from '../../src/load/bigquery/check/every-statement.ts';
import { createDatasetStatement, migrationStatements } from '../../src/load/bigquery/schema/migrations.ts';
import type { Query } from '../../src/load/bigquery/sql/query.ts';
import type { DatasetName } from '../../src/load/bigquery/sql/table-path.ts';
import { runBigquerySetup } from '../support/bigquery-setup.ts';
import { blocksOf } from '../support/documents.ts';
import { bigqueryJoinStatements } from '../support/join-statements.ts';
import { findSqlGate, type GateStatement, passThroughGate } from '../support/sql-gate.ts';

const place = { projectId: 'project', dataset: 'scene' };
const migrationsOf = (where: DatasetName): readonly GateStatement[] =>
  migrationStatements(
    where,
    { normalizerVersion: 1, firstSeen: 'beginning', timeZone: 'Asia/Shanghai', catalog: bundledCatalog() },
    { keepForever: true },
  ).map((sql) => ({ sql }));
const migrations = migrationsOf(place);
const documentsPlace = { projectId: 'my-project', dataset: 'scene' };
const suiteName = 'the SQL gate (GoogleSQL)';
const reason = 'the SQL gate is not built: run .ci/install-sql-gate';
const gate = findSqlGate();

if (gate !== undefined) describe(suiteName, () => suite(gate));
else if (process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1') {
  test(suiteName, () => {
    throw new Error(reason);
  });
} else {
  // biome-ignore lint/suspicious/noSkippedTests: visibly, and never in CI
  test.skip(`${suiteName}: ${reason}`, () => {});
}

function suite(built: string): void {
  test('takes every statement that the program can send, migrations first', async () => {
    const statements = [
      { sql: createDatasetStatement(place, 'US') },
      ...migrations,
      ...everyStatement(place).map(withParameters),
    ];
    const { passed, refused } = await passThroughGate(built, statements);
    expect(refused).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(statements.length);
  });

  test('takes what the documents show, and what setup.sh sends', async () => {
    const facts = [
      'CREATE TABLE `my-project.logs.visit` (app_id STRING, visited_at TIMESTAMP, access_source INT64, launch_scene INT64)',
      'CREATE TABLE `my-project.logs.visit_day` (app_id STRING, day DATE, access_source STRING, sessions INT64)',
    ];
    const calls = await runBigquerySetup({ PROJECT: 'my-project', LOCATION: 'asia-east1' }, { found: true });
    const grants = calls.filter((words) => words.includes('query')).map((words) => words.at(-1) ?? '');
    expect(grants).toHaveLength(1);
    const shown = [...facts, ...grants, ...blocksOf('sql bigquery').map(({ text }) => text)];
    const statements = [...migrationsOf(documentsPlace), ...shown.map((sql) => ({ sql }))];
    expect((await passThroughGate(built, statements)).refused).toEqual([]);
  });

  test('takes what join-check sends, and the SQL that it prints', async () => {
    const collated = [
      "CREATE TABLE `project.scene.collated` (app_id STRING COLLATE 'und:ci')",
      "SELECT v.app_id FROM `project.scene.collated` AS v JOIN `project.scene.dim_scene` AS s ON s.app_id = COLLATE(v.app_id, '')",
    ];
    const statements = [...bigqueryJoinStatements(place), ...collated].map((sql) => ({ sql }));
    const { passed, refused } = await passThroughGate(built, [...migrations, ...statements]);
    expect(refused).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(statements.length);
  });

  test('takes the queries of the data contract, and its types', async () => {
    const relations = describeReadable().map((relation) => ({
      ...relation,
      path: `\`project.scene.${relation.name}\``,
    }));
    const rules = relations.flatMap(({ path, versionsOf }) =>
      versionsOf === undefined ? [] : versionRules.map((rule) => rule.violations(path, versionsOf)),
    );
    const types = relations.map(({ columns, path }) => {
      const typed = columns.map(({ name, type }) => `COALESCE(${name}, CAST(NULL AS ${physicalTypes.bigquery[type]}))`);
      return `SELECT ${typed.join(', ')} FROM ${path}`;
    });
    expect([rules.length, types.length]).toEqual([4 * versionRules.length, relations.length]);
    const statements = [...migrations, ...[...rules, ...types].map((sql) => ({ sql }))];
    expect((await passThroughGate(built, statements)).refused).toEqual([]);
  });

  test('refuses what emulators take and BigQuery does not', async () => {
    const wrong = [
      'SELECT app_id::STRING FROM `project.scene.scene_account`',
      "SELECT app_id FROM `project.scene.scene_account` WHERE app_id ILIKE 'wx%'",
      'SELECT app_idd FROM `project.scene.scene_account`',
      'SELECT app_id FROM `project.scene.scene_accounts`',
      'SELECT DISTINCT ON (app_id) app_id FROM `project.scene.scene_account`',
      'SELECT app_id FROM `project.scene.scene_account` WHERE revision = app_id',
      'UPDATE `project.scene.scene_meta` SET rebuilding = 1 WHERE only_row',
      'INSERT INTO `project.scene.access_source` (access_source_key) VALUES (1)',
      'SELECT * FROM `project.scene.scene_as_of`(1)',
      'SELECT `project.scene.access_source_of`(1011, 4)',
      'SELECT effective_until FROM `project.scene.scene_history`',
    ];
    const { refused } = await passThroughGate(built, [...migrations, ...wrong.map((sql) => ({ sql }))]);
    expect(refused.map(({ sql }) => sql)).toEqual(wrong);
  });
}

/** The types with which the program sends the parameters of a statement. */
function withParameters({ sql, parameters = [] }: Query): GateStatement {
  const types = parameters.map(({ name, parameterType: { type, arrayType } }) => [
    name,
    arrayType === undefined ? type : `ARRAY<${arrayType.type}>`,
  ]);
  return { sql, parameters: Object.fromEntries(types) };
}
