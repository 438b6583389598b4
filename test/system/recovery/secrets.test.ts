/** The recipes of config/recovery/README.md for secrets that are rotated. */
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { clusterUrl, createDatabase, passwordGroup } from '../../support/postgres.ts';
import { asUser, query } from '../../support/postgres-loader-fixture.ts';
import { createRecoveryStage, recipeOf } from '../../support/recovery-stage.ts';
import { replayLog } from '../../support/replay-log.ts';
import { ended, startCli } from '../../support/spawn-cli.ts';
import { appId, describeRecipes, untilCount } from '../../support/warehouse.ts';

vi.setConfig({ testTimeout: 240_000 });

describeRecipes('a secret', (server) => {
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
    const role = `rotated_${process.pid}`;
    await query(database.url, `CREATE ROLE ${role} LOGIN PASSWORD 'one' IN ROLE ${passwordGroup}`);
    onTestFinished(async () => {
      await query(await clusterUrl(server), `DROP ROLE ${role}`);
    });
    onTestFinished(() => database[Symbol.asyncDispose]());
    await query(database.url, `GRANT CREATE ON DATABASE ${database.name} TO ${role}`);
    const url = asUser(database.url, role).replace(':@', '@');
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
