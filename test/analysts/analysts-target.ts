/** A target in PostgreSQL as analysts find it: scenedim made it, its newest answer is of today, and visits lie beside it. */
import { columnCatalogue } from '../../src/catalog/column-catalogue.ts';
import { readableRelations } from '../../src/catalog/readable-relations.ts';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';
import type { PostgresSuite } from '../support/postgres.ts';
import { openPostgresDatabase, type ViewDatabase } from '../support/view-database.ts';

export interface AnalystsTarget extends AsyncDisposable {
  /** Connection string of a superuser who needs no password. */
  readonly url: string;
  readonly database: ViewDatabase;
  /** Where `scenedim` runs with this target. */
  readonly workspace: CliWorkspace;
}

const firstAnswer = { 4: '二维码', 10: '其他', 39: '浮窗 "收藏"', '@_all': '全部' };
const secondAnswer = { 4: '扫一扫二维码', 10: '其他', '@_all': '全部' };

/** A rename of 4 and an end of 39 in wx1, nothing but a first look in wx2. */
const answers = (now: string) => [
  ['wx1', '2025-02-01T00:00:00Z', firstAnswer],
  ['wx1', '2025-04-01T00:00:00Z', secondAnswer],
  ['wx1', now, secondAnswer],
  ['wx2', now, firstAnswer],
];

/** In order of time: before and after the rename, over the bridge, after the end, codes that nobody knows, no code at all. */
export const visits = [
  ['wx1', '2025-02-14 09:00:00+00', 4, null, '二维码'],
  ['wx1', '2025-04-01 00:00:00+00', 4, null, '扫一扫二维码'],
  ['wx1', '2025-04-20 09:00:00+00', null, 1011, '扫一扫二维码'],
  ['wx1', '2025-04-21 09:00:00+00', 39, null, '未知'],
  ['wx1', '2025-05-20 09:00:00+00', null, 9999, '其他'],
  ['wx1', '2025-05-21 09:00:00+00', 99, null, '未知'],
  ['wx2', '2025-05-22 09:00:00+00', 4, null, '二维码'],
  ['wx3', '2025-05-23 09:00:00+00', 4, null, '未知'],
  ['wx1', '2025-05-24 09:00:00+00', null, null, '未知'],
] as const;

/** The right name of each visit of `logs.visit`, by access source or launch scene, in order of time. */
export const nameOfEachVisit = visits.map(([, , , , name]) => name);

/** `reader` is a role that is made, and may read what readers may. Visits are in `logs.visit`, which is `visit` in the search path too; the target is in the schema `scene`. */
export async function createAnalystsTarget(
  postgres: PostgresSuite,
  { reader }: { readonly reader?: string } = {},
): Promise<AnalystsTarget> {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await postgres.createDatabase());
  const database = stack.use(await openPostgresDatabase(url));
  if (reader !== undefined) await database.execute(`DROP ROLE IF EXISTS ${reader}; CREATE ROLE ${reader} LOGIN`);
  const readers = reader === undefined ? [] : [reader];
  const workspace = stack.use(await createCliWorkspace({ target: { type: 'postgres', url, readers } }));
  const lines = answers(new Date().toISOString()).map(([app_id, observed_at, names]) => {
    const scene = Object.entries(names ?? {}).map(([value, name]) => ({ value, name }));
    return JSON.stringify({ app_id, observed_at, body: { errcode: 0, scene } });
  });
  await workspace.succeed(['replay', '-'], `${lines.join('\n')}\n`);
  const rows = visits.map(([app, at, ...codes]) => `('${app}', '${at}', ${codes.slice(0, 2).map(String).join(', ')})`);
  await database.execute(`
    CREATE SCHEMA logs;
    CREATE TABLE logs.visit (app_id text, visited_at timestamptz, access_source integer, launch_scene integer);
    INSERT INTO logs.visit VALUES ${rows.join(', ')};
    SET search_path TO logs, public`);
  const owned = stack.move();
  return { url, database, workspace, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/**
 * Makes the schema `own` with a view on each table and view that readers may query, as a team makes its own layer; `damage` then
 * replaces one of them.
 */
export async function createOwnLayer({ database }: AnalystsTarget, damage: string): Promise<void> {
  const views = Object.keys(readableRelations).map((name) => `CREATE VIEW own.${name} AS SELECT * FROM scene.${name};`);
  await database.execute(`DROP SCHEMA IF EXISTS own CASCADE; CREATE SCHEMA own; ${views.join('\n')} ${damage}`);
}

/** One more row of `own.scene_history`: the version of `wx1/4` that has ended, with other expressions for some columns. */
function plantedVersion(
  changes: Partial<Record<keyof typeof readableRelations.scene_history.columns, string>>,
): string {
  const columns = Object.keys(columnCatalogue.relations.scene_history.columns) as (keyof typeof changes)[];
  return `CREATE OR REPLACE VIEW own.scene_history AS SELECT * FROM scene.scene_history
    UNION ALL SELECT ${columns.map((column) => changes[column] ?? column).join(', ')}
    FROM scene.scene_history WHERE app_id = 'wx1' AND scene_key = '4' AND NOT is_current;`;
}

const otherVersion = { version_id: "'00000000000000000000000000000001'" };

/** What a team's own layer may do wrong: statements for {@link createOwnLayer}. */
export const damages = {
  /** A version whose period lies across the end of another one. */
  doubleVersion: plantedVersion({
    ...otherVersion,
    effective_from: "effective_to - interval '1 hour'",
    effective_to: "effective_to + interval '1 hour'",
  }),
  repeatedRow: plantedVersion({}),
  emptyPeriod: plantedVersion({ ...otherVersion, effective_to: 'effective_from' }),
  strangeValue: `CREATE OR REPLACE VIEW own.launch_scene AS
    SELECT launch_scene, launch_scene_name, access_source_key, 'guessed'::text AS mapping FROM scene.launch_scene;`,
  staleAccounts: `CREATE OR REPLACE VIEW own.scene_freshness AS
    SELECT app_id, last_ok_at - interval '3 days' AS last_ok_at, last_attempt_at, last_error_code, removals_suspended_since
    FROM scene.scene_freshness;`,
} as const;
