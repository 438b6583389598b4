import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isScenedimError } from '../../src/errors.ts';
import type { Lock, LockScope } from '../../src/load/loader.ts';
import { describePostgres } from '../support/postgres.ts';
import { aborted, connect, open, query, signal } from '../support/postgres-loader-fixture.ts';

const shard = (index: number, count: number): LockScope => ({ kind: 'shard', index, count });

/** Of this database: tests of other files hold locks on the same server meanwhile. */
const isOurs = `locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;

describePostgres('the run lock', ({ createDatabase }) => {
  test('four shards hold it at once; another count, the same shard and an exclusive run do not get it', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await using locks = new AsyncDisposableStack();
    for (let index = 0; index < 4; index += 1) locks.use(await loader.acquireLock(shard(index, 4), signal));
    const others = [shard(2, 4), shard(0, 3), shard(4, 5), { kind: 'exclusive' }] as const;
    expect(await Promise.all(others.map((scope) => loader.acquireLock(scope, signal)))).toEqual([
      null,
      null,
      null,
      null,
    ]);
    await locks.disposeAsync();
    await using exclusive = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(exclusive).not.toBeNull();
    expect(await loader.acquireLock(shard(0, 4), signal)).toBeNull();
  });

  test('two counts that start at once never both hold it', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    for (let round = 0; round < 20; round += 1) {
      const locks = await Promise.all([
        loader.acquireLock(shard(0, 3), signal),
        loader.acquireLock(shard(1, 4), signal),
      ]);
      const held = locks.filter((lock): lock is Lock => lock !== null);
      for (const lock of held) await lock[Symbol.asyncDispose]();
      expect(held.length).toBeLessThanOrEqual(1);
    }
  });

  test('two schemas of one database do not know of each other', async () => {
    await using database = await createDatabase();
    await using one = await open(database.url);
    await using two = await open(database.url, { schema: 'other "schema"' });
    await using first = await one.acquireLock({ kind: 'exclusive' }, signal);
    await using second = await two.acquireLock({ kind: 'exclusive' }, signal);
    expect([first, second]).not.toContain(null);
  });

  test('is reported lost when its connection is killed, and is free then', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    if (lock === null) throw new Error('the lock is free');
    await query(database.url, `select pg_terminate_backend(pid) from pg_locks where ${isOurs}`);
    const reason = await aborted(lock.lost);
    expect(isScenedimError(reason, 'lock_lost')).toBe(true);
    await using again = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(again).not.toBeNull();
  });

  test('of a machine that vanished ends within two minutes: the server asks after it', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(lock).not.toBeNull();
    const statement = `select client_port from pg_stat_activity join pg_locks using (pid) where ${isOurs}`;
    const [holder] = (await query(database.url, statement)) as readonly { readonly client_port: number }[];
    const ports = [Number(new URL(database.url).port), holder?.client_port ?? 0];
    let seconds: number | undefined;
    // None is set while an answer is on its way.
    while (seconds === undefined) seconds = secondsToKeepalive(readFileSync('/proc/net/tcp', 'utf8'), ports);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  test('is not lost by its release', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    const lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    await lock?.[Symbol.asyncDispose]();
    expect(lock?.lost.aborted).toBe(false);
    expect(await query(database.url, `select count(*)::integer as locks from pg_locks where ${isOurs}`)).toEqual([
      { locks: 0 },
    ]);
  });

  test('outlives an idle time-out of the database and does not hold vacuum back', async () => {
    await using database = await createDatabase();
    await query(database.url, `alter database ${database.name} set idle_in_transaction_session_timeout = '1ms'`);
    await using loader = await open(database.url);
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    await using client = await connect(database.url);
    const { rows } = await client.query(
      `select state, backend_xmin, backend_xid from pg_stat_activity join pg_locks using (pid) where ${isOurs}`,
    );
    expect({ lost: lock?.lost.aborted, rows }).toEqual({
      lost: false,
      rows: [{ state: 'idle in transaction', backend_xmin: null, backend_xid: null }],
    });
  });

  test.each([shard(4, 4), shard(-1, 4), shard(0, 0), shard(0, 32_768), shard(0.5, 2)])('refuses %o', async (scope) => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await expect(loader.acquireLock(scope, signal)).rejects.toMatchObject({ code: 'usage' });
  });
});

/** Of the socket between two ports, own first, in the table of Linux: addresses in hex, timer 2 counts hundredths of a second. */
function secondsToKeepalive(table: string, ports: readonly number[]): number | undefined {
  const [own, other] = ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0'));
  const line = new RegExp(`^.*:${own} \\w+:${other} .*? 02:(\\w+) `, 'm').exec(table);
  return line?.[1] === undefined ? undefined : Number.parseInt(line[1], 16) / 100;
}
