import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { type CliWorkspace, createCliWorkspace, kill, type TargetSettings } from '../support/cli-workspace.ts';
import { untilHeld } from '../support/pglite-lock.ts';
import { describePostgres } from '../support/postgres.ts';
import { type ReplayLogOptions, replayLog } from '../support/replay-log.ts';
import { contextFor, inputOf, readExport } from '../support/run-case.ts';
import { ended } from '../support/spawn-cli.ts';
import { timeless } from '../support/timeless.ts';

// A busy machine starts a process in many seconds.
vi.setConfig({ testTimeout: 300_000 });

const seed = Number(process.env['SCENEDIM_TEST_SEED'] ?? Date.now() % 2_147_483_647);
process.stderr.write(`kill -9 at moments of seed ${seed}\n`);

/** Numbers from 0 to 1 that the seed gives. */
const moments = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { seed, numRuns: 100 }).values();
const nextMoment = () => moments.next().value ?? 0.5;

const wait = ['--lock-timeout', '60s'];
const HELD = 65;
const defaults = { dimension: {}, guards: {} };

/** Nothing is wrong with what is there; there may be nothing yet. */
async function expectSound(work: CliWorkspace): Promise<void> {
  const { code, stdout, stderr } = await work.run(['verify', ...wait]);
  if (code === 78 && /holds no scenedim schema yet/.test(stderr)) return;
  expect([code, stdout.split('\n')[0], stderr]).toEqual([0, expect.stringContaining('all right'), stderr]);
}

/** What an undisturbed run in one piece, in memory, leaves. */
async function undisturbedReplay(lines: readonly string[]) {
  await using loader = createMemoryLoader();
  const { error } = await replay(contextFor(loader, defaults), { input: inputOf(lines), name: 'log' });
  expect(error).toBeNull();
  const log = await Array.fromAsync(exportLog(loader, new AbortController().signal));
  return { dimension: await readExport(loader), log: log.join('') };
}

/** Replays are killed when they have read up to a random place of the log, and once more a random moment later. */
async function replayIsRepaired(target: TargetSettings, shape: ReplayLogOptions, kills: number): Promise<void> {
  const lines = [...replayLog(shape)];
  const undisturbed = undisturbedReplay(lines);
  await using work = await createCliWorkspace({ target });
  for (let killed = 0; killed < kills; killed += 1) {
    const child = work.start(['replay', '-', ...wait]);
    const result = ended(child);
    child.stdin.on('error', () => {});
    const until = Math.round(nextMoment() * lines.length);
    for (const line of lines.slice(0, until)) if (!child.stdin.write(`${line}\n`)) await once(child.stdin, 'drain');
    await delay(nextMoment() * 200);
    child.kill('SIGKILL');
    expect((await result).code).toBeNull();
    await expectSound(work);
  }
  const last = await work.run(['replay', '-', ...wait], lines.join('\n'));
  expect([0, HELD], last.stderr).toContain(last.code);
  expect(await work.contents()).toEqual(await undisturbed);
  await expectSound(work);
}

const grouped: ReplayLogOptions = { accounts: 3_000, scenes: 20, answers: 2, order: 'account' };
const ungrouped: ReplayLogOptions = { accounts: 3_000, scenes: 20, answers: 2, order: 'time' };

/** A sync, changes, and a second sync that is killed after a random number of requests and repeated. */
async function syncIsRepaired(target: TargetSettings, kills: number): Promise<void> {
  const secret = '0123456789abcdef0123456789abcdef';
  const accounts = Array.from({ length: 1_100 }, (_, index) => ({ appId: `wx${index}`, appSecret: secret }));
  await using simulator = await startSimulator({ accounts });
  const source = { baseUrl: simulator.url, ratePerSecond: 10_000, concurrency: 32, accounts: { file: 'accounts.csv' } };
  await using work = await createCliWorkspace({ target, source }, { SECRET: secret });
  await work.write('accounts.csv', ['app_id,secret_env', ...accounts.map(({ appId }) => `${appId},SECRET`)].join('\n'));
  await using memory = createMemoryLoader();
  const undisturbed = async () => {
    await using wechat = createWechatSource({ clock: systemClock, baseUrl: simulator.url, ratePerSecond: 10_000 });
    const known = accounts.map(({ appId }) => ({ appId, credentials: { appSecret: async () => secret } }));
    expect(await sync(contextFor(memory, defaults), { source: wechat, accounts: known })).toMatchObject({
      exitCode: 0,
    });
  };
  const disturbed = async () => {
    simulator.clearRequests();
    const child = work.start(['sync', ...wait]);
    const result = ended(child);
    const requests = Math.round(nextMoment() * 2 * accounts.length);
    while (simulator.requests.length < requests) await delay(1);
    await delay(nextMoment() * 200);
    child.kill('SIGKILL');
    await result;
    await expectSound(work);
  };

  await Promise.all([undisturbed(), work.succeed(['sync'])]);
  simulator.change({ change: 'rename', key: 4, name: '扫一扫' });
  simulator.change({ change: 'remove', key: 57 });
  simulator.change({ change: 'add', key: 58, name: '新' }, 'wx7');
  await undisturbed();
  for (let killed = 0; killed < kills; killed += 1) await disturbed();
  await work.succeed(['sync', ...wait]);
  expect(timeless(await work.succeed(['export']))).toEqual(timeless(await readExport(memory)));
  await expectSound(work);
}

describe('kill -9, PGlite', () => {
  const pglite = { type: 'pglite', path: './db' };

  test('while the database is made leaves nothing that the next run cannot use', async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await using work = await createCliWorkspace({ target: pglite });
      const child = work.start(['migrate']);
      await untilHeld(join(work.directory, 'db'), child);
      await delay(nextMoment() * 1_500);
      await kill(child);
      await work.succeed(['migrate']);
      await expectSound(work);
    }
  });

  test('in a replay, then again: as if nothing had happened', () => replayIsRepaired(pglite, grouped, 2));

  test('in a sync, then again: as if nothing had happened', () => syncIsRepaired(pglite, 1));
});

describePostgres(
  'kill -9, Postgres',
  ({ createDatabase }) => {
    test.each([
      ['grouped by account', grouped],
      ['in the order of time', ungrouped],
    ] as const)('in a replay %s, then again: as if nothing had happened', async (_, shape) => {
      await using database = await createDatabase();
      await replayIsRepaired({ type: 'postgres', url: database.url }, shape, 3);
    });

    test('in a sync, then again: as if nothing had happened', async () => {
      await using database = await createDatabase();
      await syncIsRepaired({ type: 'postgres', url: database.url }, 2);
    });
  },
  { versions: 'newest' },
);
