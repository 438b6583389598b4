import { beforeAll, expect, test } from 'vitest';
import { describeViewDatabases } from '../support/describe-view-databases.ts';
import { insertVersions, type TestVersion } from '../support/view-database.ts';

const beginning = '1970-01-01T00:00:00Z';

const versions: readonly TestVersion[] = [
  { app: 'wx1', key: '4', name: '二维码', from: beginning, to: '2026-02-01T16:30:00Z', ended: 'renamed' },
  { app: 'wx1', key: '4', name: '扫一扫二维码', from: '2026-02-01T16:30:00Z' },
  { app: 'wx1', key: '57', name: '新入口', from: beginning, to: '2026-01-10T00:00:00Z', ended: 'removed' },
  { app: 'wx1', key: '57', name: '新入口', from: '2026-01-20T00:00:00Z' },
  { app: 'wx1', key: '18', name: '测试', from: '2026-01-15T00:00:00Z' },
  { app: 'wx1', key: '10', name: '其他', from: beginning },
  { app: 'wx1', key: '@_all', name: '全部', from: beginning },
  { app: 'wx2', key: '4', name: '扫码', from: beginning },
];

const accounts = `
  INSERT INTO scene.scene_account (app_id, revision, last_ok_at, last_attempt_at, last_error_code, removals_suspended_since) VALUES
    ('wx1', 3, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', '45009', '2026-02-20T00:00:00Z'),
    ('wx2', 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', NULL, NULL),
    ('wx3', 1, NULL, '2026-01-01T00:00:00Z', '48001', NULL)`;

