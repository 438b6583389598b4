import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { describePostgres } from '../support/postgres.ts';
import { asUser, connect, open, query, signal, untilBlocked } from '../support/postgres-loader-fixture.ts';
import { replayLog } from '../support/replay-log.ts';
import { ended, type startCli } from '../support/spawn-cli.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

/** Enough for several pages of versions. */
const log = [...replayLog({ accounts: 900, scenes: 8, answers: 2, order: 'time' })].join('\n');
const account = ['--app-id', 'wx00000001'];

const commands = [
  ['replay', 'log.ndjson'],
  ['plan', '--input', 'log.ndjson'],
  ['accept', ...account],
  ['rebuild'],
  ['verify'],
  ['check'],
  ['status'],
  ['history', '1'],
  ['export'],
  ['export-log'],
  ['migrate'],
] as const;

describePostgres(
  'connections to Postgres',
  ({ createDatabase, adminUrl, server }) => {
    test('every command works with two connections', async () => {
      await using database = await createDatabase();
      const role = `two_${process.pid}_${server.major}`;
      await query(adminUrl(), `create role ${role} login connection limit 2`);
      await query(database.url, `create schema scene authorization ${role}`);
      const url = asUser(database.url, role);
      await using direct = await createCliWorkspace({ target: { type: 'postgres', url } });
      await using proxy = await startTcpProxy({ port: Number(new URL(url).port), limit: 2 });
      const pooled = new URL(url);
      pooled.port = String(proxy.port);
      await using behind = await createCliWorkspace({
        target: { type: 'postgres', url: pooled.href },
        dimension: { firstSeen: 'observed' },
      });
      for (const workspace of [direct, behind]) await workspace.write('log.ndjson', log);
      for (const command of commands) {
        const { code, stdout, stderr } = await direct.run(command);
        expect([command, [0, 65].includes(code ?? -1) ? '' : stdout + stderr]).toEqual([command, '']);
      }
      // Every version changes, so that a rebuild writes while it has much to read.
      expect(await behind.succeed(['rebuild'])).toMatch(/rewritten/);
      expect(await behind.succeed(['verify'])).toContain('all right');
      expect(await behind.succeed(['plan', '--input', 'log.ndjson'])).toContain('0 would be opened');
      await query(database.url, `drop owned by ${role}`);
      await query(adminUrl(), `drop role ${role}`);
    });

    test('a sync that would ask for a token of the platform ends that of no other run', async () => {
      await using database = await createDatabase();
      const componentAppId = 'wxcomponent';
      await using simulator = await startSimulator({ accounts: [{ appId: 'wx1' }], platform: { componentAppId } });
      const secrets = { componentAppSecret: { env: 'COMPONENT_SECRET' }, verifyTicket: { env: 'TICKET' } };
      await using workspace = await createCliWorkspace(
        {
          source: {
            baseUrl: simulator.url,
            platform: { componentAppId, mint: secrets, tokenStore: { target: true } },
            accounts: { platform: 'all' },
          },
          target: { type: 'postgres', url: database.url },
        },
        { COMPONENT_SECRET: simulator.componentAppSecret, TICKET: simulator.verifyTicket },
      );
      await workspace.succeed(['sync']);
      simulator.clearRequests();
      await using loader = await open(database.url);
      {
        await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
        expect(lock).not.toBeNull();
        const { code, stderr } = await workspace.run(['sync', '--lock-timeout', '0s']);
        expect([code, stderr]).toEqual([75, expect.stringContaining('another run is at work')]);
        expect(simulator.requests).toEqual([]);
      }
      await workspace.succeed(['sync']);
    });

    test('a pooler with one connection is named, and what needs no lock works', async () => {
      await using database = await createDatabase();
      await using setUp = await open(database.url);
      await setUp.migrate(sampleSettings, signal);
      await using proxy = await startTcpProxy({ port: Number(new URL(database.url).port), limit: 1 });
      const pooled = new URL(database.url);
      pooled.port = String(proxy.port);
      await using loader = await open(`${pooled.href}?connect_timeout=2`);
      expect(await loader.readMeta(signal)).not.toBeNull();
      await expect(loader.acquireLock({ kind: 'exclusive' }, signal)).rejects.toMatchObject({
        code: 'target_unreachable',
        remedy: expect.stringContaining('two connections'),
      });
    });

    test('a database that stalls in the middle of a batch ends the run with 75, and a stop within --grace', async () => {
      const stalled = async (work: (child: ReturnType<typeof startCli>) => Promise<void>, ...flags: string[]) => {
        await using database = await createDatabase();
        const url = new URL(database.url);
        await using proxy = await startTcpProxy({ port: Number(url.port) });
        url.port = String(proxy.port);
        await using workspace = await createCliWorkspace({ target: { type: 'postgres', url: url.href } });
        await workspace.write('log.ndjson', log);
        await workspace.succeed(['migrate']);
        await using blocker = await connect(database.url);
        await blocker.query('begin; lock table scene.dim_scene in share mode');
        const child = workspace.start(['replay', 'log.ndjson', ...flags]);
        const result = ended(child);
        await untilBlocked(blocker);
        proxy.stall();
        await work(child);
        const { code, stderr } = await result;
        return { code, stderr };
      };
      const [lost, stopped] = await Promise.all([
        stalled(async () => {}),
        stalled(async (child) => void child.kill('SIGTERM'), '--grace', '1s'),
      ]);
      expect(lost).toEqual({ code: 75, stderr: expect.stringContaining('lock of the target was lost') });
      expect(stopped).toEqual({ code: 143, stderr: expect.stringContaining('did not end within --grace') });
    });

    test.each([
      [
        '--timeout',
        75,
        'see what the target is waiting for, and run again with --max-age',
        ['--timeout', '1s', '--grace', '2s'],
      ],
      ['--grace', 143, 'run it again', ['--grace', '2s']],
    ] as const)(
      'a run that waits for a table without end is ended by %s, and tells it',
      async (_, code, remedy, flags) => {
        await using database = await createDatabase();
        await using simulator = await startSimulator({ accounts: [{ appId: 'wx1' }] });
        const accounts = [{ appId: 'wx1', accessToken: { env: 'TOKEN' } }];
        const source = { baseUrl: simulator.url, accounts };
        const env = { TOKEN: simulator.accessToken('wx1') };
        await using workspace = await createCliWorkspace(
          { source, target: { type: 'postgres', url: database.url } },
          env,
        );
        const sync = ['sync', '--metrics-file', 'm.prom', '--summary-file', 's.json'];
        await workspace.succeed(sync);
        await using blocker = await connect(database.url);
        await blocker.query('begin; lock table scene.scene_observation in share mode');
        const child = workspace.start([...sync, ...flags, '--log-format', 'json']);
        const result = ended(child);
        await untilBlocked(blocker);
        if (code === 143) child.kill('SIGTERM');
        const { code: status, stderr } = await result;
        const last = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
        const outcome = { outcome: 'failed', exit_code: code, error: { remedy } };
        expect([status, last]).toMatchObject([code, { msg: 'sync ended', ...outcome }]);
        const read = (name: string) => readFile(join(workspace.directory, name), 'utf8');
        expect(JSON.parse(await read('s.json'))).toMatchObject({ error: { remedy } });
        expect(await read('m.prom')).toMatch(new RegExp(`_exit_code\\{.*\\} ${code}\n[^]*_success\\{.*\\} 0\n`));
        await blocker.query('rollback');
        await workspace.succeed([...sync, '--max-age', '1h', '--lock-timeout', '1m']);
        expect(await read('m.prom')).toMatch(/_success\{.*\} 1\n/);
      },
    );

    test('a connection on which the server said goodbye is used no more, although its socket is open', async () => {
      await using database = await createDatabase();
      const url = new URL(database.url);
      await using proxy = await startTcpProxy({ port: Number(url.port), keepsClients: true });
      url.port = String(proxy.port);
      await using loader = await open(url.href);
      await loader.migrate(sampleSettings, signal);
      await using admin = await connect(database.url);
      const others = 'from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
      await admin.query(`select pg_terminate_backend(pid) ${others}`);
      while ((await admin.query(`select ${others}`)).rows.length > 0);
      // The goodbye may come as the answer to one statement, never to two.
      const meta = await loader.readMeta(signal).catch(() => loader.readMeta(signal));
      expect(meta).not.toBeNull();
    });

    test('time-outs of the role cut no reader and no lock', async () => {
      await using database = await createDatabase();
      const role = `hasty_${process.pid}_${server.major}`;
      await query(adminUrl(), `create role ${role} login`);
      const target = { type: 'postgres', url: asUser(database.url, role) };
      await query(database.url, `create schema scene authorization ${role}`);
      await using work = await createCliWorkspace({ target });
      await work.write('log.ndjson', log);
      await work.run(['replay', 'log.ndjson']);
      const names = ['statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout'];
      if (server.major >= 17) names.push('transaction_timeout');
      for (const name of names) await query(adminUrl(), `alter role ${role} set ${name} = '150ms'`);
      {
        await using loader = await open(target.url);
        await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
        let versions = 0;
        for await (const _ of loader.readVersions({}, signal)) {
          versions += 1;
          if (versions % 2_500 === 0) await delay(400);
        }
        expect(versions).toBeGreaterThan(5_000);
        await delay(400);
        expect(await loader.readMeta(signal)).not.toBeNull();
        expect(lock?.lost.aborted).toBe(false);
      }
      await query(database.url, `drop owned by ${role}`);
      await query(adminUrl(), `drop role ${role}`);
    });

    test('a server that comes up a little later is waited for, an unknown host is not', async () => {
      await using database = await createDatabase();
      const url = new URL(database.url);
      const port = Number(url.port);
      // A port that was free a moment ago.
      const later = await startTcpProxy({ port });
      url.port = String(later.port);
      await later[Symbol.asyncDispose]();
      const waits: number[] = [];
      await using loader = await createPostgresLoader(parsePostgresConfig({ type: 'postgres', url: url.href }), {
        onRetry: ({ attempt }) => waits.push(attempt),
      });
      const found = loader.readMeta(signal);
      await delay(1_000);
      await using _proxy = await startTcpProxy({ port, listenOn: later.port });
      expect(await found).toBeNull();
      expect(waits[0]).toBe(1);

      await using nowhere = await open('postgres://u@nowhere.invalid/db');
      const started = performance.now();
      await expect(nowhere.readMeta(signal)).rejects.toMatchObject({ code: 'target_unreachable' });
      expect(performance.now() - started).toBeLessThan(6_000);
    });

    test('several hosts are tried in order, and TLS is left out where prefer allows', async () => {
      await using database = await createDatabase();
      const { host, pathname, username } = new URL(database.url);
      await using several = await open(`postgres://${username}@127.0.0.1:1,${host}${pathname}?sslmode=prefer`);
      expect(await several.readMeta(signal)).toBeNull();
      await using standby = await open(`${database.url}?target_session_attrs=standby`);
      await expect(standby.readMeta(signal)).rejects.toMatchObject({ code: 'target_invalid', exitCode: 78 });
    });

    test('a role with array_nulls off writes, a read-only one is told how to write, a reader what to grant', async () => {
      await using database = await createDatabase();
      const role = `odd_${process.pid}_${server.major}`;
      await query(adminUrl(), `create role ${role} login`);
      await query(database.url, `create schema scene authorization ${role}`);
      await query(database.url, `alter role ${role} set array_nulls = off`);
      await query(database.url, `alter role ${role} set standard_conforming_strings = off`);
      const target = { type: 'postgres', url: asUser(database.url, role) };
      await using work = await createCliWorkspace({ target });
      await work.write('log.ndjson', log);
      expect((await work.run(['replay', 'log.ndjson'])).code).toBe(65);
      expect(await work.succeed(['verify'])).toContain('all right');

      await query(database.url, `alter role ${role} set default_transaction_read_only = on`);
      const remedy = `ALTER ROLE "${role}" RESET default_transaction_read_only`;
      for (const command of [['check'], ['accept', ...account, '--observed-at', '2026-01-01T00:00:00Z']]) {
        const { code, stdout, stderr } = await work.run(command);
        if (command[0] === 'check')
          expect([code, stdout.replaceAll(/\s+/g, ' ')]).toEqual([78, expect.stringContaining(remedy)]);
        else expect([0, 78]).toContain(code);
        expect(stdout + stderr).not.toContain('a defect');
      }

      const reader = `reader_${process.pid}_${server.major}`;
      await query(adminUrl(), `create role ${reader} login`);
      await query(database.url, `grant usage on schema scene to ${reader}`);
      await using reading = await createCliWorkspace({
        target: { type: 'postgres', url: asUser(database.url, reader) },
      });
      const { code, stderr } = await reading.run(['export']);
      const grant = /remedy"?: ?"?(GRANT .*? TO \\?"reader_\w+\\?"; GRANT .*? TO \\?"reader_\w+\\?")/.exec(stderr)?.[1];
      expect([code, grant?.includes('INSERT')]).toEqual([77, false]);
      await query(database.url, (grant ?? '').replaceAll('\\', ''));
      expect(await reading.succeed(['export'])).toContain('"scene_key"');
      for (const name of [reader, role]) {
        await query(database.url, `drop owned by ${name}`);
        await query(adminUrl(), `drop role ${name}`);
      }
    });
  },
  { versions: 'newest' },
);
