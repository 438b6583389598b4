import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { checkJoin, type JoinQuestion } from '../../src/commands/join-check/check-join.ts';
import type { FindingCode } from '../../src/commands/join-check/findings.ts';
import type { ScenedimError } from '../../src/errors.ts';
import type { Loader } from '../../src/load/loader.ts';
import { NORMALIZER_VERSION } from '../../src/normalize/snapshot.ts';
import {
  type JoinTable,
  joinCases,
  joinDialects,
  joinTableSql,
  joinTimeZone,
  joinVersions,
} from '../support/join-cases.ts';
import { describePostgres } from '../support/postgres.ts';
import { open } from '../support/postgres-loader-fixture.ts';
import { createSharedPglite } from '../support/shared-pglite.ts';
import { insertVersions, openPostgresDatabase, type ViewDatabase } from '../support/view-database.ts';

const { signal } = new AbortController();
const renamed = ['二维码', '扫一扫二维码'];
const likeInAQuery = 'write it as in a query: schema.table, with "double quotes" around names that have capitals';

const remedies: Readonly<Record<FindingCode, string>> = {
  multiplied_rows: 'run scenedim verify, then scenedim rebuild: two versions of a scene are in force at once',
  other_index:
    'keep the lists access_source_session_cnt and access_source_visit_uv only: the others have ranges as keys',
  launch_scenes: 'go over the bridge, as the SQL below does; scenedim join-check --bridge checks a query that does',
  access_sources: 'leave access_source_of out, as the SQL below does; without --bridge a query is checked that does',
  mixed_codes: 'join by the SQL below: launch scenes go over the bridge, access sources do not',
  prefixed_codes:
    'go over the bridge, which takes the prefix, as the SQL below does; add --bridge to check such a query',
  misspelled_codes: 'join by the SQL below, which cleans the codes, or correct them where they are written',
  unknown_app_ids: 'add these accounts to source.accounts and run scenedim sync, or leave their visits out',
  misspelled_app_ids: 'write app ids in the table as WeChat does, without spaces and in its case',
  unknown_codes:
    'see that this is the right column; scenedim sync brings new scenes, scenedim status says how old the list is',
  before_first_version: 'replay older answers, if you have some; without them nobody knows the name of that time',
  after_last_version:
    'WeChat has taken the scene off its list: scenedim history KEY says when; if it is back, run scenedim sync',
  in_gap:
    'WeChat did not list the scene for a while: scenedim history KEY says when; replay answers of that time, if you have some',
  null_codes: 'leave these visits out, or find out why they are written without a code',
  null_app_ids: 'leave these visits out, or find out why they are written without an app id',
  null_times: 'leave these visits out, or correct their times; write them as 2026-03-01T08:00:00+08:00',
  collation: 'join by the SQL below, which compares by bytes, or give the column the collation of our keys',
  local_times: 'join by the SQL below, which names the zone, or store instants; is it another zone, write that one',
  text_times: 'join by the SQL below, which makes instants of the texts, or store instants',
  epoch_times: 'join by the SQL below, which makes instants of the numbers, or store instants',
  written_days:
    'join by the SQL below, which makes dates of them and takes the name at the end of the day, or store dates',
  days: 'nothing, if a day is all you have: the SQL below takes the name at its end; name a column with the time if there is one',
  range_like_codes: 'if they are ranges of staytime or depth, take the access_source lists; else nothing',
  aggregate_codes: 'sum without them: WHERE s.is_aggregate IS NOT TRUE, which keeps visits without a name',
  community_codes: 'nothing; WeChat has not published these names, so look at scene_drift before you report them',
  default_rule: 'nothing, unless you know the group of one: then write it into the file of catalog.launchScenes',
  no_visits: 'name a table that has rows',
};

interface Stage extends AsyncDisposable {
  readonly loader: Loader;
  readonly database: ViewDatabase;
}

