/** The recipes of config/recovery/README.md, run as they stand there, each in the situation that it is for. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { blocksOf, root } from '../support/documents.ts';
import { clusterUrl, createDatabase, type PostgresServer, passwordGroup, skipVisibly } from '../support/postgres.ts';
import { asUser, connect, query } from '../support/postgres-loader-fixture.ts';
import {
  createRecoveryStage,
  type RecoveryStage,
  recipeOf,
  recipes,
  recoveryDocument,
} from '../support/recovery-stage.ts';
import { replayLog } from '../support/replay-log.ts';
import { ended, startCli } from '../support/spawn-cli.ts';

vi.setConfig({ testTimeout: 240_000 });

const appId = 'wx0123456789abcdef';
const month = (n: number, names: readonly string[]) =>
  JSON.stringify({
    app_id: 'wx1',
    observed_at: `2024-0${n}-01T00:00:00Z`,
    body: { scene: names.map((name, index) => ({ name, value: index + 1 })) },
  });
/** Answers of which the first cannot be fetched again: only it has the name 二维码. */
const recorded = [month(3, ['二维码', '搜索']), month(6, ['扫一扫二维码', '搜索']), month(9, ['扫一扫', '搜索'])].join(
  '\n',
);

interface Warehouse extends AsyncDisposable {
  readonly stage: RecoveryStage;
  readonly simulator: Simulator;
  readonly url: string;
  sql(statement: string): Promise<readonly unknown[]>;
}

interface WarehouseOptions {
  readonly target?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether a sync and a replay have run. Default true. */
  readonly filled?: boolean;
}

