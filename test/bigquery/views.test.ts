import { afterAll, beforeAll, expect, test } from 'vitest';
import { functionCatalogue, viewCatalogue } from '../../src/catalog/view-catalogue.ts';
import { formatInstant, requireInstant } from '../../src/instant.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { createSceneDataset, type SceneDataset } from '../support/scene-dataset.ts';
import {
  createSceneSchema,
  insertVersions,
  openPgliteDatabase,
  type TestVersion,
  type ViewDatabase,
} from '../support/view-database.ts';

const beginning = '1970-01-01T00:00:00Z';

const versions: readonly TestVersion[] = [
  { app: 'wx1', key: '4', name: '二维码', from: beginning, to: '2026-02-01T16:30:00Z', ended: 'renamed' },
  { app: 'wx1', key: '4', name: '扫一扫二维码', from: '2026-02-01T16:30:00Z' },
  { app: 'wx1', key: '57', name: '新入口', from: beginning, to: '2026-01-10T00:00:00Z', ended: 'removed' },
  { app: 'wx1', key: '57', name: '新入口', from: '2026-01-20T00:00:00Z' },
  { app: 'wx1', key: '18', name: '测试', from: '2026-01-15T00:00:00.000001Z' },
  { app: 'wx1', key: '10', name: '其他', from: beginning },
  { app: 'wx1', key: '@_all', name: '全部', from: beginning },
  { app: 'wx2', key: '4', name: '扫码', from: beginning },
  { app: 'wx5', key: '1', name: 'A', from: beginning, to: '2026-03-08T06:59:00Z', ended: 'renamed' },
  { app: 'wx5', key: '1', name: 'B', from: '2026-03-08T06:59:00Z', to: '2026-03-08T07:30:00Z', ended: 'renamed' },
  { app: 'wx5', key: '1', name: 'C', from: '2026-03-08T07:30:00Z', to: '2026-03-09T04:30:00Z', ended: 'renamed' },
  { app: 'wx5', key: '1', name: 'D', from: '2026-03-09T04:30:00Z' },
];

const accountColumns = 'app_id, revision, last_ok_at, last_attempt_at, last_error_code, removals_suspended_since';
const accounts = [
  `('wx1', 3, TIMESTAMP '2026-03-01 00:00:00+00', TIMESTAMP '2026-03-02 00:00:00+00', '45009', TIMESTAMP '2026-02-20 00:00:00+00')`,
  `('wx2', 1, TIMESTAMP '2026-01-01 00:00:00+00', TIMESTAMP '2026-01-01 00:00:00+00', NULL, NULL)`,
  `('wx3', 1, NULL, TIMESTAMP '2026-01-01 00:00:00+00', '48001', NULL)`,
].join(', ');

/** Label, account, key, instant, name that the join must find. */
const visits = [
  ['before anyone looked', 'wx1', '4', '2019-05-01T00:00:00Z', '二维码'],
  ['until the instant before a rename', 'wx1', '4', '2026-02-01T16:29:59.999999Z', '二维码'],
  ['at the instant of a rename', 'wx1', '4', '2026-02-01T16:30:00Z', '扫一扫二维码'],
  ['of another account', 'wx2', '4', '2026-02-01T16:30:00Z', '扫码'],
  ['before the first version', 'wx1', '18', '2026-01-15T00:00:00Z', '未知 (unknown)'],
  ['at the start of the first version', 'wx1', '18', '2026-01-15T00:00:00.000001Z', '测试'],
  ['before a removal', 'wx1', '57', '2026-01-09T23:59:59.999999Z', '新入口'],
  ['in the gap after a removal', 'wx1', '57', '2026-01-10T00:00:00Z', '未知 (unknown)'],
  ['after the return', 'wx1', '57', '2026-01-20T00:00:00Z', '新入口'],
  ['of everything', 'wx1', '@_all', '2026-01-20T00:00:00Z', '全部'],
  ['of a code that nobody knows', 'wx1', '999', '2026-01-20T00:00:00Z', '未知 (unknown)'],
  ['of an account that nobody knows', 'wx9', '4', '2026-01-20T00:00:00Z', '未知 (unknown)'],
  ['far in the future', 'wx1', '4', '9999-12-30T23:59:59.999999Z', '扫一扫二维码'],
] as const;

