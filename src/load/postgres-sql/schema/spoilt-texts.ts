import { sql } from 'kysely';
import { readAccessSources, readLaunchScenes } from '../../../catalog/bundled-tables.ts';
import { unknownMember } from '../../../catalog/unknown-member.ts';
import type { SqlSession } from '../sql-target.ts';

/**
 * The first difference between the bundled tables and the stored ones, or in the name of the unknown member. A script that was
 * read in another encoding stores wrong characters without an error. Null when nothing differs, or may not be looked at.
 */
export async function findSpoiltTexts(session: Session): Promise<string | null> {
  for (const wanted of [accessSources(), launchScenes(), unknownMemberName]) {
    if (!(await mayRead(session, wanted.relation))) continue;
    const difference = compare(wanted, await readRows(session, wanted));
    if (difference !== null) return difference;
  }
  return null;
}

type Session = Pick<SqlSession, 'db' | 'schema'>;

/** The rows of a relation by their key; a row is its other columns as text. */
interface WantedRows {
  readonly relation: string;
  readonly key: string;
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<string, readonly (string | null)[]>;
}

function accessSources(): WantedRows {
  return {
    relation: 'access_source',
    key: 'access_source_key',
    columns: ['access_source_name', 'origin'],
    rows: new Map(readAccessSources().map((row) => [row.accessSourceKey, [row.accessSourceName, row.origin]])),
  };
}

function launchScenes(): WantedRows {
  return {
    relation: 'launch_scene',
    key: 'launch_scene',
    columns: ['launch_scene_name', 'access_source_key', 'mapping'],
    rows: new Map(
      readLaunchScenes().map((row) => [
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
  return extra === undefined ? null : `${relation} has ${extra}, which is not bundled`;
}
