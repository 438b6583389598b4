/** Refresh tokens that end each other: none is lost by kill -9, nor by processes that ask for the same accounts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { type CliWorkspace, createCliWorkspace, kill, type TargetSettings } from '../support/cli-workspace.ts';
import { describePostgres, type TestDatabase } from '../support/postgres.ts';
import { ended } from '../support/spawn-cli.ts';

vi.setConfig({ testTimeout: 600_000 });

const seed = Number(process.env['SCENEDIM_TEST_SEED'] ?? Date.now() % 2_147_483_647);
const kills = Number(process.env['SCENEDIM_TEST_KILLS'] ?? 5);
process.stderr.write(`${kills} times kill -9 at moments of seed ${seed}\n`);
const moments = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { seed, numRuns: 2 * kills + 2 }).values();
const nextMoment = () => moments.next().value ?? 0.5;

const appIds = Array.from({ length: 300 }, (_, n) => `wx${String(n).padStart(3, '0')}`);
const componentAppId = 'wx00000000000000c0';
const CONCURRENCY = 16;
const SCENES = '/wxaapi/log/get_scene';

type TokenStore = { readonly file: string } | { readonly target: true };

/** What is stored, by account. */
type ReadStore = () => Promise<ReadonlyMap<string, string>>;

/** A platform whose old refresh token is dead as soon as there is a new one, as seldom as that may be with WeChat. */
function startPlatform(): Promise<Simulator> {
  const accounts = appIds.map((appId) => ({ appId }));
  return startSimulator({ accounts, platform: { componentAppId, strictRefreshTokens: true }, latencyMs: 5 });
}

function workspace(simulator: Simulator, target: TargetSettings, tokenStore: TokenStore): Promise<CliWorkspace> {
  const platform = { componentAppId, componentAccessToken: { env: 'COMPONENT_TOKEN' }, tokenStore };
  const speed = { concurrency: CONCURRENCY, ratePerSecond: 10_000 };
  const source = { baseUrl: simulator.url, ...speed, platform, accounts: { platform: 'all' } };
  return createCliWorkspace({ target, source }, { COMPONENT_TOKEN: simulator.componentAccessToken() });
}

const fileOf =
  (work: CliWorkspace): ReadStore =>
  async () =>
    new Map(Object.entries(JSON.parse(await readFile(join(work.directory, 'tokens.json'), 'utf8'))));

const tableOf =
  ({ url }: TestDatabase): ReadStore =>
  async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query('SELECT app_id, refresh_token FROM scene.scene_refresh_token');
      return new Map(rows.map((row) => [String(row.app_id), String(row.refresh_token)]));
    } finally {
      await client.end();
    }
  };

async function expectNoneLost(simulator: Simulator, read: ReadStore): Promise<void> {
  const newest = new Map(appIds.map((appId) => [appId, simulator.refreshToken(appId)]));
  expect(await read()).toEqual(newest);
}

async function killedAgainAndAgain(simulator: Simulator, work: CliWorkspace, read: ReadStore): Promise<void> {
  await work.succeed(['sync']);
  await expectNoneLost(simulator, read);
  for (let killed = 0; killed < kills; killed += 1) {
    simulator.clearRequests();
    const child = work.start(['sync', '--lock-timeout', '60s']);
    const result = ended(child);
    const until = Math.round(nextMoment() * 2 * appIds.length);
    while (simulator.requests.length < until && child.exitCode === null) await delay(1);
    child.kill('SIGKILL');
    await result;
    const stored = await read();
    const behind = appIds.filter((appId) => !simulator.isRefreshTokenAlive(appId, stored.get(appId) ?? ''));
    // Only what was on its way: WeChat had answered, and the process was gone.
    expect(behind.length).toBeLessThanOrEqual(CONCURRENCY);
  }
  const { accounts } = JSON.parse(await work.succeed(['sync', '--json', '--lock-timeout', '60s']));
  expect(accounts).toMatchObject({ selected: appIds.length, failed: 0, skipped: 0 });
  await expectNoneLost(simulator, read);
}

async function resumed(simulator: Simulator, work: CliWorkspace): Promise<void> {
  simulator.clearRequests();
  const child = work.start(['sync']);
  while (simulator.requests.length < 450) await delay(1);
  await kill(child);
  const { accounts } = JSON.parse(await work.succeed(['status', '--json'])) as {
    readonly accounts: readonly { readonly app_id: string }[];
  };
  const stored = new Set(accounts.map((account) => account.app_id));
  simulator.clearRequests();
  await work.succeed(['sync', '--max-age', '1h', '--lock-timeout', '60s']);
  const asked = simulator.requests.filter(({ path }) => path === SCENES).map(({ appId }) => appId ?? '');
  expect(asked.filter((appId) => stored.has(appId))).toEqual([]);
  expect(asked.length).toBe(appIds.length - stored.size);
}

describePostgres(
  'refresh tokens of a platform',
  ({ createDatabase }) => {
    test('in a file: none is lost by kill -9', async () => {
      await using database = await createDatabase();
      await using simulator = await startPlatform();
      await using work = await workspace(simulator, { type: 'postgres', url: database.url }, { file: 'tokens.json' });
      await killedAgainAndAgain(simulator, work, fileOf(work));
    });

    test('in the target: none is lost by kill -9', async () => {
      await using database = await createDatabase();
      await using simulator = await startPlatform();
      await using work = await workspace(simulator, { type: 'postgres', url: database.url }, { target: true });
      await killedAgainAndAgain(simulator, work, tableOf(database));
    });

    test('a run that was killed goes on with the accounts that are not stored yet', async () => {
      await using database = await createDatabase();
      await using simulator = await startPlatform();
      await using work = await workspace(simulator, { type: 'postgres', url: database.url }, { target: true });
      await resumed(simulator, work);
    });

    test('in a file that two processes want: the second waits, or says who has it', async () => {
      await using simulator = await startPlatform();
      await using database = await createDatabase();
      await using work = await workspace(simulator, { type: 'postgres', url: database.url }, { file: 'tokens.json' });
      const first = work.start(['sync']);
      const firstResult = ended(first);
      while (simulator.requests.length < 50) await delay(1);
      const refused = await work.run(['plan']);
      expect([refused.code, refused.stderr]).toEqual([75, expect.stringMatching(/the refresh tokens are in use/)]);
      expect((await firstResult).code).toBe(0);
      await work.succeed(['plan']);
      await expectNoneLost(simulator, fileOf(work));
    });

    test('in the target: none is lost by a sync and two plans at the same time', async () => {
      await using database = await createDatabase();
      await using simulator = await startPlatform();
      await using work = await workspace(simulator, { type: 'postgres', url: database.url }, { target: true });
      await work.succeed(['sync']);
      const results = await Promise.all([['sync'], ['plan'], ['plan']].map((args) => work.run(args)));
      expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
      await expectNoneLost(simulator, tableOf(database));
    });
  },
  { versions: 'newest' },
);