/** A database, a WeChat, and a directory with a config. */
async function openWarehouse(server: PostgresServer, options: WarehouseOptions = {}): Promise<Warehouse> {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await createDatabase(await clusterUrl(server)));
  const simulator = stack.use(await startSimulator());
  const accounts = [{ appId, accessToken: { env: 'WECHAT_ACCESS_TOKEN' } }];
  const stage = stack.use(
    await createRecoveryStage(
      {
        source: { baseUrl: simulator.url, accounts },
        target: { type: 'postgres', url: '${DATABASE_URL}', ...options.target },
      },
      { DATABASE_URL: database.url, WECHAT_ACCESS_TOKEN: simulator.accessToken(appId), ...options.env },
    ),
  );
  if (options.filled !== false) {
    await stage.succeed('scenedim migrate && scenedim sync');
    await stage.succeed('scenedim replay -', recorded);
  }
  return {
    stage,
    simulator,
    url: database.url,
    sql: (statement) => query(database.url, statement),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A server whose version the dump programs of this machine know. */
function serverForDumps(): PostgresServer | undefined {
  try {
    const told = execFileSync('pg_dump', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    execFileSync('psql', ['--version'], { stdio: 'ignore' });
    const major = Number(/\d+/.exec(told)?.[0]);
    return inject('postgresServers').findLast((server) => server.major <= major);
  } catch {
    return undefined;
  }
}

test('every recipe has a situation here, or in the suite of BigQuery', () => {
  expect(Object.fromEntries([...recipes].map(([heading, those]) => [heading, those.length]))).toEqual({
    'Back up': 2,
    'Restore a dump': 2,
    'Replay a copy of the log': 1,
    'A dimension that is wrong': 1,
    'A log that was cut': 2,
    'A run that was killed': 3,
    'A full disk': 1,
    'Rotate secrets': 3,
    'Move to BigQuery': 2,
    Upgrade: 4,
    'Back to an older release': 2,
  });
});

const server = serverForDumps();
if (server === undefined) skipVisibly('the recipes', 'no PostgreSQL server, psql or pg_dump that fit together');
else {
  describe('a backup', () => {
    test('is one line of cron, and a copy of the log gives the same rows elsewhere', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage } = warehouse;
      const [cron = ''] = blocksOf('sh')
        .filter(({ document }) => document === recoveryDocument)
        .map(({ text }) => text);
      const command = cron.replace(/^(?:\S+ ){5} /, '').replaceAll('\\%', '%');
      await stage.succeed(command.replace('cd /srv/scenedim', 'true'));
      expect((await readdir(stage.directory)).filter((name) => name.endsWith('.gz'))).toEqual([
        expect.stringMatching(/^scene-log-[1-7]\.ndjson\.gz$/),
      ]);
      await stage.follow('Back up');
      expect(await stage.follow('Replay a copy of the log')).toContain('verify  all right');
      const { dimension } = await stage.contents();
      expect(await readFile(join(stage.directory, 'proof.ndjson'), 'utf8')).toBe(dimension);
      expect(dimension).toContain('"二维码"');
    });

    test.each([
      ['the schema was dropped', 'DROP SCHEMA scene CASCADE', 'holds no scenedim schema yet'],
      ['tables were emptied', 'TRUNCATE scene.scene_payload, scene.dim_scene, scene.scene_account', ''],
    ])('as a dump is restored after %s', async (_, damage, says) => {
      await using warehouse = await openWarehouse(server);
      const { stage, simulator, sql } = warehouse;
      await stage.follow('Back up', 2);
      await stage.succeed('scenedim replay -', month(9, ['扫一扫', '搜索']).replace('wx1', 'wx2'));
      await stage.follow('Back up');
      const before = await stage.contents();
      await sql(damage);
      if (says === '') {
        await stage.fail(65, 'scenedim verify');
        await stage.follow('Restore a dump', 1);
      } else {
        expect(await stage.fail(78, 'scenedim status')).toContain(says);
        expect(await stage.succeed('scenedim check')).toContain('there is no schema yet');
      }
      simulator.change({ change: 'rename', key: 4, name: '新名' });
      expect(await stage.follow('Restore a dump', 2)).toContain('verify  all right');
      const after = await stage.contents();
      expect(after.log.startsWith(before.log.split('\n')[0] ?? '')).toBe(true);
      const rows = (text: string) => new Set(text.split('\n'));
      const closed = (text: string) =>
        text.split('\n').filter((row) => row.includes('"scene_key":"4"') && row.includes(appId));
      expect([...rows(before.dimension).difference(rows(after.dimension))]).toEqual(closed(before.dimension));
      expect(closed(after.dimension)).toHaveLength(2);
      expect(after.dimension).toContain('新名');
    });
  });

  test('a schema that is lost is made again by a sync, which says so, and is full again after a replay', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    await stage.follow('Back up');
    const before = await stage.contents();
    await sql('DROP SCHEMA scene CASCADE');
    const told = 'made the schema, because there was none';
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim plan')).not.toContain(told);
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).toContain(told);
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).not.toContain(told);
    await stage.succeed('gunzip --stdout scene-log.ndjson.gz | scenedim replay -');
    expect(await stage.succeed('scenedim verify')).toContain('all right');
    expect((await stage.contents()).dimension).toBe(before.dimension);
  });

  describe('a dimension', () => {
    test.each([
      ['rows were changed', "UPDATE scene.dim_scene SET scene_name = 'x' WHERE scene_key = '2'", 'violation'],
      ['rows were deleted', "DELETE FROM scene.dim_scene WHERE app_id = 'wx1'", 'violation'],
      ['the table was dropped', 'DROP TABLE scene.dim_scene CASCADE', 'there is no'],
    ])('of which %s is computed again', async (_, damage, says) => {
      await using warehouse = await openWarehouse(server);
      const { stage, sql } = warehouse;
      const before = await stage.contents();
      await sql(damage);
      const { code, stdout } = await stage.shell('scenedim check');
      expect([code === 0, stdout]).toEqual([false, expect.stringContaining(says)]);
      expect(await stage.follow('A dimension that is wrong')).toContain('verify  all right');
      expect(await stage.contents()).toEqual(before);
    });
  });

  describe('a log that was cut', () => {
    const cuts: Readonly<Record<string, string>> = {
      'answers are missing': "DELETE FROM scene.scene_observation WHERE observed_at < '2024-05-01'",
      'bodies are missing': 'DELETE FROM scene.scene_payload',
    };

    test.each(Object.entries(cuts))('where %s gets them back from a copy', async (_, cut) => {
      await using warehouse = await openWarehouse(server);
      const { stage, sql } = warehouse;
      const before = await stage.contents();
      await stage.follow('Back up');
      await sql(cut);
      expect(await stage.fail(65, 'scenedim verify')).toContain('its log was cut');
      expect(await stage.fail(65, 'scenedim check')).toContain('its log was cut');
      expect(await stage.fail(65, 'scenedim rebuild')).toContain('log_shortened');
      expect(await stage.follow('A log that was cut')).toContain('verify  all right');
      expect(await stage.contents()).toEqual(before);
    });

    test('of which there is no copy loses what only that answer said, and gets it back when one turns up', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage, sql } = warehouse;
      const before = await stage.contents();
      await stage.follow('Back up');
      await sql(cuts['answers are missing'] ?? '');
      const untold =
        recipeOf('A log that was cut', 2)
          .split('\n')[0]
          ?.replace(/ --confirm .*/, '') ?? '';
      expect(await stage.fail(64, untold)).toContain('nothing was done');
      expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
      expect(await stage.follow('A log that was cut', 2)).toContain('verify  all right');
      expect(await stage.succeed('scenedim history 1 --app-id wx1')).not.toContain(' 二维码 ');
      expect(await stage.follow('A log that was cut')).toContain('verify  all right');
      expect((await stage.contents()).dimension).toBe(before.dimension);
    });
  });

  describe('a run that was killed', () => {
    test('is started again, and the end is as if nothing had happened', async () => {
      await using warehouse = await openWarehouse(server, { filled: false });
      await using undisturbed = await openWarehouse(server, { filled: false });
      const lines = [...replayLog({ accounts: 2_500, scenes: 10, answers: 1, order: 'account' })];
      const { stage } = warehouse;
      const child = startIn(warehouse, ['replay', '-']);
      for (const line of lines.slice(0, 1_800)) if (!child.stdin.write(`${line}\n`)) await once(child.stdin, 'drain');
      await untilCount(warehouse, 1_000);
      await killed(child);
      expect(await stage.follow('A run that was killed')).toContain('verify  all right');
      for (const each of [warehouse, undisturbed]) await each.stage.succeed('scenedim replay -', lines.join('\n'));
      expect(await stage.succeed('scenedim verify')).toContain('all right');
      const ofReplay = (text: string) => text.split('\n').filter((row) => !row.includes(appId));
      expect(ofReplay((await stage.contents()).dimension)).toEqual(
        ofReplay((await undisturbed.stage.contents()).dimension),
      );
    });

    test('or hangs keeps the lock until its session is ended, and writes nothing after that', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage } = warehouse;
      const child = startIn(warehouse, ['replay', '-']);
      const result = ended(child);
      child.stdin.on('error', () => {});
      const lines = [...replayLog({ accounts: 1_500, scenes: 10, answers: 1, order: 'account' })];
      for (const line of lines) if (!child.stdin.write(`${line}\n`)) await once(child.stdin, 'drain');
      await untilCount(warehouse, 1_002);
      child.kill('SIGSTOP');
      expect(await stage.fail(75, 'scenedim sync')).toContain('another run is at work');
      expect(await stage.follow('A run that was killed', 2)).toContain('sync  nothing changed');
      child.stdin.end();
      child.kill('SIGCONT');
      expect([69, 75]).toContain((await result).code);
      expect(await stage.succeed('scenedim verify')).toContain('1,002 accounts');
    });

    test('in the middle of a rebuild for another firstSeen lets no run write until the rebuild is done', async () => {
      const env = { SCENEDIM_DIMENSION_FIRST_SEEN: 'observed' };
      await using warehouse = await openWarehouse(server, { env, filled: false });
      const { stage, sql } = warehouse;
      const lines = [...replayLog({ accounts: 2_000, scenes: 10, answers: 1, order: 'account' })].join('\n');
      await stage.succeed('scenedim replay -', lines);
      const right = await stage.contents();
      await stage.succeed('SCENEDIM_DIMENSION_FIRST_SEEN=beginning scenedim rebuild');
      const child = startIn(warehouse, ['rebuild'], env);
      for (let rebuilding = false; !rebuilding; await delay(5)) {
        const [row] = await sql('SELECT rebuilding FROM scene.scene_meta');
        ({ rebuilding } = row as { readonly rebuilding: boolean });
      }
      await killed(child);
      const told = 'a rebuild of the target was interrupted';
      for (const command of ['sync', 'replay -', 'plan']) {
        expect(await stage.fail(78, `scenedim ${command}`)).toContain(told);
      }
      expect(await stage.fail(65, 'scenedim verify')).toContain(told);
      expect(await stage.succeed('scenedim rebuild && scenedim verify')).toContain('verify  all right');
      expect(await stage.contents()).toEqual(right);
    });

    test('in the middle of an --output leaves the old file, and a part of the new one that is cleared away', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage, url } = warehouse;
      await stage.follow('Back up');
      await stage.succeed('gunzip --keep scene-log.ndjson.gz');
      const before = await readFile(join(stage.directory, 'scene-log.ndjson'), 'utf8');
      const parts = async () => (await readdir(stage.directory)).filter((name) => name.endsWith('.tmp'));
      await using blocker = await connect(url);
      await blocker.query('BEGIN; LOCK TABLE scene.scene_observation IN ACCESS EXCLUSIVE MODE');
      const child = startIn(warehouse, ['export-log', '--output', 'scene-log.ndjson']);
      while ((await parts()).length === 0) await delay(20);
      await killed(child);
      await blocker.query('ROLLBACK');
      const [part = ''] = await parts();
      expect(part).toMatch(/^scene-log\.ndjson\.\w{8}\.tmp$/);
      await stage.follow('A run that was killed', 3);
      expect(await parts()).toEqual([part]);
      const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
      await utimes(join(stage.directory, part), twoDaysAgo, twoDaysAgo);
      await stage.follow('A run that was killed', 3);
      expect(await parts()).toEqual([]);
      expect(await readFile(join(stage.directory, 'scene-log.ndjson'), 'utf8')).toBe(before);
    });
  });

  describe('an upgrade', () => {
    test('with autoMigrate is done by the next sync', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage } = warehouse;
      const before = await stage.contents();
      await stage.follow('Upgrade', 1);
      expect(await readFile(join(stage.directory, 'before-upgrade.ndjson'), 'utf8')).toBe(before.log);
      await stage.install(await newerRelease(stage));
      expect(await stage.fail(78, 'scenedim export-log')).toContain('has schema version 2, not 3');
      expect(await stage.succeed('scenedim check')).toContain('the target has schema version 2, this program makes 3');
      expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).toContain('upgraded the schema');
      expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).not.toContain('the schema');
      expect(await stage.succeed('scenedim verify')).toContain('all right');
      expect((await stage.contents()).dimension).toBe(before.dimension);
    });

    test.each([
      ['as a step of its own', 2, 'upgraded from 2, schema version 3'],
      ['by the script of a DBA', 3, 'ok       schema version  3'],
    ])('without autoMigrate is done %s, again and again', async (_, recipe, says) => {
      await using warehouse = await openWarehouse(server, { target: { autoMigrate: false } });
      const { stage } = warehouse;
      const before = await stage.contents();
      await stage.install(await newerRelease(stage));
      for (const command of ['sync', 'status', 'verify']) {
        expect(await stage.fail(78, `scenedim ${command}`)).toContain('has schema version 2, not 3');
      }
      expect(await stage.fail(78, 'scenedim check')).toContain('this program makes 3');
      expect(await stage.follow('Upgrade', recipe)).toContain(says);
      await stage.follow('Upgrade', recipe);
      expect(await stage.contents()).toEqual(before);
      expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
    });

    test('to another normalizer computes the rows anew', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage, sql } = warehouse;
      const before = await stage.contents();
      // As an older release leaves a target: names cleaned in another way.
      await sql('UPDATE scene.scene_meta SET normalizer_version = 0');
      await sql("UPDATE scene.dim_scene SET scene_name = scene_name || ' ' WHERE scene_key = '2'");
      for (const command of ['sync', 'plan', 'verify', 'check']) {
        const told = await stage.fail(78, `scenedim ${command}`);
        expect(told).toContain('the target was computed by normalizer 0, this program has 1');
        expect(told).toContain('run `scenedim rebuild`, which computes it by the rules of this program');
      }
      expect(await stage.succeed('scenedim status && scenedim export')).toContain('搜索 ');
      expect(await stage.follow('Upgrade', 4)).toContain('verify  all right');
      expect(await stage.contents()).toEqual(before);
      expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
    });

    test('to another normalizer waits for answers that are gone, which the release before brings back', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage, sql } = warehouse;
      const before = await stage.contents();
      await stage.follow('Back up');
      await sql("DELETE FROM scene.scene_observation WHERE observed_at < '2024-05-01'");
      await sql('UPDATE scene.scene_meta SET normalizer_version = 0');
      expect(await stage.fail(65, 'scenedim rebuild')).toContain(
        'nothing was changed: use the scenedim that computed the target, then bring the answers back',
      );
      // To the release before, the target is as it made it.
      await sql('UPDATE scene.scene_meta SET normalizer_version = 1');
      await stage.follow('A log that was cut');
      await sql('UPDATE scene.scene_meta SET normalizer_version = 0');
      expect(await stage.follow('Upgrade', 4)).toContain('verify  all right');
      expect(await stage.contents()).toEqual(before);
    });

    test('of the normalizer alone is taken back by a rebuild', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage, sql } = warehouse;
      const before = await stage.contents();
      await sql('UPDATE scene.scene_meta SET normalizer_version = 2');
      await sql("UPDATE scene.dim_scene SET scene_name = scene_name || ' ' WHERE scene_key = '2'");
      expect(await stage.fail(78, 'scenedim sync')).toContain(
        'use the newer scenedim that computed it; `scenedim rebuild` computes it by the older rules of this one',
      );
      expect(await stage.succeed('scenedim rebuild && scenedim verify')).toContain('verify  all right');
      expect(await stage.contents()).toEqual(before);
    });

    test('is taken back by a replay into a schema of the older release', async () => {
      await using warehouse = await openWarehouse(server);
      const { stage } = warehouse;
      const program = await newerRelease(stage);
      await stage.install(program);
      await stage.succeed('scenedim migrate && scenedim sync');
      const before = await stage.contents();
      await stage.follow('Back to an older release', 1);
      await stage.install(`${root}dist/cli.js`);
      for (const command of ['sync', 'migrate', 'export', 'check']) {
        expect(await stage.fail(78, `scenedim ${command}`)).toContain(
          'the target has schema version 3, this program makes 2',
        );
      }
      expect(await stage.follow('Back to an older release', 2)).toContain('verify  all right');
      expect(await stage.contents()).toEqual(before);
      expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
    });
  });

  describe('a secret', () => {
    const [old, fresh] = ['0'.repeat(31).concat('1'), '0'.repeat(31).concat('2')];
    const openWith = async (url: string, databaseUrl: string, accounts: readonly object[]) => {
      const config = {
        source: { baseUrl: url, concurrency: 1, accounts },
        target: { type: 'postgres', url: databaseUrl },
      };
      const stage = await createRecoveryStage(config, { NEW_SECRET: fresh });
      await stage.write('wechat-secret', old);
      return stage;
    };

    test('of the app, after its reset, is taken from its file', async () => {
      const simulator = await startSimulator({ accounts: [{ appId, appSecret: old }] });
      const { port, url } = simulator;
      await using database = await createDatabase(await clusterUrl(server));
      await using stage = await openWith(url, database.url, [{ appId, appSecret: { file: 'wechat-secret' } }]);
      await stage.succeed('scenedim sync');
      await stage.follow('Rotate secrets', 2);
      await stage.succeed('scenedim sync');
      await simulator[Symbol.asyncDispose]();
      await using _reset = await startSimulator({ port, accounts: [{ appId, appSecret: fresh }] });
      expect(await stage.fail(77, 'scenedim sync')).toContain('40125');
      expect(await stage.succeed('scenedim status')).toContain('the app secret is wrong');
      expect(await stage.follow('Rotate secrets', 1)).toContain('nothing changed');
      expect((await stat(join(stage.directory, 'wechat-secret'))).mode & 0o777).toBe(0o600);
      expect(await stage.succeed('scenedim verify')).toContain('all right');
    });

    test('of the app that is written while a run goes on is taken by that run', async () => {
      const first = { appId: 'wx00000000000000aa', appSecret: old };
      await using simulator = await startSimulator({ accounts: [first, { appId, appSecret: fresh }], latencyMs: 500 });
      await using database = await createDatabase(await clusterUrl(server));
      await using stage = await openWith(simulator.url, database.url, [
        { appId: first.appId, appSecret: { file: 'other-secret' } },
        { appId, appSecret: { file: 'wechat-secret' } },
      ]);
      await stage.write('other-secret', old);
      const result = stage.succeed('scenedim sync');
      while (simulator.requests.length === 0) await delay(10);
      await stage.succeed(recipeOf('Rotate secrets').replace('scenedim sync', 'true'));
      expect(await result).toContain('2 selected, 2 changed');
    });

    test('of a platform that an old copy of its file does not know is taken from the list', async () => {
      const componentAppId = 'wx00000000000000c0';
      const accounts = [{ appId }, { appId: 'wx1' }];
      await using simulator = await startSimulator({
        accounts,
        platform: { componentAppId, strictRefreshTokens: true },
      });
      await using database = await createDatabase(await clusterUrl(server));
      const platform = {
        componentAppId,
        componentAccessToken: { env: 'COMPONENT_TOKEN' },
        tokenStore: { file: 'tokens.json' },
      };
      await using stage = await createRecoveryStage(
        {
          source: { baseUrl: simulator.url, platform, accounts: { platform: 'all' } },
          target: { type: 'postgres', url: database.url },
        },
        { COMPONENT_TOKEN: simulator.componentAccessToken() },
      );
      await stage.succeed('scenedim sync && cp tokens.json old.json && scenedim sync');
      await stage.succeed('! cmp --silent tokens.json old.json && cp old.json tokens.json');
      expect(await stage.succeed('scenedim sync')).toContain('2 selected, 2 unchanged');
      const stored = JSON.parse(await readFile(join(stage.directory, 'tokens.json'), 'utf8'));
      expect(stored).toEqual({ [appId]: simulator.refreshToken(appId), wx1: simulator.refreshToken('wx1') });
    });

    test('of the database is changed while a run goes on, and the next run takes the new one', async () => {
      await using database = await createDatabase(await clusterUrl(server));
      await query(database.url, `CREATE ROLE scenedim LOGIN PASSWORD 'one' IN ROLE ${passwordGroup}`);
      onTestFinished(async () => {
        await query(await clusterUrl(server), 'DROP ROLE scenedim');
      });
      onTestFinished(() => database[Symbol.asyncDispose]());
      await query(database.url, `GRANT CREATE ON DATABASE ${database.name} TO scenedim`);
      const url = asUser(database.url, 'scenedim').replace(':@', '@');
      const env = { DATABASE_URL: url, NEW_PASSWORD: 'two:\\ $1' };
      await using stage = await createRecoveryStage(
        { target: { type: 'postgres', url: '${DATABASE_URL}', passwordFile: 'database-password' } },
        env,
      );
      await stage.write('database-password', 'one\n');
      await stage.succeed('scenedim migrate');
      const child = startCli(['replay', '-'], { cwd: stage.directory, env });
      const result = ended(child);
      const lines = [...replayLog({ accounts: 1_500, scenes: 5, answers: 1, order: 'account' })];
      for (const line of lines) if (!child.stdin.write(`${line}\n`)) await once(child.stdin, 'drain');
      await untilCount({ sql: (statement) => query(database.url, statement) }, 1_000);
      const steps = recipeOf('Rotate secrets', 3);
      const [first, rest] = steps.split(/(?<=^END\n)/m);
      await stage.succeed(first ?? '');
      expect(await stage.fail(77, 'scenedim status')).toContain('password authentication failed');
      child.stdin.end();
      expect((await result).code).toBe(0);
      expect(await stage.succeed(rest ?? '')).toContain('1,500 accounts');
      expect(await stage.succeed('scenedim verify')).toContain('1,500 accounts');
    });
  });
}

