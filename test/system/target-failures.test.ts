import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { describePostgres, type PostgresServer, startPostgres } from '../support/postgres.ts';
import { asUser, connect, open, query, untilBlocked } from '../support/postgres-loader-fixture.ts';
import { replayLog } from '../support/replay-log.ts';
import { contextOf, startReplay } from '../support/replay-session.ts';
import { inputOf, readExport } from '../support/run-case.ts';

/** A batch has 1,000 accounts, so that the second one is full when the rest comes. */
const lines = [...replayLog({ accounts: 2_200, scenes: 5, answers: 1, order: 'account' })];
const FIRST_BATCH = 1_000;
const first = lines.slice(0, 1_500);
const rest = lines.slice(1_500);

const countAccounts = 'select count(*)::integer as count from scene.scene_account';

/** Starts a replay and resolves when its first batch is in the table and it waits for more. */
async function startInTheMiddle(loader: Loader, url: string) {
  const session = startReplay(loader);
  await session.feed(first);
  for (;;) {
    const [row] = await query(url, `select to_regclass('scene.scene_account') is not null as there`);
    if ((row as { there: boolean }).there) {
      const [accounts] = await query(url, countAccounts);
      if ((accounts as { count: number }).count === FIRST_BATCH) return session;
    }
    await delay(10);
  }
}

async function finish(session: ReturnType<typeof startReplay>) {
  await session.feed(rest);
  session.end();
  return session.result;
}

/** The first batch is there and nothing of the second; running again gives what an undisturbed run gives. */
async function expectRepairedByRunningAgain(url: string, batches = 1): Promise<void> {
  await using loader = await open(url);
  if (batches > 0) {
    expect(await query(url, countAccounts)).toEqual([{ count: batches * FIRST_BATCH }]);
    expect((await verify(contextOf(loader))).violations).toEqual([]);
  }
  await expectComplete(loader, await replay(contextOf(loader), { input: inputOf(lines), name: 'log' }));
}

async function expectComplete(loader: Loader, result: { readonly exitCode: number }): Promise<void> {
  undisturbed ??= await exportOfUndisturbedRun();
  expect(result.exitCode).toBe(0);
  expect(await readExport(loader)).toBe(undisturbed);
  expect((await verify(contextOf(loader))).violations).toEqual([]);
}

let undisturbed: string | undefined;

async function exportOfUndisturbedRun(): Promise<string> {
  await using memory = createMemoryLoader();
  await replay(contextOf(memory), { input: inputOf(lines), name: 'log' });
  return await readExport(memory);
}

let roles = 0;

async function createRole(adminUrl: string): Promise<{ readonly name: string } & AsyncDisposable> {
  roles += 1;
  const name = `role_${process.pid}_${roles}`;
  await query(adminUrl, `create role ${name} login`);
  return { name, [Symbol.asyncDispose]: async () => void (await query(adminUrl, `drop role ${name}`)) };
}

function whenServerGoes(server: PostgresServer): void {
  describe('a server of its own', () => {
    test('that goes away in the middle ends the run with 69; when it is back, running again completes it', async () => {
      await using cluster = await startPostgres(server);
      await using database = await cluster.createDatabase();
      await using loader = await open(database.url);
      const session = await startInTheMiddle(loader, database.url);
      await cluster.stop();
      await expect(finish(session)).rejects.toMatchObject({
        code: 'target_unreachable',
        exitCode: 69,
        remedy: expect.stringContaining('the server is up'),
      });
      await cluster.start();
      await expectRepairedByRunningAgain(database.url);
    });

    test('that has no connection left says so, with 69', async () => {
      await using cluster = await startPostgres(server, {
        settings: { max_connections: '4', superuser_reserved_connections: '0', max_wal_senders: '0' },
      });
      await using loader = await open(cluster.url());
      const clients = [];
      for (let i = 0; i < 4; i += 1) clients.push(await connect(cluster.url()));
      await expect(replay(contextOf(loader), { input: inputOf(lines.slice(0, 1)), name: 'log' })).rejects.toMatchObject(
        {
          code: 'target_unreachable',
          exitCode: 69,
          message: expect.stringContaining('too many clients'),
          remedy: expect.stringContaining('max_connections'),
        },
      );
      for (const client of clients) await client[Symbol.asyncDispose]();
    });
  });
}

