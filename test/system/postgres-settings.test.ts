/** Settings of a role or a database that change how a session reads, writes or plans: the tables are those of a plain role. */
import { beforeAll, expect, test } from 'vitest';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { accept } from '../../src/pipeline/decide.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { migrateTarget } from '../../src/pipeline/run/prepare-target.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { describePostgres, type PostgresSuite } from '../support/postgres.ts';
import { asUser, open, query, signal } from '../support/postgres-loader-fixture.ts';
import { replayLog } from '../support/replay-log.ts';
import { inputOf, readExport } from '../support/run-case.ts';
import { createSyncStage, quickRetry } from '../support/sync-stage.ts';

const settings = [
  ['standard_conforming_strings', 'off'],
  ['escape_string_warning', 'off'],
  ['array_nulls', 'off'],
  ['quote_all_identifiers', 'on'],
  ['transform_null_equals', 'on'],
  ['search_path', 'nowhere'],
  ['search_path', 'evil, pg_catalog'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_isolation', 'repeatable read'],
  ['default_transaction_deferrable', 'on'],
  ['statement_timeout', '20s'],
  ['lock_timeout', '1s'],
  ['idle_in_transaction_session_timeout', '1s'],
  ['idle_session_timeout', '1s'],
  ['DateStyle', 'German, DMY'],
  ['DateStyle', 'SQL, MDY'],
  ['IntervalStyle', 'sql_standard'],
  ['extra_float_digits', '-15'],
  ['bytea_output', 'escape'],
  ['xmlbinary', 'hex'],
  ['TimeZone', 'America/St_Johns'],
  ['timezone_abbreviations', 'India'],
  ['client_encoding', 'SQL_ASCII'],
  ['client_encoding', 'LATIN1'],
  ['client_encoding', 'GBK'],
  ['session_replication_role', 'replica'],
  ['row_security', 'off'],
  ['enable_indexscan', 'off'],
  ['enable_seqscan', 'off'],
  ['enable_hashjoin', 'off'],
  ['enable_sort', 'off'],
  ['plan_cache_mode', 'force_generic_plan'],
  ['cursor_tuple_fraction', '0'],
  ['jit_above_cost', '0'],
  ['work_mem', '64kB'],
  ['default_tablespace', 'nowhere'],
  ['temp_tablespaces', 'nowhere'],
  ['check_function_bodies', 'off'],
  ['client_min_messages', 'debug1'],
  ['password_encryption', 'md5'],
] as const;

type Setting = readonly [name: string, value: string];

const lines = [...replayLog({ accounts: 60, scenes: 8, answers: 4, order: 'account' })];
const held = { appId: 'wx00000038', observedAt: null };

/** Functions that a search_path before pg_catalog would call in place of the server's own. */
const evil = `create schema evil; grant usage on schema evil to public;
  create function evil.count() returns bigint language sql as 'select 0::bigint';
  create function evil.to_regclass(text) returns regclass language sql as 'select null::regclass';
  create function evil.pg_is_in_recovery() returns boolean language sql as 'select true';
  create function evil.current_setting(text) returns text language sql as 'select ''on'''`;

let roles = 0;

/** Every command that writes, and what is stored then. */
async function journey(url: string): Promise<string> {
  await using loader = await open(url);
  await using stage = await createSyncStage(['wxa', 'wxb'], {
    loader,
    readRun: () => Promise.reject(new Error('not asked')),
    countRejects: () => Promise.reject(new Error('not asked')),
  });
  const { context, calendar } = stage;
  await migrateTarget(context);
  expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  for (let times = 0; times < 2; times += 1) await replay(context, { input: inputOf(lines), name: 'log' });
  await accept(context, held);
  for (const name of ['扫一扫', '搜索 "x" \\ \''] as const) {
    const clock = { now: () => calendar.time };
    await using source = createWechatSource({ clock, baseUrl: stage.simulator.url, retry: quickRetry });
    expect((await sync(context, { source, accounts: ['wxa', 'wxb'].map(stage.account) })).exitCode).toBe(0);
    stage.later();
    stage.simulator.change({ change: 'rename', key: 1, name });
  }
  const before = await readExport(loader);
  expect((await verify(context)).violations).toEqual([]);
  const observed = { ...context, dimension: { ...context.dimension, firstSeen: 'observed' as const } };
  expect((await rebuild(observed)).report.versions.rewritten).toBeGreaterThan(0);
  await rebuild(context);
  const after = await readExport(loader);
  expect(after).toBe(before);
  return after;
}

/** The journey of a role that owns the schema, with these settings. */
async function withSettings(
  { createDatabase, adminUrl, server }: PostgresSuite,
  of: 'role' | 'database',
  settingsOf: readonly Setting[],
): Promise<string> {
  roles += 1;
  const role = `setting_${process.pid}_${server.major}_${roles}`;
  await using database = await createDatabase();
  await query(adminUrl(), `create role ${role} login`);
  await query(database.url, `create schema scene authorization ${role}; ${evil}`);
  for (const [name, value] of settingsOf) {
    const quoted = name === 'search_path' ? value : `'${value}'`;
    await query(adminUrl(), `alter ${of} ${of === 'role' ? role : database.name} set ${name} = ${quoted}`);
  }
  const rows = await journey(asUser(database.url, role));
  await query(database.url, `drop owned by ${role} cascade`);
  await query(adminUrl(), `drop role ${role}`);
  return rows;
}

describePostgres('a database with', (postgres) => {
  test('all of the settings but time-outs has the rows of a plain one', async () => {
    const others = settings.filter(([name]) => !name.includes('timeout'));
    expect(await withSettings(postgres, 'database', others)).toBe(await withSettings(postgres, 'role', []));
  });
});

describePostgres(
  'a role with',
  (postgres) => {
    let plain: string;

    beforeAll(async () => {
      plain = await withSettings(postgres, 'role', []);
    });

    test.each(settings)('%s = %s has the rows of a plain one', async (...setting) => {
      expect(await withSettings(postgres, 'role', [setting])).toBe(plain);
    });
  },
  { versions: 'newest' },
);
