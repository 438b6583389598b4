/** A PostgreSQL database, a WeChat and a directory with a config, in which recipes are followed. */
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, inject, onTestFinished } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { clusterUrl, createDatabase, type PostgresServer, skipVisibly } from './postgres.ts';
import { query } from './postgres-loader-fixture.ts';
import { createRecoveryStage, type RecoveryStage } from './recovery-stage.ts';
import { ended, startCli } from './spawn-cli.ts';

export const appId = 'wx0123456789abcdef';

/** A line for `replay`: what the account wx1 answered on the first of a month of 2024. */
export const month = (n: number, names: readonly string[]) =>
  JSON.stringify({
    app_id: 'wx1',
    observed_at: `2024-0${n}-01T00:00:00Z`,
    body: { scene: names.map((name, index) => ({ name, value: index + 1 })) },
  });
/** Answers of which the first cannot be fetched again: only it has the name 二维码. */
const recorded = [month(3, ['二维码', '搜索']), month(6, ['扫一扫二维码', '搜索']), month(9, ['扫一扫', '搜索'])].join(
  '\n',
);

export interface Warehouse extends AsyncDisposable {
  readonly stage: RecoveryStage;
  readonly simulator: Simulator;
  readonly url: string;
  sql(statement: string): Promise<readonly unknown[]>;
}

export interface WarehouseOptions {
  readonly target?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether a sync and a replay have run. Default true. */
  readonly filled?: boolean;
}

/** A database, a WeChat, and a directory with a config. */
export async function openWarehouse(server: PostgresServer, options: WarehouseOptions = {}): Promise<Warehouse> {
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

/** Runs a suite on a server that psql and pg_dump of this machine know; without one it is one visibly skipped test. */
export function describeRecipes(name: string, suite: (server: PostgresServer) => void): void {
  const server = serverForDumps();
  if (server === undefined) skipVisibly(name, 'no PostgreSQL server, psql and pg_dump that fit together');
  else describe(name, () => suite(server));
}

/** Starts a command that the test kills itself. */
export function startIn(
  { stage, url }: Pick<Warehouse, 'stage' | 'url'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const child = startCli(args, { cwd: stage.directory, env: { DATABASE_URL: url, WECHAT_ACCESS_TOKEN: 'x', ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

export async function killed(child: ReturnType<typeof startCli>): Promise<void> {
  child.stdin.on('error', () => {});
  const result = ended(child);
  child.kill('SIGKILL');
  expect((await result).code).toBeNull();
}

export async function untilCount({ sql }: Pick<Warehouse, 'sql'>, accounts: number): Promise<void> {
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
