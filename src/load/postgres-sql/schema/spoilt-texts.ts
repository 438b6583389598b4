import { sql } from 'kysely';
import { accessSourceOrigins, launchSceneMappings } from '../../../catalog/bundled-tables.ts';
import { hashCatalog, type SceneCatalog, type StoredCatalog } from '../../../catalog/scene-catalog.ts';
import { unknownMember } from '../../../catalog/unknown-member.ts';
import { oneOf } from '../../one-of.ts';
import type { SqlSession } from '../sql-target.ts';

/**
 * The first difference between the wanted rows and the stored ones, or in the name of the unknown member. A script that was read
 * in another encoding stores wrong characters without an error. Null when nothing differs, or may not be looked at.
 */
export async function findSpoiltTexts(
  session: Session,
  { catalog, catalogHash }: WantedCatalog,
): Promise<string | null> {
  const tables = catalog === null ? [] : [accessSources(catalog), launchScenes(catalog)];
  for (const wanted of [...tables, unknownMemberName]) {
    if (!(await mayRead(session, wanted.relation))) continue;
    const difference = compare(wanted, await readRows(session, wanted));
    if (difference !== null) return difference;
  }
  if (catalog !== null) return null;
  if (!(await mayRead(session, 'access_source')) || !(await mayRead(session, 'launch_scene'))) return null;
  const isAsWritten = hashCatalog(await readStored(session)) === catalogHash;
  return isAsWritten ? null : 'access_source or launch_scene has other rows than the newest migrate wrote';
}

/** What `access_source` and `launch_scene` should hold: rows, or the hash of rows that are not known here. */
export type WantedCatalog =
  | { readonly catalog: SceneCatalog; readonly catalogHash?: undefined }
  | { readonly catalog: null; readonly catalogHash: string };

async function readStored({ db, schema }: Session): Promise<StoredCatalog> {
  const tables = db.withSchema(schema);
  const sources = await tables.selectFrom('access_source').selectAll().execute();
  const scenes = await tables.selectFrom('launch_scene').selectAll().execute();
  return {
    accessSources: sources.map((row) => ({
      accessSourceKey: row.access_source_key,
      accessSourceName: row.access_source_name,
      origin: oneOf(accessSourceOrigins, row.origin, 'access_source.origin'),
    })),
    launchScenes: scenes.map((row) => ({
      launchScene: row.launch_scene,
      launchSceneName: row.launch_scene_name,
      accessSourceKey: row.access_source_key,
      mapping: oneOf(launchSceneMappings, row.mapping, 'launch_scene.mapping'),
    })),
  };
}

type Session = Pick<SqlSession, 'db' | 'schema'>;

/** The rows of a relation by their key; a row is its other columns as text. */
interface WantedRows {
  readonly relation: string;
  readonly key: string;
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<string, readonly (string | null)[]>;
}

function accessSources(catalog: SceneCatalog): WantedRows {
  return {
    relation: 'access_source',
    key: 'access_source_key',
    columns: ['access_source_name', 'origin'],
    rows: new Map(catalog.accessSources.map((row) => [row.accessSourceKey, [row.accessSourceName, row.origin]])),
  };
}

function launchScenes(catalog: SceneCatalog): WantedRows {
  return {
    relation: 'launch_scene',
    key: 'launch_scene',
    columns: ['launch_scene_name', 'access_source_key', 'mapping'],
    rows: new Map(
      catalog.launchScenes.map((row) => [
        String(row.launchScene),
        [row.launchSceneName, row.accessSourceKey, row.mapping],
      ]),
    ),
  };
}

const unknownMemberName: WantedRows = {
  relation: 'scene_current',
  key: 'version_id',
  columns: ['scene_name'],
  rows: new Map([[unknownMember.id, [unknownMember.sceneName]]]),
};

async function mayRead({ db, schema }: Session, relation: string): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    SELECT has_table_privilege(c.oid, 'SELECT') AS may FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = ${schema} AND c.relname = ${relation}`.execute(
    db,
  );
  return rows[0]?.may ?? false;
}

async function readRows({ db, schema }: Session, { relation, key, columns, rows: wanted }: WantedRows) {
  const values = sql.join(columns.map((column) => sql`${sql.ref(column)}::text`));
  const one = wanted.size === 1 ? sql`WHERE ${sql.ref(key)} = ${[...wanted.keys()][0]}` : sql``;
  const { rows } = await sql<{ key: string; columns: (string | null)[] }>`
    SELECT ${sql.ref(key)}::text AS key, ARRAY[${values}] AS columns FROM ${sql.id(schema, relation)} ${one}`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.key, row.columns]));
}

function compare(
  { relation, rows: wanted }: WantedRows,
  stored: ReadonlyMap<string, readonly (string | null)[]>,
): string | null {
  for (const [key, columns] of wanted) {
    const found = stored.get(key);
    if (found === undefined) return `${relation} lacks ${key}`;
    const n = columns.findIndex((column, index) => column !== found[index]);
    if (n >= 0) return `${relation} has ${JSON.stringify(found[n])} for ${key}, not ${JSON.stringify(columns[n])}`;
  }
  const extra = [...stored.keys()].find((key) => !wanted.has(key));
  return extra === undefined ? null : `${relation} has ${extra}, which does not belong there`;
}