describeViewDatabases('the views', (database) => {
  beforeAll(async () => {
    await insertVersions(database(), versions);
    await database().execute(accounts);
  });

  /** The join that the README recommends, for one visit. */
  const nameOf = async (app: string, key: string, at: string) => {
    const rows = await database().query<{ name: string; unknown: boolean }>(
      `SELECT COALESCE(h.scene_name, '未知') AS name, COALESCE(h.version_id, repeat('0', 32)) = repeat('0', 32) AS unknown
       FROM (VALUES ($1, $2, $3::timestamptz)) AS v(app_id, access_source, visited_at)
       LEFT JOIN scene.scene_history AS h ON h.app_id = v.app_id AND h.scene_key = v.access_source
         AND h.effective_from <= v.visited_at AND v.visited_at < h.effective_to`,
      [app, key, at],
    );
    return rows.map(({ name, unknown }) => (unknown ? `${name} (unknown)` : name));
  };

  test.each([
    ['before anyone looked', 'wx1', '4', '2019-05-01T00:00:00Z', '二维码'],
    ['until the instant before a rename', 'wx1', '4', '2026-02-01T16:29:59.999999Z', '二维码'],
    ['at the instant of a rename', 'wx1', '4', '2026-02-01T16:30:00Z', '扫一扫二维码'],
    ['of another account', 'wx2', '4', '2026-02-01T16:30:00Z', '扫码'],
    ['before the first version', 'wx1', '18', '2026-01-14T23:59:59.999999Z', '未知 (unknown)'],
    ['at the start of the first version', 'wx1', '18', '2026-01-15T00:00:00Z', '测试'],
    ['before a removal', 'wx1', '57', '2026-01-09T23:59:59.999999Z', '新入口'],
    ['in the gap after a removal', 'wx1', '57', '2026-01-10T00:00:00Z', '未知 (unknown)'],
    ['after the return', 'wx1', '57', '2026-01-20T00:00:00Z', '新入口'],
    ['of everything', 'wx1', '@_all', '2026-01-20T00:00:00Z', '全部'],
    ['of a code that nobody knows', 'wx1', '999', '2026-01-20T00:00:00Z', '未知 (unknown)'],
    ['of an account that nobody knows', 'wx9', '4', '2026-01-20T00:00:00Z', '未知 (unknown)'],
    ['far in the future', 'wx1', '4', '9999-12-30T23:59:59.999999Z', '扫一扫二维码'],
  ])('a visit %s has the name in force', async (_, app, key, at, name) => {
    expect(await nameOf(app, key, at)).toEqual([name]);
  });

  test.each([
    [1011, '2026-01-01T00:00:00Z', '二维码'],
    [1011, '2026-03-01T00:00:00Z', '扫一扫二维码'],
    [1000, '2026-01-01T00:00:00Z', '其他'],
    [8888, '2026-01-01T00:00:00Z', '其他'],
    [null, '2026-01-01T00:00:00Z', '未知'],
  ])('a visit with launch scene %s is named through access_source_of', async (launchScene, at, name) => {
    const rows = await database().query(
      `SELECT COALESCE(h.scene_name, '未知') AS name
       FROM (VALUES ($1::bigint, $2::timestamptz)) AS v(launch_scene, visited_at)
       LEFT JOIN scene.scene_history AS h ON h.app_id = 'wx1' AND h.scene_key = scene.access_source_of(v.launch_scene)
         AND h.effective_from <= v.visited_at AND v.visited_at < h.effective_to`,
      [launchScene, at],
    );
    expect(rows).toEqual([{ name }]);
  });

  test('scene_by_launch_scene names a listed launch scene, and has no row for another', async () => {
    const rows = await database().query(
      `SELECT v.launch_scene, b.launch_scene_name, b.mapping, b.scene_key, b.scene_name
       FROM (VALUES (1011, TIMESTAMPTZ '2026-01-01Z'), (1011, TIMESTAMPTZ '2026-03-01Z'), (1017, TIMESTAMPTZ '2026-01-01Z'), (8888, TIMESTAMPTZ '2026-01-01Z'))
         AS v(launch_scene, visited_at)
       LEFT JOIN scene.scene_by_launch_scene AS b ON b.app_id = 'wx1' AND b.launch_scene = v.launch_scene
         AND b.effective_from <= v.visited_at AND v.visited_at < b.effective_to
       ORDER BY v.launch_scene, v.visited_at`,
    );
    const scan = { launch_scene: 1011, launch_scene_name: '扫描二维码', mapping: 'official', scene_key: '4' };
    expect(rows).toEqual([
      { ...scan, scene_name: '二维码' },
      { ...scan, scene_name: '扫一扫二维码' },
      {
        launch_scene: 1017,
        launch_scene_name: '前往小程序体验版的入口页',
        mapping: 'default',
        scene_key: '10',
        scene_name: '其他',
      },
      { launch_scene: 8888, launch_scene_name: null, mapping: null, scene_key: null, scene_name: null },
    ]);
  });

  test('access_source_of agrees with the table launch_scene', async () => {
    const rows = await database().query(
      `SELECT count(*)::int AS listed, count(*) FILTER (WHERE scene.access_source_of(launch_scene) = access_source_key)::int AS same,
         count(*) FILTER (WHERE scene.access_source_of('wx-' || launch_scene) = access_source_key)::int AS same_as_text
       FROM scene.launch_scene`,
    );
    expect(rows).toEqual([{ listed: 260, same: 260, same_as_text: 260 }]);
  });

  test.each([
    ['1011', '4'],
    ['1000', '10'],
    ['9999', '10'],
    ['999', null],
    ['10000', null],
    ['4', null],
    ['0', null],
    ['-1', null],
    ['9223372036854775807', null],
    ["'1011'", '4'],
    ["' wx-1011\t'", '4'],
    ["'8888'", '10'],
    ["'wx-4'", null],
    ["'-1011'", null],
    ["'1011.0'", null],
    ["'1011 1011'", null],
    ["'scene 1011'", null],
    ["''", null],
    ["'99999999999999999999999'", null],
    ['NULL', null],
    ['NULL::bigint', null],
    ['NULL::text', null],
    ['1011::smallint', '4'],
    ["'1011'::varchar", '4'],
  ])('access_source_of(%s) is %s', async (code, key) => {
    expect(await database().query(`SELECT scene.access_source_of(${code}) AS key`)).toEqual([{ key }]);
  });

  test.each([
    [
      'in January',
      '2026-01-01',
      '2026-02-01',
      ['wx1 57 removed 新入口 ', 'wx1 18 opened  测试', 'wx1 57 returned 新入口 新入口'],
    ],
    [
      'at the instant of a rename',
      '2026-02-01 16:30',
      '2026-02-01 16:30:00.000001',
      ['wx1 4 renamed 二维码 扫一扫二维码'],
    ],
    ['until an instant before a rename', '2026-01-20 00:00:00.000001', '2026-02-01 16:30', []],
    ['in no period', '2026-03-01', '2026-01-01', []],
    ['at the beginning', '1970-01-01', '1970-01-02', ['wx1 10', 'wx1 4', 'wx1 57', 'wx1 @_all', 'wx2 4']],
  ])('scene_changes tells what happened %s', async (_, since, until, told) => {
    const rows = await database().query<{ row: string }>(
      `SELECT concat_ws(' ', app_id, scene_key, change, COALESCE(old_name, ''), COALESCE(new_name, '')) AS row
       FROM scene.scene_changes($1::timestamptz, $2::timestamptz) ORDER BY changed_at, app_id, scene_key`,
      [`${since}Z`, `${until}Z`],
    );
    const texts = rows.map(({ row }) => row);
    expect(since === '1970-01-01' ? texts.map((text) => text.split(' opened ')[0]) : texts).toEqual(told);
  });

  test('scene_current is the open versions with their confirmation, and the unknown member', async () => {
    const rows = await database().query<{ row: string }>(
      `SELECT concat_ws(' ', app_id, scene_key, scene_name, effective_from_date, (last_confirmed_at AT TIME ZONE 'UTC')::date) AS row
       FROM scene.scene_current ORDER BY app_id COLLATE "C", scene_key COLLATE "C"`,
    );
    expect(rows.map(({ row }) => row)).toEqual([
      '  未知 1970-01-01',
      'wx1 10 其他 1970-01-01 2026-03-01',
      'wx1 18 测试 2026-01-15 2026-03-01',
      'wx1 4 扫一扫二维码 2026-02-01 2026-03-01',
      'wx1 57 新入口 2026-01-20 2026-03-01',
      'wx1 @_all 全部 1970-01-01 2026-03-01',
      'wx2 4 扫码 1970-01-01 2026-01-01',
    ]);
  });

  test('the unknown member is the same row in both views, so a stored version_id always finds one', async () => {
    const columns = `version_id, scene_id, app_id, scene_key, scene_value, value_kind, is_aggregate, scene_name,
      effective_from AT TIME ZONE 'UTC' = TIMESTAMP '1970-01-01' AS from_beginning,
      effective_to AT TIME ZONE 'UTC' = TIMESTAMP '9999-12-31' AS to_open_end, is_current, end_reason`;
    const unknown = {
      version_id: '0'.repeat(32),
      scene_id: '0'.repeat(32),
      app_id: '',
      scene_key: '',
      scene_value: null,
      value_kind: 'text',
      is_aggregate: false,
      scene_name: '未知',
      from_beginning: true,
      to_open_end: true,
      is_current: true,
      end_reason: null,
    };
    for (const view of ['scene_current', 'scene_history']) {
      const rows = await database().query(`SELECT ${columns} FROM scene.${view} WHERE version_id = repeat('0', 32)`);
      expect(rows).toEqual([unknown]);
    }
  });

  test('scene_as_of is the versions in force at an instant, one a scene', async () => {
    const asOf = async (at: string) => {
      const rows = await database().query<{ row: string }>(
        `SELECT concat_ws(' ', app_id, scene_key, scene_name) AS row FROM scene.scene_as_of($1::timestamptz)
         ORDER BY app_id, scene_key`,
        [at],
      );
      return rows.map(({ row }) => row);
    };
    expect(await asOf('2026-01-10T00:00:00Z')).toEqual(['wx1 10 其他', 'wx1 4 二维码', 'wx1 @_all 全部', 'wx2 4 扫码']);
    expect(await asOf('1969-12-31T23:59:59Z')).toEqual([]);
    expect(await asOf('9999-12-30T00:00:00Z')).toHaveLength(6);
  });

  test('scene_freshness is one row an account', async () => {
    const rows = await database().query(
      `SELECT app_id, (last_ok_at AT TIME ZONE 'UTC')::text AS ok, (last_attempt_at AT TIME ZONE 'UTC')::text AS attempt,
         last_error_code, (removals_suspended_since AT TIME ZONE 'UTC')::text AS suspended
       FROM scene.scene_freshness ORDER BY app_id`,
    );
    expect(rows).toEqual([
      {
        app_id: 'wx1',
        ok: '2026-03-01 00:00:00',
        attempt: '2026-03-02 00:00:00',
        last_error_code: '45009',
        suspended: '2026-02-20 00:00:00',
      },
      {
        app_id: 'wx2',
        ok: '2026-01-01 00:00:00',
        attempt: '2026-01-01 00:00:00',
        last_error_code: null,
        suspended: null,
      },
      { app_id: 'wx3', ok: null, attempt: '2026-01-01 00:00:00', last_error_code: '48001', suspended: null },
    ]);
  });

  test('scene_drift is every key of either side, for accounts that ever answered', async () => {
    const counts = await database().query(
      'SELECT app_id, drift, count(*)::int AS count FROM scene.scene_drift GROUP BY 1, 2 ORDER BY 1, 2',
    );
    expect(counts).toEqual([
      { app_id: 'wx1', drift: 'matched', count: 3 },
      { app_id: 'wx1', drift: 'missing', count: 53 },
      { app_id: 'wx1', drift: 'renamed', count: 2 },
      { app_id: 'wx2', drift: 'missing', count: 57 },
      { app_id: 'wx2', drift: 'renamed', count: 1 },
    ]);
    const rows = await database().query(
      `SELECT * FROM scene.scene_drift WHERE app_id = 'wx1' AND scene_key IN ('4', '57', '@_all', '1') ORDER BY scene_key`,
    );
    expect(rows).toEqual([
      { app_id: 'wx1', scene_key: '1', bundled_name: '小程序历史列表', scene_name: null, drift: 'missing' },
      { app_id: 'wx1', scene_key: '4', bundled_name: '扫一扫二维码', scene_name: '扫一扫二维码', drift: 'matched' },
      { app_id: 'wx1', scene_key: '57', bundled_name: expect.any(String), scene_name: '新入口', drift: 'renamed' },
      { app_id: 'wx1', scene_key: '@_all', bundled_name: '全部', scene_name: '全部', drift: 'matched' },
    ]);
  });
});
