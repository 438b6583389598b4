/** What only a server has: many visits, rights, time-outs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { checkJoin, type JoinQuestion } from '../../src/commands/join-check/check-join.ts';
import type { Loader } from '../../src/load/loader.ts';
import { NORMALIZER_VERSION } from '../../src/normalize/snapshot.ts';
import { joinTimeZone, joinVersions } from '../support/join-cases.ts';
import { describePostgres } from '../support/postgres.ts';
import { asUser, open } from '../support/postgres-loader-fixture.ts';
import { insertVersions, openPostgresDatabase, type ViewDatabase } from '../support/view-database.ts';

const { signal } = new AbortController();
const columns = { sceneColumn: 'code', appIdColumn: 'app_id', timeColumn: 'visited_at' };

describePostgres('join-check on a server', ({ createDatabase }) => {
  const owned = new AsyncDisposableStack();
  let url = '';
  let database: ViewDatabase;
  let loader: Loader;
  beforeAll(async () => {
    ({ url } = owned.use(await createDatabase()));
    database = owned.use(await openPostgresDatabase(url));
    loader = owned.use(await open(url));
    const settings = {
      normalizerVersion: NORMALIZER_VERSION,
      firstSeen: 'beginning',
      timeZone: joinTimeZone,
      catalog: bundledCatalog(),
    } as const;
    await loader.migrate(settings, signal);
    await insertVersions(database, joinVersions);
  }, 120_000);
  afterAll(() => owned.disposeAsync());

  const check = (table: string, question: Partial<JoinQuestion> = {}, on = loader) =>
    checkJoin(on, { table, ...columns, ...question }, { signal, tell: () => {} });
  const countOf = async (sql: string) =>
    Number((await database.query<{ n: string }>(`SELECT count(*) AS n FROM (${sql.replace(/;$/, '')}) AS j`))[0]?.n);

  test('many visits are joined over the tables that have statistics, and keep their number', async () => {
    await database.execute(`
      CREATE TABLE many AS SELECT 'wx1' AS app_id, CASE n % 4 WHEN 0 THEN 1011 WHEN 1 THEN 1005 WHEN 2 THEN 1007 END AS code,
        timestamptz '2025-01-01Z' + n * interval '1 minute' AS visited_at FROM generate_series(1, 160000) AS n;
      ANALYZE many`);
    const launch = await check('many', { bridge: true });
    expect(launch.findings.map(({ code, visits }) => [code, visits])).toEqual([['null_codes', 40_000]]);
    expect([launch.visits, launch.join.rows, launch.matched]).toEqual([160_000, 160_000, 120_000]);
    expect(launch.sql).toContain('LEFT JOIN scene.launch_scene AS l');
    expect(launch.sql).toContain('LEFT JOIN scene.dim_scene AS s');
    expect(await countOf(launch.sql)).toBe(160_000);
    await database.execute('UPDATE many SET code = 4 WHERE code IS NOT NULL; DELETE FROM many WHERE code IS NULL');
    const access = await check('many');
    expect([access.findings, access.matched]).toEqual([[], 120_000]);
    expect(access.sql).not.toContain('scene_history');
    const sample = await check('many', { sample: 1_000 });
    expect([sample.join, sample.findings]).toEqual([{ visits: sample.visits, rows: sample.visits }, []]);
    expect(sample.visits).toBeGreaterThan(0);
    expect(sample.visits).toBeLessThanOrEqual(1_000);
    expect(sample.notes[0]).toMatch(/^\d+ visits of about \d+ were looked at/);
  });

  test('a table that the role may not read is told with the statement that lets it', async () => {
    await database.execute(`
      DROP ROLE IF EXISTS join_reader; CREATE ROLE join_reader LOGIN; GRANT USAGE ON SCHEMA scene TO join_reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA scene TO join_reader;
      CREATE SCHEMA hidden; CREATE TABLE hidden.visit AS SELECT 'wx1' AS app_id, 4 AS code, timestamptz '2025-05-20Z' AS visited_at`);
    await using reader = await open(asUser(url, 'join_reader'));
    const remedy = 'GRANT USAGE ON SCHEMA hidden TO join_reader; GRANT SELECT ON hidden.visit TO join_reader';
    await expect(check('hidden.visit', {}, reader)).rejects.toMatchObject({ code: 'target_denied', remedy });
    await database.execute(remedy);
    expect((await check('hidden.visit', {}, reader)).findings).toEqual([]);
    await database.execute('DROP OWNED BY join_reader; DROP ROLE join_reader');
  });

  test('a code that is too rare to be listed is read right: its time without a zone, its spaces', async () => {
    await database.execute(`
      CREATE TABLE rare AS SELECT 'wx1' AS app_id, (4000 + n)::text AS code, '2025-05-20T00:00:00+08:00' AS visited_at
      FROM generate_series(1, 1500) AS n, generate_series(1, 2);
      INSERT INTO rare VALUES ('wx1', ' 9998', '2025-05-20 00:00:00')`);
    const { sql, visits, matched } = await check('rare', { bridge: true });
    expect([visits, matched]).toEqual([3_001, 3_001]);
    expect(sql).toContain('CASE WHEN v.visited_at ~');
    expect(await countOf(`${sql.replace(/;$/, '')} WHERE s.scene_key = '10'`)).toBe(3_001);
  });

  test('a table is found beside many others of its name, with domains over domains as its columns', async () => {
    await database.execute(`
      CREATE DOMAIN short_code AS text; CREATE DOMAIN visit_code AS short_code;
      DO $$ BEGIN FOR n IN 10..40 LOOP
        EXECUTE format('CREATE SCHEMA tenant_%s', n);
        EXECUTE format('CREATE TABLE tenant_%s.visit_of AS SELECT ''wx1'' AS app_id, visit_code ''4'' AS code, timestamptz ''2025-05-20Z'' AS visited_at', n);
      END LOOP; END $$`);
    expect((await check('tenant_40.visit_of')).findings).toEqual([]);
    await expect(check('tenant_41.visit_of')).rejects.toMatchObject({ remedy: 'did you mean tenant_10.visit_of?' });
  });

  test('a check that takes too long is told, and a sample of the table is checked', async () => {
    await database.execute(`
      CREATE VIEW slow AS SELECT 'wx1' AS app_id, 4 AS code, timestamptz '2025-05-20Z' AS visited_at
      FROM generate_series(1, 1000) AS n WHERE pg_sleep(0.01) IS NOT NULL`);
    const limited = new URL(url);
    limited.searchParams.set('statement_timeout', '2000');
    await using hurried = await open(limited.href);
    const remedy = 'look at fewer rows: --sample 100000';
    await expect(check('slow', {}, hurried)).rejects.toMatchObject({ code: 'target_busy', remedy });
    expect((await check('slow', { sample: 5 }, hurried)).visits).toBe(5);
  });

  test('nothing is written, even by a view that tries', async () => {
    await database.execute(`
      CREATE TABLE witness (n int);
      CREATE FUNCTION write_down() RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO witness VALUES (1); RETURN 4; END';
      CREATE VIEW writing AS SELECT 'wx1' AS app_id, write_down() AS code, timestamptz '2025-05-20Z' AS visited_at`);
    await expect(check('writing')).rejects.toMatchObject({ message: expect.stringContaining('read-only transaction') });
    expect(await countOf('SELECT * FROM witness')).toBe(0);
  });
});
