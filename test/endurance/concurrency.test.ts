import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { sync } from '../../src/pipeline/sync.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';
import { startGate } from '../support/gate.ts';
import { untilHeld } from '../support/pglite-lock.ts';
import { describePostgres } from '../support/postgres.ts';
import { query } from '../support/postgres-loader-fixture.ts';
import { replayLog } from '../support/replay-log.ts';
import { contextFor, readExport } from '../support/run-case.ts';
import { type CliResult, ended } from '../support/spawn-cli.ts';
import { timeless } from '../support/timeless.ts';

// A busy machine starts a process in many seconds.
vi.setConfig({ testTimeout: 300_000 });

const lines = [...replayLog({ accounts: 30, scenes: 6, answers: 2, order: 'account' })].filter(
  (line) => !line.includes('"wx00000001"'),
);
const log = `${lines.join('\n')}\n`;
const LOCK_HELD = 75;

/** A replay in the middle: it has the lock and waits for input. `finish` sends the log. */
async function startHolder(work: CliWorkspace, untilLocked: (child: ChildProcess) => Promise<unknown>) {
  const child = work.start(['replay', '-', '--json']);
  const result = ended(child);
  await untilLocked(child);
  return {
    finish: async (): Promise<CliResult> => {
      child.stdin.end(log);
      return result;
    },
  };
}

