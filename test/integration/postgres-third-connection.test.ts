/** A run reads beside what it writes on a third connection, and does without where it gets none. */
import { describe, expect, test, vi } from 'vitest';
import type { Loader } from '../../src/load/loader.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { migrateOptionsFor } from '../../src/pipeline/run/prepare-target.ts';
import { createRunContext } from '../../src/pipeline/run/run-context.ts';
import { describePostgres } from '../support/postgres.ts';
import { asUser, connect, oneAccount, open, query, signal, untilBlocked } from '../support/postgres-loader-fixture.ts';
import { replayLog } from '../support/replay-log.ts';
import { inputOf, readExport } from '../support/run-case.ts';

/** Four batches. */
const log = [...replayLog({ accounts: 3_500, scenes: 2, answers: 1, order: 'time' })];

describePostgres('the third connection of a run', ({ createDatabase, adminUrl, server }) => {
  async function stage() {
    const database = await createDatabase();
    const role = `third_${process.pid}_${server.major}_${Math.random().toString(36).slice(2)}`;
    await query(adminUrl(), `CREATE ROLE ${role} LOGIN`);
    await query(database.url, `CREATE SCHEMA scene AUTHORIZATION ${role}`);
    const url = asUser(database.url, role);
    await using migrating = await open(url);
    await migrating.migrate(migrateOptionsFor(createRunContext({ loader: migrating })), signal);
    const loader = await open(url);
    return {
      loader,
      ownUrl: url,
      /** The superuser's. */
      url: database.url,
      allow: (connections: number) => query(adminUrl(), `ALTER ROLE ${role} CONNECTION LIMIT ${connections}`),
      connections: () => query(database.url, `SELECT pid FROM pg_stat_activity WHERE usename = '${role}'`),
      /** Ends all connections but that of the lock. */
      breakWork: () =>
        query(
          database.url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity AS a WHERE usename = '${role}'
           AND NOT EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory')`,
        ),
      async [Symbol.asyncDispose]() {
        await loader[Symbol.asyncDispose]();
        await query(database.url, `DROP OWNED BY ${role}`);
        await query(adminUrl(), `DROP ROLE ${role}`);
        await database[Symbol.asyncDispose]();
      },
    };
  }

  const untilItReadsBeside = (loader: Loader) =>
    vi.waitFor(() => expect(loader.readsBesideApply?.()).toBe(true), { timeout: 10_000 });

  const headsOf = (loader: Loader) => Array.fromAsync(loader.readHeads({}, signal), ({ appId }) => appId);

  test('reads while a batch waits for a table', async () => {
    await using target = await stage();
    const { loader, url, connections } = target;
    await using _lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(await connections()).toHaveLength(2);
    expect(loader.readsBesideApply?.()).toBe(false);
    await untilItReadsBeside(loader);
    expect(await connections()).toHaveLength(3);
    await using blocker = await connect(url);
    await blocker.query('BEGIN; LOCK TABLE scene.dim_scene IN SHARE MODE');
    const applied = loader.apply(oneAccount('wx1'), signal);
    await untilBlocked(blocker);
    expect(await headsOf(loader)).toEqual([]);
    await blocker.query('ROLLBACK');
    await applied;
    expect(await headsOf(loader)).toEqual(['wx1']);
  });

  test('is not taken by a shard, nor by who holds no lock', async () => {
    await using target = await stage();
    const { loader, connections } = target;
    await loader.readMeta(signal);
    expect(loader.readsBesideApply?.()).toBe(false);
    await using _lock = await loader.acquireLock({ kind: 'shard', index: 0, count: 2 }, signal);
    expect(loader.readsBesideApply?.()).toBe(false);
    await loader.apply(oneAccount('wx1'), signal);
    expect(loader.readsBesideApply?.()).toBe(false);
    expect(await connections()).toHaveLength(2);
  });

  test.each([
    [4, 2],
    [5, 3],
  ])('leaves two of %d connections to another run: it has %d', async (limit, taken) => {
    await using target = await stage();
    const { loader, ownUrl, allow, connections } = target;
    await allow(limit);
    await using _lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    if (taken === 3) await untilItReadsBeside(loader);
    else expect(loader.readsBesideApply?.()).toBe(false);
    await using another = await open(ownUrl, { schema: 'other' });
    await using otherLock = await another.acquireLock({ kind: 'exclusive' }, signal);
    expect(otherLock).not.toBeNull();
    expect(await connections()).toHaveLength(taken + 2);
  });

  describe('a run', () => {
    const run = (loader: Loader, onRetry: string[] = []) => {
      const warn = (_fields: object, message: string) => void onRetry.push(message);
      const logger = { debug() {}, info() {}, warn, error: warn };
      return replay(createRunContext({ loader, logger }), { input: inputOf(log), name: 'log.ndjson' });
    };

    test.each([2, 5])('loads several batches with %d connections, without a warning', async (limit) => {
      await using target = await stage();
      await target.allow(limit);
      const warnings: string[] = [];
      expect((await run(target.loader, warnings)).exitCode).toBe(0);
      expect(warnings).toEqual([]);
      expect((await readExport(target.loader)).match(/\n/g)).toHaveLength(7_000);
    });

    test('goes on when its connections end, and with one less', async () => {
      await using target = await stage();
      const { loader, allow, breakWork } = target;
      await using _lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
      loader.readsBesideApply?.();
      await untilItReadsBeside(loader);
      await breakWork();
      await vi.waitFor(async () => expect(await headsOf(loader)).toEqual([]));
      await loader.apply(oneAccount('wx1'), signal);
      await untilItReadsBeside(loader);
      await allow(2);
      await breakWork();
      await vi.waitFor(() => loader.apply(oneAccount('wx2', 2), signal));
      expect(await headsOf(loader)).toEqual(['wx1', 'wx2']);
      expect(loader.readsBesideApply?.()).toBe(false);
    });
  });
});
