/** The script of `migrate --print-sql`, run with psql as a DBA runs it: encodings, refusals, and options that survive. */
import { spawn } from 'node:child_process';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { describePostgres } from '../support/postgres.ts';
import { open, query, signal } from '../support/postgres-loader-fixture.ts';
import { type PostgresServer, psqlOf } from '../support/postgres-server.ts';

/** What differs from a schema that nobody touched. */
const options = `
  SELECT json_agg(o ORDER BY o.name) AS options FROM (
    SELECT c.relname AS name, array_to_string(c.reloptions, ',') AS options FROM pg_class AS c WHERE c.relnamespace = 'scene'::regnamespace AND c.relkind = 'v'
    UNION ALL
    SELECT p.oid::regprocedure::text, concat_ws(' ', p.procost, p.prorows, p.prosecdef, p.proisstrict, p.provolatile, p.proparallel, p.proconfig)
    FROM pg_proc AS p WHERE p.pronamespace = 'scene'::regnamespace) AS o`;

describePostgres('the script for a DBA', ({ createDatabase, adminUrl, server }) => {
  const script = async (section: object = {}, settings: object = {}): Promise<string> => {
    await using loader = await open(adminUrl(), section);
    return loader.migrationSql({ ...sampleSettings, ...settings });
  };
  const psql = (url: string, args: readonly string[], clientEncoding = 'UTF8') =>
    run(server, [url, '-XqAt', '-v', 'ON_ERROR_STOP=1', ...args], clientEncoding);

  describe.each(['UTF8', 'LATIN1', 'GBK', 'SQL_ASCII'])('under client encoding %s', (clientEncoding) => {
    test('stores what migrate stores, as a file', async () => {
      await using database = await createDatabase();
      await using file = await scriptFile(await script());
      const { code, stderr } = await psql(database.url, ['-f', file.path], clientEncoding);
      expect([code, stderr.replaceAll(/.*NOTICE.*\n/g, '')]).toEqual([0, '']);
      await using loader = await open(database.url);
      expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
      expect(await query(database.url, `SELECT scene_name FROM scene.scene_current`)).toEqual([{ scene_name: '未知' }]);
      expect((await loader.migrate(sampleSettings, signal)).applied).toEqual([]);
    });
  });

  test('sent as one command under another client encoding is refused, and nothing is stored', async () => {
    await using database = await createDatabase();
    const sql = await script();
    for (const clientEncoding of ['LATIN1', 'GBK', 'EUC_CN']) {
      const { code, stderr } = await psql(database.url, ['-c', sql], clientEncoding);
      expect([clientEncoding, code]).toEqual([clientEncoding, 1]);
      if (clientEncoding === 'LATIN1') expect(stderr).toContain('did not arrive as the UTF-8');
    }
    expect(await query(database.url, `SELECT to_regnamespace('scene') AS made`)).toEqual([{ made: null }]);
  });

  test.each(['SQL_ASCII', 'EUC_CN', 'LATIN1'])('is refused in a database of %s, as migrate is', async (encoding) => {
    const name = `enc_${encoding.toLowerCase()}_${process.pid}`;
    await query(adminUrl(), `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
    const url = new URL(adminUrl());
    url.pathname = `/${name}`;
    try {
      await using file = await scriptFile(await script());
      const { code, stderr } = await psql(url.href, ['-f', file.path]);
      expect(code).toBe(3);
      expect(stderr).toContain(`the database has the encoding ${encoding}, which cannot hold every name`);
      expect(stderr).toContain("CREATE DATABASE name ENCODING 'UTF8'");
      await using loader = await open(url.href);
      await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject({ code: 'target_invalid' });
    } finally {
      await query(adminUrl(), `DROP DATABASE ${name}`);
    }
  });

  test('refuses a reader that does not exist and a time zone that the server does not know', async () => {
    await using database = await createDatabase();
    await expect(query(database.url, await script({ readers: ['no "one"'] }))).rejects.toMatchObject({
      message: 'target.readers: the role "no "one"" does not exist',
      hint: expect.stringContaining('CREATE ROLE "no ""one"""'),
    });
    await expect(query(database.url, await script({}, { timeZone: 'Mars/Olympus' }))).rejects.toMatchObject({
      message: 'dimension.timeZone: the database does not know Mars/Olympus',
    });
    expect(await query(database.url, `SELECT to_regnamespace('scene') AS made`)).toEqual([{ made: null }]);
  });

  test('leaves options of views and functions alone, and so does an upgrade by migrate', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(
      database.url,
      `ALTER VIEW scene.scene_current SET (${server.major >= 15 ? 'security_invoker=true, ' : ''}security_barrier=true);
       ALTER VIEW scene.scene_freshness SET (check_option=local);
       ALTER FUNCTION scene.access_source_of(bigint) COST 7 PARALLEL UNSAFE;
       ALTER FUNCTION scene.scene_as_of(timestamptz) COST 42 ROWS 17 SECURITY DEFINER SET search_path = scene, "My Schema", pg_temp;
       ALTER FUNCTION scene.access_source_of(text) STRICT IMMUTABLE SET work_mem = '64MB' SET my.setting = 'it''s'`,
    );
    const before = await query(database.url, options);
    expect(JSON.stringify(before)).toContain('security_barrier=true');
    await query(database.url, await script());
    expect(await query(database.url, options)).toEqual(before);
    await query(database.url, 'UPDATE scene.scene_meta SET schema_version = 0');
    expect((await loader.migrate(sampleSettings, signal)).fromVersion).toBe(0);
    expect(await query(database.url, options)).toEqual(before);
  });

  test('mends names that were stored in another encoding, and check tells them before', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    const spoil = async (column: string, table: string) =>
      query(
        database.url,
        `UPDATE scene.${table} SET ${column} = convert_from(convert_to(${column}, 'UTF8'), 'LATIN1')`,
      );
    const findings = async () => (await loader.check(signal)).filter(({ level }) => level !== 'ok');
    await spoil('access_source_name', 'access_source');
    expect(await findings()).toMatchObject([{ level: 'error', subject: 'bundled tables' }]);
    await loader.migrate(sampleSettings, signal);
    expect(await findings()).toEqual([]);
    await spoil('launch_scene_name', 'launch_scene');
    expect(await findings()).toMatchObject([{ level: 'error', subject: 'bundled tables' }]);
    await query(database.url, await script());
    expect(await findings()).toEqual([]);
  });
});

async function scriptFile(sql: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'scenedim-script-'));
  const path = join(folder.path, 'scenedim.sql');
  await writeFile(path, sql);
  return { path, [Symbol.asyncDispose]: () => folder.remove() };
}

async function run(server: PostgresServer, args: readonly string[], clientEncoding: string) {
  const child = spawn(psqlOf(server), args, {
    env: { ...process.env, PGCLIENTENCODING: clientEncoding },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve));
  const [stderr, code] = await Promise.all([text(child.stderr), exited]);
  return { code, stderr };
}