/** Launch scene, instant, name through access_source_of. */
const launches = [
  ['1011', '2026-01-01T00:00:00Z', '二维码'],
  ['1011', '2026-03-01T00:00:00Z', '扫一扫二维码'],
  ['1000', '2026-01-01T00:00:00Z', '其他'],
  ['8888', '2026-01-01T00:00:00Z', '其他'],
  ['NULL', '2026-01-01T00:00:00Z', '未知'],
] as const;

describeBigquery('the views', (suite) => {
  let scene: SceneDataset;
  let postgres: ViewDatabase;

  beforeAll(async () => {
    scene = await createSceneDataset(suite);
    await scene.insertVersions(versions);
    await scene.query(`INSERT INTO \`${scene.path}.scene_account\` (${accountColumns}) VALUES ${accounts}`);
    postgres = await openPgliteDatabase();
    await createSceneSchema(postgres);
    await postgres.execute(`SET TIME ZONE 'UTC'`);
    await insertVersions(postgres, versions);
    await postgres.execute(
      `INSERT INTO scene.scene_account (${accountColumns}) VALUES ${accounts.replaceAll('TIMESTAMP ', 'TIMESTAMPTZ ')}`,
    );
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  const inPostgres = async (from: string) =>
    (await postgres.query<{ row: object }>(`SELECT row_to_json(v) AS row FROM ${from} AS v`)).map(({ row }) =>
      plain(row),
    );
  const inBigquery = async (from: string) => (await scene.query<object>(`SELECT * FROM ${from}`)).map(plain);
  const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();

  const setTimeZone = async (zone: string) => {
    await scene.query(`UPDATE \`${scene.path}.scene_meta\` SET time_zone = '${zone}' WHERE only_row`);
    await postgres.query('UPDATE scene.scene_meta SET time_zone = $1', [zone]);
  };

  test.each(Object.keys(viewCatalogue))('%s has the columns and rows that it has in Postgres', async (view) => {
    const expected = await inPostgres(`scene.${view}`);
    expect(expected.length).toBeGreaterThan(0);
    expect(sorted(await inBigquery(`\`${scene.path}.${view}\``))).toEqual(sorted(expected));
  });

  test.each([
    ['2026-01-10T00:00:00Z', 5],
    ['2026-03-08T07:30:00Z', 7],
    ['1969-12-31T23:59:59Z', 0],
    ['9999-12-30T00:00:00Z', 7],
  ])('scene_as_of %s has the rows that it has in Postgres', async (at, count) => {
    const rows = await inBigquery(`\`${scene.path}.scene_as_of\`(TIMESTAMP '${at}')`);
    expect(rows).toHaveLength(count);
    expect(sorted(rows)).toEqual(sorted(await inPostgres(`scene.scene_as_of('${at}')`)));
    expect(rows.every((row) => row.map(([name]) => name).join() === asOfColumns)).toBe(true);
  });

  test.each([
    ['1970-01-01T00:00:00Z', '9999-12-31T00:00:00Z', 13],
    ['2026-01-15T00:00:00.000001Z', '2026-02-01T16:30:00Z', 2],
    ['2026-03-08T06:59:00Z', '2026-03-09T04:30:00Z', 2],
    ['2026-02-01T16:30:00.000001Z', '2026-02-01T16:30:00Z', 0],
  ])('scene_changes from %s to %s has the rows that it has in Postgres', async (since, until, count) => {
    const rows = await inBigquery(`\`${scene.path}.scene_changes\`(TIMESTAMP '${since}', TIMESTAMP '${until}')`);
    expect(rows).toHaveLength(count);
    expect(sorted(rows)).toEqual(sorted(await inPostgres(`scene.scene_changes('${since}', '${until}')`)));
  });

  test.each(['Asia/Shanghai', 'America/New_York', 'Pacific/Kiritimati'])(
    'the date columns are days in %s, as in Postgres, and the open end is the 31st',
    async (zone) => {
      await setTimeZone(zone);
      try {
        for (const view of ['scene_history', 'scene_current']) {
          const rows = sorted(await inBigquery(`\`${scene.path}.${view}\``));
          expect(rows).toEqual(sorted(await inPostgres(`scene.${view}`)));
          expect(rows.join().includes('9999-12-30') || rows.join().includes('10000')).toBe(false);
        }
      } finally {
        await setTimeZone('UTC');
      }
    },
  );

  test('each visit has the name in force, by the join of the README', async () => {
    const facts = visits.map(
      ([, app, key, at], n) => `SELECT ${n} AS n, '${app}' AS app_id, '${key}' AS k, TIMESTAMP '${at}' AS t`,
    );
    const rows = await scene.query<{ name: string }>(
      `SELECT CONCAT(COALESCE(h.scene_name, '未知'), IF(h.version_id IS NULL, ' (unknown)', '')) AS name
       FROM (${facts.join(' UNION ALL ')}) AS f
       LEFT JOIN \`${scene.path}.scene_history\` AS h ON h.app_id = f.app_id AND h.scene_key = f.k
         AND h.effective_from <= f.t AND f.t < h.effective_to
       ORDER BY f.n`,
    );
    expect(rows.map(({ name }, n) => [visits[n]?.[0], name])).toEqual(
      visits.map(([label, , , , name]) => [label, name]),
    );
  });

  test('each launch scene is named through access_source_of', async () => {
    const facts = launches.map(
      ([code, at], n) => `SELECT ${n} AS n, CAST(${code} AS INT64) AS launch_scene, TIMESTAMP '${at}' AS t`,
    );
    const rows = await scene.query<{ name: string }>(
      `SELECT COALESCE(h.scene_name, '未知') AS name FROM (${facts.join(' UNION ALL ')}) AS f
       LEFT JOIN \`${scene.path}.scene_history\` AS h ON h.app_id = 'wx1'
         AND h.scene_key = \`${scene.path}.access_source_of\`(f.launch_scene)
         AND h.effective_from <= f.t AND f.t < h.effective_to
       ORDER BY f.n`,
    );
    expect(rows.map(({ name }) => name)).toEqual(launches.map(([, , name]) => name));
  });

  test('access_source_of agrees with the table launch_scene', async () => {
    const bridge = `\`${scene.path}.access_source_of\``;
    const rows = await scene.query(
      `SELECT COUNT(*) AS listed, COUNTIF(${bridge}(launch_scene) = access_source_key) AS same,
         COUNTIF(${bridge}(CONCAT('wx-', CAST(launch_scene AS STRING))) = access_source_key) AS same_as_text,
         ANY_VALUE(${bridge}(CAST(NULL AS INT64))) AS none, ANY_VALUE(${bridge}(-1)) AS negative, ANY_VALUE(${bridge}(4)) AS already,
         ANY_VALUE(${bridge}(8888)) AS unlisted, ANY_VALUE(${bridge}(' 1011 ')) AS text, ANY_VALUE(${bridge}('wx-4')) AS no_scene,
         ANY_VALUE(${bridge}(9223372036854775807)) AS largest
       FROM \`${scene.path}.launch_scene\``,
    );
    expect(rows).toEqual([
      {
        listed: 260,
        same: 260,
        same_as_text: 260,
        none: null,
        negative: null,
        already: null,
        unlisted: '10',
        text: '4',
        no_scene: null,
        largest: null,
      },
    ]);
  });

  test('a fact that has only a day joins the version in force at its end, over a change of the clock too', async () => {
    await setTimeZone('America/New_York');
    try {
      const days = ['2026-03-07', '2026-03-08', '2026-03-09', '9999-12-30'];
      const rows = await scene.query<{ name: string }>(
        `SELECT h.scene_name AS name FROM (${days.map((day) => `SELECT DATE '${day}' AS day`).join(' UNION ALL ')}) AS f
         LEFT JOIN \`${scene.path}.scene_history\` AS h ON h.app_id = 'wx5' AND h.scene_key = '1'
           AND h.effective_from_date <= f.day AND f.day < h.effective_to_date
         ORDER BY f.day`,
      );
      expect(rows.map(({ name }) => name)).toEqual(['A', 'C', 'D', 'D']);
    } finally {
      await setTimeZone('UTC');
    }
  });
});

const asOfColumns = Object.keys(functionCatalogue.scene_as_of.returns.columns).join();

/** A row as name and value in order, whatever its client makes of times and dates. */
function plain(row: object): [string, unknown][] {
  return Object.entries(row).map(([name, value]: [string, unknown]) => {
    const text = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
    return [
      name,
      typeof text === 'string' && /^\d{4}-\d\d-\d\dT/.test(text) ? formatInstant(requireInstant(text, name)) : text,
    ];
  });
}
