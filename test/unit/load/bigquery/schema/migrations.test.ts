import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bundledCatalog } from '../../../../../src/catalog/scene-catalog.ts';
import { unknownMember } from '../../../../../src/catalog/unknown-member.ts';
import { describeStatement } from '../../../../../src/load/bigquery/schema/describe-statement.ts';
import { migrationScript, migrationStatements } from '../../../../../src/load/bigquery/schema/migrations.ts';
import { quoteLiteral } from '../../../../../src/load/bigquery/sql/quote-literal.ts';

const place = { projectId: 'example.com:my-project', dataset: 'scene' };
const options = { normalizerVersion: 3, firstSeen: 'observed', timeZone: "it's", catalog: bundledCatalog() } as const;
const statements = migrationStatements(place, options);
const sqlFile = (name: string) => readFileSync(new URL(`../../../../../sql/bigquery/${name}`, import.meta.url), 'utf8');

test('every migration statement names its tables by the whole path in one pair of backticks', () => {
  expect(statements.length).toBeGreaterThan(15);
  for (const statement of statements) {
    expect(statement).toContain('`example.com:my-project.scene.');
    expect(statement.replace(/'(?:[^'\\]|\\.)*'/g, "''")).not.toMatch(/:(?:[A-Z_]+)\b|`scene/u);
  }
});

test('every migration statement may run again: nothing is dropped, and no table is replaced', () => {
  for (const statement of statements) {
    expect(statement).toMatch(
      /^(?:CREATE TABLE IF NOT EXISTS|CREATE OR REPLACE (?:VIEW|TABLE FUNCTION|FUNCTION)|ASSERT|BEGIN) /u,
    );
    expect(statement).not.toMatch(/\bDROP\b|\bTRUNCATE\b|NOT MATCHED BY SOURCE/u);
  }
});

test('settings are quoted', () => {
  expect(statements.find((statement) => statement.includes('.scene_meta` ('))).toMatch(
    /AS SELECT true, 0, 3, 'observed', 'it\\'s', '', false$/u,
  );
});

test('the script holds the dataset and then every statement in order, each ended by a semicolon', () => {
  const script = migrationScript(place, 'EU', options);
  const dataset = "CREATE SCHEMA IF NOT EXISTS `example.com:my-project.scene` OPTIONS (location='EU')";
  const all = [dataset, ...migrationStatements(place, options, { keepForever: true })].map(
    (statement) => `${statement.replace(/;$/, '')};\n`,
  );
  expect(script.endsWith(all.join('\n'))).toBe(true);
});

test('the views show the unknown member, and look through no window', () => {
  const views = sqlFile('000002_views.sql');
  expect(views.split(`'${unknownMember.id}'`)).toHaveLength(5);
  expect(views.split(`'${unknownMember.sceneName}'`)).toHaveLength(3);
  const statements = views.split(/;\n/).filter((statement) => statement.includes('CREATE OR REPLACE VIEW'));
  expect(statements).toHaveLength(5);
  expect(statements.join('\n')).not.toMatch(/\bOVER\b|\bQUALIFY\b/u);
});

test('a table whose columns are not those of the catalogue is refused', () => {
  const statement =
    'CREATE TABLE IF NOT EXISTS `p.d.access_source` (\n  access_source_key STRING NOT NULL,\n  other STRING\n)\n';
  expect(() => describeStatement(statement)).toThrow(
    'the catalogue and sql/bigquery disagree about the columns of access_source: access_source_key, other',
  );
});

test.each([
  ['扫一扫', "'扫一扫'"],
  ["it's", "'it\\'s'"],
  ['back\\slash\nline', "'back\\\\slash\\nline'"],
])('the text %j is a literal', (text, literal) => {
  expect(quoteLiteral(text)).toBe(literal);
});
