import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { SceneLists } from '../../src/simulator/scene-lists.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';
import { measureInUse, memoryOfRun } from '../support/memory-of-run.ts';
import { describePostgres } from '../support/postgres.ts';
import { replayLog } from '../support/replay-log.ts';
import { scenesAnAccount, volumeLog } from '../support/volume-log.ts';

/** The larger run is longer, so the moment of most use is met more often: 1 to 7 MB. 50,000 objects that are kept need more. */
const GROWTH_MB = 12;

const SECRET = '0123456789abcdef0123456789abcdef';

const env = { SECRET, ...measureInUse };

/** The most memory in use by a command that changes so many accounts, in MB. */
async function megabytesOf(work: CliWorkspace, args: readonly string[], accounts: number): Promise<number> {
  const { report, megabytes } = await memoryOfRun(work, args);
  expect(report.accounts.changed).toBe(accounts);
  return megabytes;
}

/** WeChat's two endpoints, as fast as node can: every account has three scenes of its own. */
async function startQuickSource(): Promise<{ readonly url: string } & AsyncDisposable> {
  let answers = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.method === 'POST') return response.end('{"access_token":"token","expires_in":7200}');
    answers += 1;
    const scene = [1, 2, 3].map((value) => ({ name: `场景 ${value} ${answers}`, value }));
    return response.end(JSON.stringify({ errcode: 0, errmsg: 'ok', scene }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describePostgres(
  'the memory of a run does not grow with its accounts',
  ({ createDatabase }) => {
    test('in a replay of 5,000 and of 50,000', async () => {
      await using database = await createDatabase();
      const inUse = [];
      for (const accounts of [5_000, 50_000]) {
        const target = { type: 'postgres', url: database.url, schema: `replay_${accounts}` };
        await using work = await createCliWorkspace({ target }, env);
        const lines = replayLog({ accounts, scenes: 3, answers: 1, order: 'account' });
        await work.write('log.ndjson', [...lines].join('\n'));
        inUse.push(await megabytesOf(work, ['replay', 'log.ndjson'], accounts));
      }
      expectFlat(inUse);
    });

    test('in an export as Parquet of 50,000 versions and of 500,000', async () => {
      await using database = await createDatabase();
      const inUse = [];
      for (const accounts of [10_000, 100_000]) {
        const target = { type: 'postgres', url: database.url, schema: `export_${accounts}` };
        await using work = await createCliWorkspace({ target }, env);
        await writeFile(join(work.directory, 'log.ndjson'), volumeLog(accounts, 1, false));
        await work.run(['replay', 'log.ndjson']);
        const args = ['export', '--format', 'parquet', '--output', 'scenes.parquet'];
        const { report, megabytes } = await memoryOfRun<{ readonly bytes: number }>(work, args);
        // Each version has an id of its own, which nothing makes smaller than 16 bytes.
        expect(report.bytes).toBeGreaterThan(accounts * scenesAnAccount * 16);
        inUse.push(megabytes);
      }
      expectFlat(inUse);
    });

    test('in a sync of 3,000 and of 9,000', async () => {
      await using database = await createDatabase();
      await using quick = await startQuickSource();
      const inUse = [];
      for (const accounts of [3_000, 9_000]) {
        const target = { type: 'postgres', url: database.url, schema: `sync_${accounts}` };
        const source = {
          baseUrl: quick.url,
          ratePerSecond: 10_000,
          concurrency: 32,
          accounts: { file: 'accounts.csv' },
        };
        await using work = await createCliWorkspace({ target, source }, env);
        const list = Array.from({ length: accounts }, (_, index) => `wx${index},SECRET\n`);
        await work.write('accounts.csv', `app_id,secret_env\n${list.join('')}`);
        inUse.push(await megabytesOf(work, ['sync'], accounts));
      }
      expectFlat(inUse);
    });

    test('in a sync of a platform with 2,000 and with 8,000 accounts, each list of which is right', async () => {
      await using database = await createDatabase();
      const inUse = [];
      for (const count of [2_000, 8_000]) {
        const accounts = { count, appId: (index: number) => `wx${String(index).padStart(6, '0')}` };
        await using simulator = await startSimulator({ accounts, platform: { componentAppId } });
        const schema = `platform_${count}`;
        const target = { type: 'postgres', url: database.url, schema };
        const token = { componentAppId, componentAccessToken: { env: 'COMPONENT' }, tokenStore: { target: true } };
        const speed = { ratePerSecond: 10_000, concurrency: 64 };
        const source = { baseUrl: simulator.url, ...speed, platform: token, accounts: { platform: 'all' } };
        const secrets = { ...measureInUse, COMPONENT: simulator.componentAccessToken() };
        await using work = await createCliWorkspace({ target, source }, secrets);
        inUse.push(await megabytesOf(work, ['sync'], count));
        const { accounts: next, versions } = JSON.parse(await work.succeed(['sync', '--json']));
        expect([next.unchanged, versions]).toEqual([count, { opened: 0, closed: 0, rewritten: 0, removed: 0 }]);
        // Every account has the whole list, so each of its rows is there once an account.
        expect(await countsOf(database.url, schema)).toEqual(
          new SceneLists()
            .rowsOf('any')
            .map(({ value, name }): Row => [String(value), name, count])
            .toSorted(byKey),
        );
        const { minted, requestCounts } = simulator;
        expect(minted).toEqual({
          stable_token: 0,
          force_refresh: 0,
          token: 0,
          component_token: 0,
          authorizer_token: 2 * count,
        });
        expect(requestCounts).toEqual({
          '/cgi-bin/component/api_get_authorizer_list': 2 * Math.ceil((count - 1) / 499),
          '/cgi-bin/component/api_authorizer_token': 2 * count,
          '/wxaapi/log/get_scene': 2 * count,
        });
      }
      expectFlat(inUse);
    });
  },
  { versions: 'newest' },
);

const componentAppId = 'wx00000000000000c0';

type Row = readonly [key: string, name: string, accounts: number];

const byKey = ([one]: Row, [other]: Row) => (one < other ? -1 : 1);

async function countsOf(url: string, schema: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ scene_key: string; scene_name: string; n: number }>(
      `SELECT scene_key, scene_name, count(*)::int AS n FROM ${schema}.dim_scene GROUP BY 1, 2`,
    );
    return rows.map(({ scene_key, scene_name, n }): Row => [scene_key, scene_name, n]).toSorted(byKey);
  } finally {
    await client.end();
  }
}

function expectFlat([few = 0, many = 0]: readonly number[]): void {
  process.stderr.write(`memory in use: at most ${few} and ${many} MB\n`);
  expect(few).toBeGreaterThan(0);
  expect(many - few).toBeLessThan(GROWTH_MB);
}
