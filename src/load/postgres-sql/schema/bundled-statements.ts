import {
  defaultAccessSourceKey,
  type LaunchScene,
  readAccessSources,
  readLaunchScenes,
} from '../../../catalog/bundled-tables.ts';
import { quoteIdentifier, quoteLiteral } from '../quote-sql.ts';

/**
 * Statements that make `access_source`, `launch_scene` and the function `access_source_of` equal to the bundled tables: rows
 * that are no longer bundled go, rows that are right already are not written. `schema` is the raw name. To run in one transaction
 * after the tables are there, again and again.
 */
export function bundledStatements(schema: string): string[] {
  const schemaName = quoteIdentifier(schema);
  const sources = readAccessSources();
  const scenes = readLaunchScenes();
  return [
    mergeStatement(
      `${schemaName}.access_source`,
      ['access_source_key', 'access_source_name'],
      sources.map(({ accessSourceKey, accessSourceName }) => [
        quoteLiteral(accessSourceKey),
        quoteLiteral(accessSourceName),
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
    accessSourceFunction(schemaName, scenes),
  ];
}

/** Inserts the rows, whose first column is the key, and updates those that differ. Values are SQL text. */
function mergeStatement(table: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const [key, ...others] = columns;
  const stored = others.map((column) => `t.${column}`).join(', ');
  const bundled = others.map((column) => `excluded.${column}`).join(', ');
  const assignments = others.map((column) => `${column} = excluded.${column}`).join(', ');
  return `INSERT INTO ${table} AS t (${columns.join(', ')}) VALUES
${rows.map((row) => `(${row.join(', ')})`).join(',\n')}
ON CONFLICT (${key}) DO UPDATE SET ${assignments} WHERE (${stored}) IS DISTINCT FROM (${bundled})`;
}

function deleteStatement(table: string, key: string, keep: readonly string[]): string {
  return `DELETE FROM ${table} WHERE ${key} NOT IN (${keep.join(', ')})`;
}

/**
 * The bridge as one expression over a constant. Postgres inlines such a function into the query, but not one that looks into
 * `launch_scene`: measured 0.2 s instead of 12 s for a million calls.
 */
function accessSourceFunction(schemaName: string, scenes: readonly LaunchScene[]): string {
  const official = scenes.filter(({ mapping }) => mapping === 'official');
  const keys = JSON.stringify(Object.fromEntries(official.map((scene) => [scene.launchScene, scene.accessSourceKey])));
  return `CREATE OR REPLACE FUNCTION ${schemaName}.access_source_of(launch_scene bigint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN launch_scene IS NOT NULL
  THEN COALESCE(${quoteLiteral(keys)}::jsonb ->> launch_scene::text, ${quoteLiteral(defaultAccessSourceKey)}) END`;
}
