import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { columnCatalogue } from '../../../../src/catalog/column-catalogue.ts';
import { bundledCatalog } from '../../../../src/catalog/scene-catalog.ts';
import { unknownMember } from '../../../../src/catalog/unknown-member.ts';
import { quoteIdentifier, quoteLiteral } from '../../../../src/load/postgres-sql/quote-sql.ts';
import { catalogStatements } from '../../../../src/load/postgres-sql/schema/catalog-statements.ts';
import { commentStatements } from '../../../../src/load/postgres-sql/schema/comment-statements.ts';
import { grantStatements } from '../../../../src/load/postgres-sql/schema/grant-statements.ts';

describe('the catalogue', () => {
  const entries = [...Object.entries(columnCatalogue.relations), ...Object.entries(columnCatalogue.functions)];
  const descriptions = [
    ...entries.map(([name, { description }]) => [name, description] as const),
    ...Object.entries(columnCatalogue.relations).flatMap(([name, { columns }]) =>
      Object.entries(columns).map(([column, description]) => [`${name}.${column}`, description] as const),
    ),
  ];

  test('describes each thing in sentences that fit into what warehouses take', () => {
    expect(descriptions.length).toBeGreaterThan(100);
    expect(descriptions.filter(([, text]) => !/^\S.{10,1021}\.$/su.test(text))).toEqual([]);
  });

  test('opens what analysts need to readers, and nothing else', () => {
    const readable = Object.entries(columnCatalogue.relations).filter(([, { readable }]) => readable);
    expect(readable.map(([name]) => name)).toEqual([
      'dim_scene',
      'access_source',
      'launch_scene',
      'scene_current',
      'scene_history',
      'scene_by_launch_scene',
      'scene_freshness',
      'scene_drift',
    ]);
  });
});

test('comments are one statement a table, view, column and function, with names and texts quoted', () => {
  const statements = commentStatements('a"b');
  expect(statements).toContain(
    `COMMENT ON COLUMN "a""b"."dim_scene"."app_id" IS 'WeChat app_id of the mini-program account. ''*'' is reserved.'`,
  );
  expect(statements.filter((statement) => statement.startsWith('COMMENT ON VIEW "a""b".'))).toHaveLength(5);
  expect(statements.filter((statement) => statement.startsWith('COMMENT ON TABLE "a""b".'))).toHaveLength(11);
  expect(statements.filter((statement) => statement.startsWith('COMMENT ON FUNCTION'))).toEqual([
    expect.stringContaining('COMMENT ON FUNCTION "a""b"."scene_as_of"(timestamptz) IS '),
    expect.stringContaining('COMMENT ON FUNCTION "a""b"."scene_changes"(timestamptz, timestamptz) IS '),
    expect.stringContaining('COMMENT ON FUNCTION "a""b"."access_source_of"(bigint) IS '),
    expect.stringContaining('COMMENT ON FUNCTION "a""b"."access_source_of"(text) IS '),
  ]);
});

test('grants name each role once, quoted', () => {
  expect(grantStatements('scene', ['bi', 'Power "BI"', 'bi'])).toEqual([
    'GRANT USAGE ON SCHEMA "scene" TO "bi", "Power ""BI"""',
    'GRANT SELECT ON "scene"."dim_scene", "scene"."access_source", "scene"."launch_scene", "scene"."scene_current", "scene"."scene_history", "scene"."scene_by_launch_scene", "scene"."scene_freshness", "scene"."scene_drift" TO "bi", "Power ""BI"""',
    'GRANT EXECUTE ON FUNCTION "scene"."scene_as_of"(timestamptz), "scene"."scene_changes"(timestamptz, timestamptz), "scene"."access_source_of"(bigint), "scene"."access_source_of"(text) TO "bi", "Power ""BI"""',
    'REVOKE ALL ON "scene"."scene_refresh_token" FROM "bi", "Power ""BI"""',
  ]);
});

test('without readers nothing is granted', () => {
  expect(grantStatements('scene', [])).toEqual([]);
});

test('the bundled tables are six statements, however many rows they have', () => {
  expect(catalogStatements('scene', bundledCatalog()).map((statement) => statement.slice(0, 34))).toEqual([
    'INSERT INTO "scene".access_source ',
    'INSERT INTO "scene".launch_scene A',
    'DELETE FROM "scene".launch_scene W',
    'DELETE FROM "scene".access_source ',
    'CREATE OR REPLACE FUNCTION "scene"',
    'CREATE OR REPLACE FUNCTION "scene"',
  ]);
});

test('the views are only ever replaced, and show the unknown member', () => {
  const views = readFileSync(new URL('../../../../sql/postgres/000002_views.sql', import.meta.url), 'utf8');
  expect(views).not.toMatch(/\bDROP\b/u);
  expect(views.match(/^CREATE(?! OR REPLACE)/gmu)).toBeNull();
  expect(views.split(`'${unknownMember.id}'`)).toHaveLength(5);
  expect(views.split(`'${unknownMember.sceneName}'`)).toHaveLength(3);
});

test.each([
  ['scene', '"scene"'],
  ['Mixed Case', '"Mixed Case"'],
  ['a"; DROP SCHEMA x; --', '"a""; DROP SCHEMA x; --"'],
])('the name %s is quoted', (name, quoted) => {
  expect(quoteIdentifier(name)).toBe(quoted);
});

test.each([
  ['扫一扫', "'扫一扫'"],
  ["it's", "'it''s'"],
  ["back\\slash'", "E'back\\\\slash'''"],
])('the text %s is quoted', (text, quoted) => {
  expect(quoteLiteral(text)).toBe(quoted);
});