/** A target with the dimension of the cases, and a schema `logs` beside it. */
function joinSuite(openStage: () => Promise<Stage>): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
    const settings = {
      normalizerVersion: NORMALIZER_VERSION,
      firstSeen: 'beginning',
      timeZone: joinTimeZone,
      catalog: bundledCatalog(),
    } as const;
    await stage.loader.migrate(settings, signal);
    await insertVersions(stage.database, joinVersions);
    await stage.database.execute('CREATE SCHEMA logs');
  }, 120_000);
  afterAll(() => stage[Symbol.asyncDispose]());

  let tables = 0;
  const make = async (table: JoinTable): Promise<string> => {
    tables += 1;
    const name = `logs.visit_${tables}`;
    await stage.database.execute(joinTableSql(name, joinDialects.postgres, table));
    return name;
  };
  const check = (table: string, question: Partial<JoinQuestion> = {}) =>
    checkJoin(
      stage.loader,
      { table, sceneColumn: 'code', appIdColumn: 'app_id', timeColumn: 'visited_at', ...question },
      { signal, tell: () => {} },
    );
  const checkTable = async (table: JoinTable) =>
    check(await make(table), table.bridge === true ? { bridge: true } : {});
  const namesOf = async (sql: string) =>
    (await stage.database.query<{ scene_name: string }>(sql.replace(/;$/, '')))
      .map(({ scene_name }) => scene_name)
      .sort();

  test.each(joinCases)('$title: that finding alone, the SQL is right, and the remedy ends it', async (each) => {
    const report = await checkTable(each);
    const expected = each.finding === null ? [] : [[each.finding, remedies[each.finding]]];
    expect(report.findings.map(({ code, remedy }) => [code, remedy])).toEqual(expected);
    expect([report.visits, report.join.rows]).toEqual([each.visits.length, each.visits.length]);
    expect(await namesOf(report.sql)).toEqual([...each.names].sort());
    if (each.cured !== null) expect((await checkTable(each.cured)).findings).toEqual([]);
  });

  test.each<[string, 'text' | 'epoch', readonly string[], FindingCode]>([
    [
      'texts',
      'text',
      ['2025-02-29 10:00:00', '2025-04-31T10:00:00Z', '20250431', '2025-03-20 24:01', '0000-01-01'],
      'text_times',
    ],
    ['texts with a zone', 'text', ['2025-03-20T10:00:00+25:00', '2025-03-20T10:61:00Z', 'soon'], 'text_times'],
    ['numbers', 'epoch', ['20250431', '20251301', '20990229'], 'epoch_times'],
  ])('%s that are no time are told, and the SQL takes them', async (_, times, impossible, finding) => {
    const possible = times === 'epoch' ? ['20240229', '20250401'] : ['2024-02-29T10:00:00Z', '2025-04-01T02:00:00Z'];
    const visits = [...possible, ...impossible].map((at) => ['wx1', '4', at] as const);
    const { findings, join, sql } = await checkTable({ times, visits });
    expect(findings.map(({ code, remedy }) => [code, remedy])).toEqual(
      ['null_times' as const, finding].map((code) => [code, remedies[code]]),
    );
    expect(findings[0]).toMatchObject({ visits: impossible.length });
    expect(join).toEqual({ visits: visits.length, rows: visits.length });
    expect(await namesOf(sql)).toEqual([...renamed, ...impossible.map(() => '未知')].sort());
    const cured = await checkTable({ times, visits: visits.slice(0, possible.length) });
    expect(cured.findings.map(({ code }) => code)).not.toContain('null_times');
  });

  test('a collation that the join refuses is told, and the SQL takes it', async () => {
    await stage.database.execute(`CREATE TABLE logs.collated (app_id text COLLATE "POSIX", code text COLLATE "POSIX", visited_at timestamptz);
      INSERT INTO logs.collated VALUES ('wx1', '4', '2025-05-20Z'), ('wx1', '39', '2025-05-20Z')`);
    await expect(
      stage.database.query('SELECT FROM logs.collated AS v JOIN scene.scene_history AS s ON s.scene_key = v.code'),
    ).rejects.toThrow('collation');
    const { findings, sql } = await check('logs.collated');
    expect(findings.map(({ code, remedy }) => [code, remedy])).toEqual([['collation', remedies.collation]]);
    expect(await namesOf(sql)).toEqual(['H5', '扫一扫二维码']);
    await stage.database.execute(
      'ALTER TABLE logs.collated ALTER app_id TYPE text COLLATE "C", ALTER code TYPE text COLLATE "default"',
    );
    expect((await check('logs.collated')).findings).toEqual([]);
  });

  test('two versions in force at once make the join multiply rows, which is told, and not once they are one', async () => {
    const table = await make({
      visits: [
        ['wx1', '10', '2025-05-20T00:00:00Z'],
        ['wx1', '10', '2025-02-20T00:00:00Z'],
      ],
    });
    await insertVersions(stage.database, [
      { app: 'wx1', key: '10', name: '别的', from: '2025-05-01T00:00:00Z', to: '2025-06-01T00:00:00Z' },
    ]);
    const { findings, join } = await check(table);
    expect(findings.map(({ code, remedy }) => [code, remedy])).toEqual([['multiplied_rows', remedies.multiplied_rows]]);
    expect(join).toEqual({ visits: 2, rows: 3 });
    await stage.database.execute(`DELETE FROM scene.dim_scene WHERE scene_name = '别的'`);
    expect((await check(table)).findings).toEqual([]);
  });

  test('numbers with a fraction of zeros are told, as the plain join takes them', async () => {
    const { findings, sql } = await checkTable({ codes: 'decimal', visits: [['wx1', '4', '2025-05-20T00:00:00Z']] });
    expect(findings.map(({ code, values }) => [code, values])).toEqual([
      ['misspelled_codes', [{ value: '4.00', visits: 1 }]],
    ]);
    expect(await namesOf(sql)).toEqual(['扫一扫二维码']);
  });

  test('unknown codes are listed with their visits, most first', async () => {
    const visits = ['97', '98', '98', '99', '99', '99'].map((code) => ['wx1', code, '2025-05-20T00:00:00Z'] as const);
    const { findings } = await checkTable({ visits });
    expect(findings[0]?.values).toEqual([
      { value: '99', visits: 3 },
      { value: '98', visits: 2 },
      { value: '97', visits: 1 },
    ]);
  });

  test('without a time the names of today are joined, by the view that has them', async () => {
    const table = await make({
      visits: [
        ['wx1', '4', '2025-03-20T00:00:00Z'],
        ['wx1', '39', '2025-03-20T00:00:00Z'],
      ],
    });
    const { findings, notes, sql } = await checkJoin(
      stage.loader,
      { table, sceneColumn: 'code', appIdColumn: 'app_id' },
      { signal, tell: () => {} },
    );
    expect(findings.map(({ code }) => code)).toEqual(['after_last_version']);
    expect(notes).toEqual([expect.stringContaining('no --time-column')]);
    expect(await namesOf(sql)).toEqual(['扫一扫二维码', '未知']);
  });

  test('a sample is that many rows, and says what it did not see', async () => {
    const table = await make({
      visits: Array.from({ length: 9 }, () => ['wx1', '4', '2025-05-20T00:00:00Z'] as const),
    });
    const { visits, join, notes, findings } = await check(table, { sample: 4 });
    expect([visits, join, findings]).toEqual([4, { visits: 4, rows: 4 }, []]);
    expect(notes).toEqual([expect.stringContaining('4 visits')]);
  });

  test.each([
    ['visit_in_public', 'public.visit_in_public'],
    ['VISIT_IN_PUBLIC', 'public.visit_in_public'],
    ['"Logs"."Visit; DROP"', '"Logs"."Visit; DROP"'],
    ['visit_view', 'public.visit_view'],
  ])('a table is found as a query finds it: %s', async (name, quoted) => {
    await stage.database.execute(`CREATE SCHEMA IF NOT EXISTS "Logs";
      CREATE TABLE IF NOT EXISTS visit_in_public AS SELECT text 'wx1' AS app_id, 4 AS code, timestamptz '2025-05-20Z' AS visited_at;
      CREATE TABLE IF NOT EXISTS "Logs"."Visit; DROP" AS SELECT app_id AS "App Id""", code AS "Scene_Name", visited_at AS "select" FROM visit_in_public;
      CREATE OR REPLACE VIEW visit_view AS SELECT * FROM visit_in_public`);
    const odd = { appIdColumn: '"App Id"""', sceneColumn: '"Scene_Name"', timeColumn: 'select' };
    const { table, findings, sql } = await check(name, quoted.startsWith('"') ? odd : { sceneColumn: 'CODE' });
    expect([table, findings]).toEqual([quoted, []]);
    expect(await stage.database.query(sql.replace(/;$/, ''))).toHaveLength(1);
  });

  const refusal = (table: string, question: Partial<JoinQuestion> = {}) =>
    check(table, question).then(
      () => expect.unreachable('it was taken'),
      (error: ScenedimError) => [error.code, error.message, error.remedy],
    );

  test('an unknown table or column is refused with what may be meant', async () => {
    const table = await make({ visits: [] });
    await stage.database.execute('CREATE SCHEMA IF NOT EXISTS "Logs"; CREATE TABLE "Logs"."Page" (id int)');
    expect([
      await refusal('logs.page'),
      await refusal('"Logs".pagge'),
      await refusal('logs.no_such_table'),
      await refusal('a b.c'),
      await refusal(table, { sceneColumn: 'cod' }),
      await refusal(table, { sceneColumn: 'something_else' }),
      await refusal(table, { timeColumn: '"CODE"' }),
      await refusal(table, { sceneColumn: 'visited_at' }),
    ]).toEqual([
      ['usage', '--table: there is no table or view logs.page', 'did you mean "Logs"."Page"?'],
      ['usage', '--table: there is no table or view "Logs".pagge', 'did you mean "Logs"."Page"?'],
      ['usage', '--table: there is no table or view logs.no_such_table', likeInAQuery],
      ['usage', '--table: there is no table or view a b.c', likeInAQuery],
      ['usage', `--scene-column: ${table} has no column cod`, 'did you mean code? It has app_id, code, visited_at'],
      ['usage', `--scene-column: ${table} has no column something_else`, 'its columns are app_id, code, visited_at'],
      ['usage', `--time-column: ${table} has no column "CODE"`, 'did you mean code? It has app_id, code, visited_at'],
      [
        'usage',
        '--scene-column: visited_at is of type timestamp with time zone, which holds no codes',
        'name another column: app_id, code',
      ],
    ]);
    await stage.database.execute('DROP TABLE "Logs"."Page"');
  });

  test('a view that fails is told as that, and the check goes on once it does not', async () => {
    const view = (code: string) =>
      `CREATE OR REPLACE VIEW failing AS SELECT text 'wx1' AS app_id, ${code} AS code, timestamptz '2025-05-20Z' AS visited_at
       FROM generate_series(1, 3) AS n`;
    await stage.database.execute(view('4 / (n - 2)'));
    expect(await refusal('failing')).toEqual([
      'data_refused',
      expect.stringContaining('division by zero'),
      'correct what the message names, or leave it out by a view, and check the view',
    ]);
    await stage.database.execute(view('4'));
    expect((await check('failing')).findings).toEqual([]);
  });

  test('several accounts need a column that says whose a visit is; one account does not', async () => {
    const table = await make({ visits: [['wx1', '4', '2025-05-20T00:00:00Z']] });
    const question = { table, sceneColumn: 'code', timeColumn: 'visited_at' };
    const checkOwn = () => checkJoin(stage.loader, question, { signal, tell: () => {} });
    await expect(checkOwn()).rejects.toMatchObject({
      code: 'usage',
      remedy: 'name the column that says whose a visit is: --app-id-column',
    });
    expect((await check(table)).findings).toEqual([]);
    await stage.database.execute(
      `CREATE TABLE kept AS SELECT * FROM scene.dim_scene; DELETE FROM scene.dim_scene WHERE app_id <> 'wx1'`,
    );
    const { findings, app_id, notes, sql } = await checkOwn();
    expect([findings, app_id, notes.length]).toEqual([[], 'wx1', 1]);
    expect(await namesOf(sql)).toEqual(['扫一扫二维码']);
    await stage.database.execute('DELETE FROM scene.dim_scene');
    await expect(checkOwn()).rejects.toMatchObject({ code: 'data_refused', remedy: 'run scenedim sync first' });
    await stage.database.execute('INSERT INTO scene.dim_scene SELECT * FROM kept; DROP TABLE kept');
  });
}

describe('join-check (PGlite)', () => {
  joinSuite(async () => {
    const shared = await createSharedPglite();
    const { pglite } = shared;
    const loader = await shared.createLoader('scene');
    const database: ViewDatabase = {
      query: async <Row>(statement: string, values: readonly unknown[] = []) =>
        (await pglite.query<Row>(statement, [...values])).rows,
      execute: async (script) => void (await pglite.exec(script)),
      [Symbol.asyncDispose]: async () => {},
    };
    return { loader, database, [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose]() };
  });
});

describePostgres('join-check', ({ createDatabase }) => {
  joinSuite(async () => {
    const owned = new AsyncDisposableStack();
    const { url } = owned.use(await createDatabase());
    const database = owned.use(await openPostgresDatabase(url));
    const loader = owned.use(await open(url));
    return { loader, database, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  });
});
