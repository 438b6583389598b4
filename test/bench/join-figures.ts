import type { ViewDatabase } from '../support/view-database.ts';
import { type BenchRun, commandLine, inTurn, sizeText } from './bench-run.ts';
import { assertEqual } from './command-line.ts';
import { type Measurement, measureHere, type Place } from './sample.ts';
import { scenesAnAccount, writeWorkload } from './workload.ts';

const floor = 'equality join';

/**
 * Each gives all visits a name. A visit has a key that is never removed, so each must match exactly
 * once.
 */
const joins: Readonly<Record<string, string>> = {
  [floor]: 'scene.dim_scene AS s ON s.app_id = v.app_id AND s.scene_key = v.access_source AND s.is_current',
  'as-of join': `scene.scene_history AS s ON s.app_id = v.app_id AND s.scene_key = v.access_source
    AND s.effective_from <= v.visited_at AND v.visited_at < s.effective_to`,
  'as-of join to dim_scene': `scene.dim_scene AS s ON s.app_id = v.app_id AND s.scene_key = v.access_source
    AND s.effective_from <= v.visited_at AND v.visited_at < s.effective_to`,
  scene_as_of: `scene.scene_as_of(timestamptz '2026-01-02 12:00+00') AS s
    ON s.app_id = v.app_id AND s.scene_key = v.access_source`,
  'launch scene join': `scene.scene_history AS s
    ON s.app_id = v.app_id AND s.scene_key = scene.access_source_of(v.launch_scene)
    AND s.effective_from <= v.visited_at AND v.visited_at < s.effective_to`,
  'launch scene join to dim_scene': `scene.launch_scene AS l ON l.launch_scene = v.launch_scene
    LEFT JOIN scene.dim_scene AS s ON s.app_id = v.app_id AND s.scene_key = coalesce(l.access_source_key, '10')
    AND s.effective_from <= v.visited_at AND v.visited_at < s.effective_to`,
};

const mostRows = 100_000;
const mostVisits = 1_000_000;

/**
 * What an analyst's query costs: 1M visits, fewer for a small dimension. One database serves all
 * repeats, because it takes longer to fill it than to query it.
 */
export async function takeJoinFigures(run: BenchRun): Promise<void> {
  const { options, tally, folder, targets } = run;
  if (tally.repeat > 0) return;
  const rows = Math.min(mostRows, Math.max(...options.sizes));
  const accounts = Math.ceil(rows / scenesAnAccount);
  const visits = Math.min(mostVisits, 10 * rows);
  const { files } = await writeWorkload(folder, accounts, scenesAnAccount, ['first', 'changed']);
  for (const target of targets) {
    await using database = await target.createDatabase();
    const cli = await commandLine(run, { database });
    for (const file of [files.first, files.changed]) await cli.run(['replay', file, '--quiet']);
    await using connection = await database.connect();
    await makeVisits(connection, accounts, visits);
    const place: Place = { group: 'join', target: target.name, size: sizeText(visits, 'visits') };
    for (const [figure, joined] of Object.entries(joins)) {
      tally.plans.push({ ...place, figure, plan: await planOf(connection, joined) });
    }
    for (let repeat = 0; repeat < options.repeats; repeat += 1) {
      for (const [figure, joined] of inTurn(repeat, Object.entries(joins))) {
        const measurement = await measureJoin(connection, joined, visits, database.serverCpuMs);
        tally.add(place, figure, figure === floor ? null : floor, measurement);
      }
    }
  }
}

async function planOf(connection: ViewDatabase, joined: string): Promise<string> {
  const rows = await connection.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) ${queryOf(joined)}`);
  // access_source_of is one long constant.
  return rows.map((row) => row['QUERY PLAN'].replaceAll(/'\{[^']+\}'/g, "'{…}'")).join('\n');
}

function queryOf(joined: string): string {
  return `SELECT count(*)::int AS visits, count(s.scene_name)::int AS named FROM visit AS v LEFT JOIN ${joined}`;
}

/** Throws when a visit has no name or two. */
async function measureJoin(
  connection: ViewDatabase,
  joined: string,
  visits: number,
  serverCpuMs: () => number | null,
): Promise<Measurement> {
  const sql = queryOf(joined);
  let result: readonly unknown[] = [];
  const query = async () => {
    result = await connection.query(sql);
  };
  const measurement = await measureHere(query, serverCpuMs);
  assertEqual(`LEFT JOIN ${joined}`, result, [{ visits, named: visits }]);
  return measurement;
}

/**
 * Keys 10 to 48, and launch scenes that belong to them; two fifths of the visits are before the
 * renames.
 */
async function makeVisits(connection: ViewDatabase, accounts: number, visits: number): Promise<void> {
  await connection.execute(`
    CREATE TABLE visit AS
    WITH launches AS (
      SELECT array_agg(launch_scene ORDER BY launch_scene) AS listed FROM scene.launch_scene
      WHERE access_source_key ~ '^[0-9]+$' AND access_source_key::int BETWEEN 10 AND 48
    )
    SELECT 'wx' || lpad(to_hex(n % ${accounts}), 16, '0') AS app_id, (10 + n * 7 % 39)::text AS access_source,
      listed[1 + n * 7 % cardinality(listed)] AS launch_scene,
      timestamptz '2026-01-01 12:00+00' + n * interval '4 days' / ${visits} AS visited_at
    FROM generate_series(0, ${visits - 1}) AS n, launches`);
  await connection.execute('VACUUM (ANALYZE) visit');
}