describePostgres(
  'a replay in whose middle',
  ({ createDatabase, adminUrl, server }) => {
    whenServerGoes(server);

    test('idle working connections are ended goes on', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      const session = await startInTheMiddle(loader, database.url);
      await query(
        database.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and state = 'idle' and pid <> pg_backend_pid()`,
      );
      await expectComplete(loader, await finish(session));
    });

    test('the connection that writes is ended writes the batch again', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      const session = await startInTheMiddle(loader, database.url);
      await using blocker = await connect(database.url);
      await blocker.query('begin; lock table scene.dim_scene in access exclusive mode');
      const result = finish(session);
      const ended = await untilBlocked(blocker);
      await blocker.query('select pg_terminate_backend($1)', [ended]);
      while ((await untilBlocked(blocker)) === ended) await delay(10);
      await blocker.query('rollback');
      await expectComplete(loader, await result);
    });

    test('the connection of the lock is ended stops with 75', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      const session = await startInTheMiddle(loader, database.url);
      await query(
        database.url,
        `select pg_terminate_backend(pid) from pg_locks
         where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
      );
      await expect(finish(session)).rejects.toMatchObject({ code: 'lock_lost', exitCode: 75 });
      await expectRepairedByRunningAgain(database.url);
    });

    test('a right is revoked stops with 77 and names the grant', async () => {
      await using role = await createRole(adminUrl());
      await using database = await createDatabase();
      await query(database.url, `grant create on database ${database.name} to ${role.name}`);
      await using loader = await open(asUser(database.url, role.name));
      const session = await startInTheMiddle(loader, database.url);
      await query(database.url, `revoke insert on scene.dim_scene from ${role.name}`);
      await expect(finish(session)).rejects.toMatchObject({
        code: 'target_denied',
        exitCode: 77,
        message: 'permission denied for table dim_scene',
        remedy: `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "scene" TO "${role.name}"`,
      });
      await query(database.url, `grant insert on scene.dim_scene to ${role.name}`);
      await expectRepairedByRunningAgain(asUser(database.url, role.name));
    });

    test('statements take longer than the statement_timeout of the role stops with 75', async () => {
      await using role = await createRole(adminUrl());
      await using database = await createDatabase();
      await query(database.url, `grant create on database ${database.name} to ${role.name}`);
      await query(database.url, `alter role ${role.name} set statement_timeout = '500ms'`);
      await using loader = await open(asUser(database.url, role.name));
      const session = await startInTheMiddle(loader, database.url);
      await using blocker = await connect(database.url);
      await blocker.query('begin; lock table scene.dim_scene in access exclusive mode');
      await expect(finish(session)).rejects.toMatchObject({
        code: 'target_busy',
        exitCode: 75,
        remedy: expect.stringContaining('statement_timeout'),
      });
      await blocker.query('rollback');
      await expectRepairedByRunningAgain(database.url);
    });

    test('the disk of the server is full stops with 75 and leaves no half batch', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      const session = await startInTheMiddle(loader, database.url);
      await query(
        database.url,
        `create function full_disk() returns trigger language plpgsql as $$
         begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
         create trigger full_disk before insert on scene.dim_scene for each row execute function full_disk()`,
      );
      await expect(finish(session)).rejects.toMatchObject({
        code: 'target_busy',
        exitCode: 75,
        message: 'could not extend file: No space left on device',
      });
      await query(database.url, 'drop function full_disk cascade');
      await expectRepairedByRunningAgain(database.url);
    });

    test('the schema is dropped stops with 78; running again makes it anew', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      const session = await startInTheMiddle(loader, database.url);
      await query(database.url, 'drop schema scene cascade');
      await expect(finish(session)).rejects.toMatchObject({
        code: 'schema_outdated',
        exitCode: 78,
        remedy: expect.stringContaining('migrate'),
      });
      await expectRepairedByRunningAgain(database.url, 0);
    });

    test('the database becomes read only stops with 78 and names the primary', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      const session = await startInTheMiddle(loader, database.url);
      await query(database.url, `alter database ${database.name} set default_transaction_read_only = on`);
      await query(
        database.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and state = 'idle' and pid <> pg_backend_pid()`,
      );
      const readOnly = { code: 'target_invalid', exitCode: 78, remedy: expect.stringContaining('primary') };
      await expect(finish(session)).rejects.toMatchObject(readOnly);
      await query(adminUrl(), `alter database ${database.name} reset default_transaction_read_only`);
      await expectRepairedByRunningAgain(database.url);
    });

    test('its role has one connection, and the lock takes it, stops with 69', async () => {
      await using role = await createRole(adminUrl());
      await using database = await createDatabase();
      await query(database.url, `grant create on database ${database.name} to ${role.name}`);
      await query(database.url, `alter role ${role.name} connection limit 1`);
      {
        await using loader = await open(asUser(database.url, role.name));
        await expect(replay(contextOf(loader), { input: inputOf(lines), name: 'log' })).rejects.toMatchObject({
          code: 'target_unreachable',
          exitCode: 69,
          message: expect.stringContaining('too many connections for role'),
        });
      }
      await query(database.url, `alter role ${role.name} connection limit -1`);
      await expectRepairedByRunningAgain(asUser(database.url, role.name), 0);
    });
  },
  { versions: 'newest' },
);
