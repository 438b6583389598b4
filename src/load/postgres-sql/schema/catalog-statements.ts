import { defaultAccessSourceKey, type LaunchScene } from '../../../catalog/bundled-tables.ts';
import type { SceneCatalog } from '../../../catalog/scene-catalog.ts';
import { quoteIdentifier, quoteLiteral } from '../quote-sql.ts';

/**
 * Statements that make `access_source`, `launch_scene` and the function `access_source_of` equal to a catalog: rows
 * that it does not have go, rows that are right already are not written. `schema` is the raw name. To run in one transaction
 * after the tables are there, again and again.
 */
export function catalogStatements(schema: string, catalog: SceneCatalog): string[] {
  const schemaName = quoteIdentifier(schema);
  const { accessSources: sources, launchScenes: scenes } = catalog;
  return [
    mergeStatement(
      `${schemaName}.access_source`,
      ['access_source_key', 'access_source_name', 'origin'],
      sources.map(({ accessSourceKey, accessSourceName, origin }) => [
        quoteLiteral(accessSourceKey),
        quoteLiteral(accessSourceName),
        quoteLiteral(origin),
      ]),
    ),
    mergeStatement(
      `${schemaName}.launch_scene`,
      ['launch_scene', 'launch_scene_name', 'access_source_key', 'mapping'],
      scenes.map((scene) => [
        String(scene.launchScene),
        scene.launchSceneName === null ? 'NULL' : quoteLiteral(scene.launchSceneName),
        quoteLiteral(scene.accessSourceKey),
        quoteLiteral(scene.mapping),
      ]),
    ),
    deleteStatement(
      `${schemaName}.launch_scene`,
      'launch_scene',
      scenes.map(({ launchScene }) => String(launchScene)),
    ),
    deleteStatement(
      `${schemaName}.access_source`,
      'access_source_key',
      sources.map(({ accessSourceKey }) => quoteLiteral(accessSourceKey)),
    ),
    ...accessSourceFunctions(schemaName, scenes),
  ];
}

/** Inserts the rows, whose first column is the key, and updates those that differ. Values are SQL text. */
function mergeStatement(table: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const [key, ...others] = columns;
  const stored = others.map((column) => `t.${column}`).join(', ');
  const wanted = others.map((column) => `excluded.${column}`).join(', ');
  const assignments = others.map((column) => `${column} = excluded.${column}`).join(', ');
  return `INSERT INTO ${table} AS t (${columns.join(', ')}) VALUES
${rows.map((row) => `(${row.join(', ')})`).join(',\n')}
ON CONFLICT (${key}) DO UPDATE SET ${assignments} WHERE (${stored}) IS DISTINCT FROM (${wanted})`;
}

function deleteStatement(table: string, key: string, keep: readonly string[]): string {
  return `DELETE FROM ${table} WHERE ${key} NOT IN (${keep.join(', ')})`;
}

/**
 * The bridge as one expression over a constant. Postgres inlines such a function into the query, but not one that looks into
 * `launch_scene`: measured 0.2 s instead of 12 s for a million calls. A number beyond four digits
 * is a launch scene only where the catalog lists it.
 */
function accessSourceFunctions(schemaName: string, scenes: readonly LaunchScene[]): string[] {
  const listed = scenes.filter(({ mapping }) => mapping !== 'default');
  const keys = JSON.stringify(Object.fromEntries(listed.map((scene) => [scene.launchScene, scene.accessSourceKey])));
  const name = `${schemaName}.access_source_of`;
  return [
    `CREATE OR REPLACE FUNCTION ${name}(launch_scene bigint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(${quoteLiteral(keys)}::jsonb ->> launch_scene::text,
  CASE WHEN launch_scene BETWEEN 1000 AND 9999 THEN ${quoteLiteral(defaultAccessSourceKey)} END)`,
    `CREATE OR REPLACE FUNCTION ${name}(launch_scene text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ${name}(substring(launch_scene FROM '^[ \\t]*(?:wx-)?([0-9]{1,18})[ \\t]*$')::bigint)`,
  ];
}