/** Starts a command that the test kills itself. */
function startIn(
  { stage, url }: Pick<Warehouse, 'stage' | 'url'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const child = startCli(args, { cwd: stage.directory, env: { DATABASE_URL: url, WECHAT_ACCESS_TOKEN: 'x', ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function killed(child: ReturnType<typeof startCli>): Promise<void> {
  child.stdin.on('error', () => {});
  const result = ended(child);
  child.kill('SIGKILL');
  expect((await result).code).toBeNull();
}

async function untilCount({ sql }: Pick<Warehouse, 'sql'>, accounts: number): Promise<void> {
  const statement = `SELECT to_regclass('scene.scene_account') IS NOT NULL AS there`;
  for (;;) {
    const [row] = await sql(statement);
    const [counted] = (row as { there: boolean }).there
      ? await sql('SELECT count(*)::integer AS count FROM scene.scene_account')
      : [{ count: 0 }];
    if ((counted as { count: number }).count >= accounts) return;
    await delay(20);
  }
}

/** The program with a migration more, in a folder of its own: the next release, as far as a target sees it. */
async function newerRelease(stage: RecoveryStage): Promise<string> {
  const folder = join(stage.directory, 'newer');
  await mkdir(folder);
  for (const part of ['dist', 'sql', 'package.json'])
    await cp(join(root, part), join(folder, part), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const views = await readFile(join(root, 'sql/postgres/000002_views.sql'), 'utf8');
  await writeFile(join(folder, 'sql/postgres/000003_views.sql'), views);
  return join(folder, 'dist/cli.js');
}
