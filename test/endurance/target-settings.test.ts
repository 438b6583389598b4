import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createCliWorkspace, kill } from '../support/cli-workspace.ts';
import { describePostgres } from '../support/postgres.ts';
import { asUser, connect, query, untilBlocked } from '../support/postgres-loader-fixture.ts';
import { replayLog } from '../support/replay-log.ts';

// A busy machine starts a process in many seconds.
vi.setConfig({ testTimeout: 300_000 });

const log = [...replayLog({ accounts: 12, scenes: 6, answers: 3, order: 'account' })]
  .filter((line) => !line.includes('"wx00000001"') && !line.includes('"wx00000002"'))
  .join('\n');
const account = ['--app-id', 'wx00000000'];

/** Every command that works on a target, with what it needs. */
const commands = [
  ['replay', 'log.ndjson'],
  ['plan', '--input', 'log.ndjson'],
  ['accept', ...account],
  ['hold', ...account, '--observed-at', '2026-01-01T00:00:00Z'],
  ['rebuild'],
  ['verify'],
  ['status'],
  ['history', '1'],
  ['export'],
  ['export-log'],
  ['migrate'],
] as const;

describePostgres(
  'settings of a Postgres target',
  ({ createDatabase, adminUrl }) => {
    test('an ordinary role that owns one schema runs every command', async () => {
      await using database = await createDatabase();
      const role = `owner_${process.pid}`;
      await query(adminUrl(), `create role ${role} login`);
      await query(database.url, `create schema scene authorization ${role}`);
      await query(database.url, 'revoke all on schema public from public');
      const target = { type: 'postgres', url: asUser(database.url, role) };
      await using work = await createCliWorkspace({ target });
      await work.write('log.ndjson', log);
      await work.succeed(['migrate']);
      for (const command of commands) await work.succeed(command);
      await work.succeed(['accept', ...account, '--observed-at', '2026-01-01T00:00:00Z']);
      expect((await work.run(['verify'])).stdout).toContain('all right');
      expect(JSON.parse(await work.succeed(['check', '--json'])).findings).toContainEqual({
        level: 'ok',
        subject: 'rights',
        message: 'all tables can be read and written',
        remedy: null,
      });
      await query(database.url, `drop owned by ${role}`);
      await query(adminUrl(), `drop role ${role}`);
    });

    test("a user's view and grants survive replay, rebuild and migrate", async () => {
      await using database = await createDatabase();
      await using work = await createCliWorkspace({ target: { type: 'postgres', url: database.url } });
      await work.write('log.ndjson', log);
      await work.succeed(['migrate']);
      const role = `analyst_${process.pid}`;
      await query(adminUrl(), `create role ${role} login`);
      await query(
        database.url,
        `create view public.names as select app_id, scene_key, scene_name from scene.scene_current;
         grant usage on schema scene to ${role};
         grant select on scene.scene_current, scene.dim_scene, public.names to ${role}`,
      );
      await work.succeed(['replay', 'log.ndjson']);
      await work.succeed(['rebuild']);
      await query(database.url, 'update scene.scene_meta set schema_version = 1');
      expect(await work.succeed(['migrate'])).toContain('000002_views');
      const open = `where app_id = 'wx00000000' and scene_key = '1'`;
      const analyst = asUser(database.url, role);
      const row = { app_id: 'wx00000000', scene_key: '1', scene_name: '场景 1' };
      expect(await query(analyst, `select * from public.names ${open}`)).toEqual([row]);
      expect(await query(analyst, `select app_id, scene_key, scene_name from scene.scene_current ${open}`)).toEqual([
        row,
      ]);
      await query(database.url, `drop owned by ${role}`);
      await query(adminUrl(), `drop role ${role}`);
    });

    test('a newer schema is refused by every command, with 78, and left alone', async () => {
      await using database = await createDatabase();
      await using work = await createCliWorkspace({ target: { type: 'postgres', url: database.url } });
      await work.write('log.ndjson', log);
      await work.succeed(['replay', 'log.ndjson']);
      await query(database.url, 'update scene.scene_meta set schema_version = 99');
      for (const command of [...commands, ['check']]) {
        const { code, stdout, stderr } = await work.run(command);
        expect([command, code, stdout + stderr]).toEqual([command, 78, expect.stringContaining('newer scenedim')]);
      }
      expect(await query(database.url, 'select schema_version from scene.scene_meta')).toEqual([
        { schema_version: 99 },
      ]);
    });

    test('another firstSeen is refused with 78 until a rebuild, another time zone until migrate', async () => {
      await using database = await createDatabase();
      const target = { type: 'postgres', url: database.url };
      await using work = await createCliWorkspace({ target });
      await using observed = await createCliWorkspace({ target, dimension: { firstSeen: 'observed' } });
      await using berlin = await createCliWorkspace({ target, dimension: { timeZone: 'Europe/Berlin' } });
      for (const workspace of [work, observed, berlin]) await workspace.write('log.ndjson', log);
      await work.succeed(['replay', 'log.ndjson']);
      const before = await work.contents();

      const writers = commands.slice(0, 4);
      for (const command of writers) {
        const { code, stderr } = await observed.run(command);
        expect([command, code, stderr]).toEqual([
          command,
          78,
          expect.stringMatching(/firstSeen .*\n.*scenedim rebuild/),
        ]);
        const other = await berlin.run(command);
        expect([command, other.code, other.stderr]).toEqual([
          command,
          78,
          expect.stringMatching(/timeZone .*\n.*scenedim migrate/),
        ]);
      }
      expect(await work.contents()).toEqual(before);

      await observed.succeed(['rebuild']);
      await observed.succeed(['replay', 'log.ndjson']);
      expect(await observed.succeed(['verify'])).toContain('all right');
      expect(await observed.succeed(['export'])).not.toContain('1970-01-01');
      expect((await work.run(['replay', 'log.ndjson'])).code).toBe(78);
      await work.succeed(['rebuild']);
      expect(await work.contents()).toEqual(before);

      await berlin.succeed(['migrate']);
      await berlin.succeed(['replay', 'log.ndjson']);
      expect(await query(database.url, 'select time_zone from scene.scene_meta')).toEqual([
        { time_zone: 'Europe/Berlin' },
      ]);
      expect(await berlin.contents()).toEqual(before);
    });

    test('a rebuild under another firstSeen that is killed asks for another rebuild', async () => {
      await using database = await createDatabase();
      const target = { type: 'postgres', url: database.url };
      await using work = await createCliWorkspace({ target });
      await using observed = await createCliWorkspace({ target, dimension: { firstSeen: 'observed' } });
      await using reference = await createCliWorkspace({
        target: { ...target, schema: 'reference' },
        dimension: { firstSeen: 'observed' },
      });
      for (const workspace of [work, observed, reference]) await workspace.write('log.ndjson', log);
      await work.succeed(['replay', 'log.ndjson']);
      await reference.succeed(['replay', 'log.ndjson']);

      await using blocker = await connect(database.url);
      await blocker.query('begin; lock table scene.dim_scene in share mode');
      const child = observed.start(['rebuild']);
      const writer = await untilBlocked(blocker);
      await kill(child);
      await blocker.query('rollback');
      await query(database.url, 'select pg_terminate_backend($1)', [writer]);
      while ((await query(database.url, 'select from pg_stat_activity where pid = $1', [writer])).length > 0) {
        await delay(10);
      }

      for (const workspace of [work, observed]) {
        // It looks all the same, and says what is to be done.
        const { code: looked, stdout } = await workspace.run(['verify']);
        expect([looked, stdout]).toEqual([65, expect.stringMatching(/interrupted\n.*scenedim rebuild/)]);
        for (const command of [
          ['replay', 'log.ndjson'],
          ['accept', ...account],
        ]) {
          const { code, stderr } = await workspace.run(command);
          expect([command, code, stderr]).toEqual([
            command,
            78,
            expect.stringMatching(/interrupted\n.*scenedim rebuild/),
          ]);
        }
      }
      await observed.succeed(['rebuild', '--lock-timeout', '30s']);
      expect(await observed.succeed(['verify'])).toContain('all right');
      expect(await observed.contents()).toEqual(await reference.contents());
    });
  },
  { versions: 'newest' },
);