/** The sorted exit codes of commands that run side by side. */
/** Of a run that ended otherwise than it may beside others, also why. */
async function codesOf(runs: readonly Promise<CliResult>[]): Promise<readonly (number | string | null)[]> {
  const isExpected = (code: number | null) => code === 0 || code === LOCK_HELD;
  return (await Promise.all(runs)).map(({ code, stderr }) => (isExpected(code) ? code : `${code}: ${stderr}`)).sort();
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

async function outcomesOf(runs: readonly Promise<CliResult>[]): Promise<readonly unknown[]> {
  return (await Promise.all(runs)).map(({ code, stdout }) => [code, JSON.parse(stdout).outcome]);
}

/** Four that start together on an empty target: at least one gets through, the others do or end with 75. */
async function fourAtOnce(work: CliWorkspace): Promise<void> {
  const codes = await codesOf(times(4, () => work.run(['replay', 'log.ndjson'])));
  expect(codes[0]).toBe(0);
  expect([0, LOCK_HELD]).toEqual(expect.arrayContaining([...new Set(codes)]));
  await expectRight(work);
}

/** The table is that of one run: one open version a key, and nothing that `verify` finds. */
async function expectRight(work: CliWorkspace): Promise<void> {
  expect((await work.run(['verify'])).stdout).toContain('all right');
  const open = timeless(await work.succeed(['export', '--current'])).map((row) =>
    String((row as string[]).slice(0, 2)),
  );
  expect(new Set(open).size).toBe(open.length);
  const again = JSON.parse(await work.succeed(['replay', 'log.ndjson', '--json']));
  expect([again.outcome, again.observations]).toEqual(['nothing_changed', { recorded: 0, duplicate: lines.length }]);
}

describe('runs at once on one PGlite directory', () => {
  const target = { type: 'pglite', path: './db' };

  test('four on an empty one: one open version a key', async () => {
    await using work = await createCliWorkspace({ target });
    await work.write('log.ndjson', log);
    await fourAtOnce(work);
  });

  test('while one is at work: 75 for every other command, or waiting for its end', async () => {
    await using work = await createCliWorkspace({ target });
    await work.write('log.ndjson', log);
    const holder = await startHolder(work, (child) => untilHeld(join(work.directory, 'db'), child));
    const others = [['replay', 'log.ndjson'], ['status'], ['export'], ['verify'], ['migrate']];
    expect(await codesOf(others.map((args) => work.run(args)))).toEqual(others.map(() => LOCK_HELD));
    const waiting = times(2, () => work.run(['replay', 'log.ndjson', '--json', '--lock-timeout', '60s']));
    expect((await holder.finish()).code).toBe(0);
    expect(await outcomesOf(waiting)).toEqual(times(2, () => [0, 'nothing_changed']));
    await expectRight(work);
  });
});

describePostgres(
  'runs at once on one Postgres',
  ({ createDatabase }) => {
    const shardLocks = `select count(*)::integer as count from pg_locks where locktype = 'advisory' and granted
      and mode = 'ExclusiveLock' and database = (select oid from pg_database where datname = current_database())`;

    async function untilLocks(url: string, count: number): Promise<void> {
      for (;;) {
        const [row] = await query(url, shardLocks);
        if ((row as { count: number }).count === count) return;
        await delay(20);
      }
    }

    test('four on an empty one: one open version a key', async () => {
      await using database = await createDatabase();
      await using work = await createCliWorkspace({ target: { type: 'postgres', url: database.url } });
      await work.write('log.ndjson', log);
      await fourAtOnce(work);
    });

    test('while one is at work: 75 for all that write, or waiting; readers see the table', async () => {
      await using database = await createDatabase();
      await using work = await createCliWorkspace({ target: { type: 'postgres', url: database.url } });
      await work.write('log.ndjson', log);
      await work.succeed(['replay', '-'], lines.slice(0, 10).join('\n'));
      const before = await work.contents();
      const holder = await startHolder(work, () => untilLocks(database.url, 1));
      const account = ['--app-id', 'wx00000000'];
      const writers = [
        ['replay', 'log.ndjson'],
        ['accept', ...account],
        ['hold', ...account, '--observed-at', '2026-01-01T00:00:00Z'],
        ['rebuild'],
        ['migrate'],
        ['verify'],
      ];
      const losers = await Promise.all(writers.map((args) => work.run(args)));
      for (const { code, stderr } of losers) {
        expect([code, stderr]).toEqual([LOCK_HELD, expect.stringContaining('another run is at work on postgres')]);
      }
      expect(await work.contents()).toEqual(before);
      expect(await codesOf([work.run(['status']), work.run(['history', '1']), work.run(['check'])])).toEqual([0, 0, 0]);

      const waiting = times(3, () => work.run(['replay', 'log.ndjson', '--json', '--lock-timeout', '60s']));
      expect((await holder.finish()).code).toBe(0);
      expect(await outcomesOf(waiting)).toEqual(times(3, () => [0, 'nothing_changed']));
      await expectRight(work);
    });

    test('four shards on an empty one: none waits, all others are kept out, the table is right', async () => {
      await using database = await createDatabase();
      const appSecret = '0123456789abcdef0123456789abcdef';
      const accounts = times(80, (index) => ({ appId: `wx${index}`, appSecret }));
      await using simulator = await startSimulator({ accounts });
      await using gate = await startGate(simulator.url);
      const source = { baseUrl: gate.url, accounts: { file: 'accounts.csv' } };
      const target = { type: 'postgres', url: database.url };
      await using work = await createCliWorkspace({ target, source }, { SECRET: appSecret });
      const list = ['app_id,secret_env', ...accounts.map(({ appId }) => `${appId},SECRET`)];
      await work.write('accounts.csv', list.join('\n'));

      const shards = times(4, (index) => work.run(['sync', '--json', '--shard', `${index}/4`]));
      await untilLocks(database.url, 4);
      const others = [['--shard', '0/3'], ['--shard', '2/4'], ['--shard', '4/5'], []];
      expect(await codesOf(others.map((args) => work.run(['sync', ...args])))).toEqual(others.map(() => LOCK_HELD));
      expect(await codesOf([work.run(['rebuild']), work.run(['status'])])).toEqual([0, LOCK_HELD]);
      gate.open();
      const reports = (await Promise.all(shards)).map(({ code, stdout }) => {
        const { outcome, accounts: counts } = JSON.parse(stdout);
        return { code, outcome, selected: counts.selected, changed: counts.changed };
      });
      expect(reports.map(({ code, outcome }) => [code, outcome])).toEqual(times(4, () => [0, 'ok']));
      expect(reports.reduce((sum, { changed }) => sum + changed, 0)).toBe(accounts.length);

      await using memory = createMemoryLoader();
      await using wechat = createWechatSource({ clock: systemClock, baseUrl: simulator.url, ratePerSecond: 1_000 });
      const known = accounts.map(({ appId }) => ({ appId, credentials: { appSecret: async () => appSecret } }));
      await sync(contextFor(memory, { dimension: {}, guards: {} }), { source: wechat, accounts: known });
      expect(timeless(await work.succeed(['export']))).toEqual(timeless(await readExport(memory)));
      expect((await work.run(['verify'])).stdout).toContain('all right');
    });

    test('four shards that find an outdated schema all get through', async () => {
      await using database = await createDatabase();
      const target = { type: 'postgres', url: database.url };
      const appSecret = '0123456789abcdef0123456789abcdef';
      const accounts = times(4, (index) => ({ appId: `wx${index}`, appSecret }));
      await using simulator = await startSimulator({ accounts });
      const source = {
        baseUrl: simulator.url,
        accounts: accounts.map(({ appId }) => ({ appId, appSecret: { env: 'SECRET' } })),
      };
      await using work = await createCliWorkspace({ target, source }, { SECRET: appSecret });
      await work.succeed(['migrate']);
      await query(database.url, 'update scene.scene_meta set schema_version = 1');
      const shards = times(4, (index) => work.run(['sync', '--shard', `${index}/4`]));
      expect(await codesOf(shards)).toEqual([0, 0, 0, 0]);
      expect((await work.run(['verify'])).stdout).toContain('all right');
    });

    test('twenty that migrate an empty database all succeed', async () => {
      await using database = await createDatabase();
      await using work = await createCliWorkspace({ target: { type: 'postgres', url: database.url } });
      expect(await codesOf(times(20, () => work.run(['migrate'])))).toEqual(times(20, () => 0));
      expect(await query(database.url, 'select schema_version from scene.scene_meta')).toHaveLength(1);
    });
  },
  { versions: 'newest' },
);
