/** Each remedy for what a Postgres refuses: the statement that is printed is run, the trouble is over, and a batch is written. */
import { spawnSync } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sampleChangeSet, sampleSettings } from '../../../src/load/contract/sample-rows.ts';
import type { Loader } from '../../../src/load/loader.ts';
import { classifySqlError } from '../../../src/load/postgres-sql/classify-sql-error.ts';
import { describePostgres, startPostgres } from '../../support/postgres.ts';
import {
  asUser,
  connect,
  oneAccount,
  open,
  query,
  signal,
  untilBlocked,
} from '../../support/postgres-loader-fixture.ts';
import { psqlOf } from '../../support/postgres-server.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const told = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => new Error('nothing was refused'),
    (refusal: unknown) => refusal,
  );
  const { remedy, message } = error as { readonly remedy?: string; readonly message: string };
  return remedy ?? message;
};
const findings = async (loader: Loader) => (await loader.check(signal)).filter(({ level }) => level !== 'ok');

describePostgres(
  'a remedy for the state of Postgres works:',
  ({ createDatabase, adminUrl, server }) => {
    let made = 0;
    /** A schema with one account, and a role that may do nothing. */
    const scene = async (isMigrated = true) => {
      made += 1;
      const role = `remedy_${process.pid}_${made}`;
      await query(adminUrl(), `CREATE ROLE ${role} LOGIN`);
      const database = await createDatabase();
      const owner = await open(database.url);
      if (isMigrated) {
        await owner.migrate(sampleSettings, signal);
        await owner.apply(oneAccount('wx1'), signal);
      }
      return {
        ...database,
        role,
        owner,
        userUrl: asUser(database.url, role),
        [Symbol.asyncDispose]: async () => {
          await owner[Symbol.asyncDispose]();
          await database[Symbol.asyncDispose]();
        },
      };
    };
    /** Statements of a remedy with its alternatives. */
    const first = (remedy: string) => remedy.split(', or ')[0] ?? '';

    test('a user without rights is given them, one after the other', async () => {
      await using at = await scene(false);
      await using user = await open(at.userUrl);
      const create = `CREATE SCHEMA "scene" AUTHORIZATION "${at.role}"`;
      expect(await findings(user)).toMatchObject([
        { subject: 'schema version' },
        { subject: 'rights', remedy: create },
      ]);
      const both = await told(user.migrate(sampleSettings, signal));
      expect(both).toBe(`${create}, or GRANT CREATE ON DATABASE "${at.name}" TO "${at.role}"`);
      await query(at.url, 'CREATE SCHEMA scene');
      const onSchema = await told(user.migrate(sampleSettings, signal));
      expect(onSchema).toBe(`GRANT USAGE, CREATE ON SCHEMA "scene" TO "${at.role}"`);
      await query(at.url, onSchema);
      await user.migrate(sampleSettings, signal);
      await user.apply(oneAccount('wx2'), signal);
      for (const statement of both.split(', or ')) {
        await using fresh = await scene(false);
        await query(fresh.url, statement.replaceAll(at.role, fresh.role).replaceAll(at.name, fresh.name));
        await using other = await open(fresh.userUrl);
        await other.migrate(sampleSettings, signal);
        await other.apply(oneAccount('wx2'), signal);
      }
    });

    test('a user of a schema of somebody else is let in, and may read and write', async () => {
      await using at = await scene();
      await using user = await open(at.userUrl);
      const usage = await told(user.readMeta(signal));
      expect(usage).toBe(`GRANT USAGE ON SCHEMA "scene" TO "${at.role}"`);
      await query(at.url, usage);
      const all = `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "scene" TO "${at.role}"`;
      expect((await findings(user)).map(({ remedy }) => remedy)).toContainEqual(
        expect.stringContaining('GRANT SELECT'),
      );
      const reading = await told(Array.fromAsync(user.readHeads({}, signal)));
      expect(reading).toBe(
        `GRANT USAGE ON SCHEMA "scene" TO "${at.role}"; GRANT SELECT ON ALL TABLES IN SCHEMA "scene" TO "${at.role}"; REVOKE ALL ON "scene"."scene_refresh_token" FROM "${at.role}"`,
      );
      await query(at.url, reading);
      expect(await Array.fromAsync(user.readHeads({}, signal))).toHaveLength(1);
      const writing = await told(user.apply(oneAccount('wx2', 2), signal));
      expect(writing).toBe(all);
      expect((await findings(user)).find(({ subject }) => subject === 'rights')).toMatchObject({ remedy: all });
      await query(at.url, writing);
      await user.apply(oneAccount('wx2', 2), signal);
      expect((await findings(user)).filter(({ subject }) => subject === 'rights')).toEqual([]);
    });

    test('a schema of another owner is upgraded by its owner', async () => {
      await using at = await scene();
      await query(
        at.url,
        `GRANT ALL ON SCHEMA scene TO ${at.role}; GRANT ALL ON ALL TABLES IN SCHEMA scene TO ${at.role}`,
      );
      await query(at.url, 'UPDATE scene.scene_meta SET schema_version = 0');
      await using user = await open(at.userUrl);
      expect(await told(user.migrate(sampleSettings, signal))).toBe(
        'run it as the owner of the schema, or give its owner the SQL of scenedim migrate --print-sql',
      );
      await query(at.url, user.migrationSql(sampleSettings));
      await user.apply(oneAccount('wx2', 2), signal);
    });

    test('tables that row level security hides are given to their user', async () => {
      await using at = await scene();
      await query(
        at.url,
        `GRANT ALL ON SCHEMA scene TO ${at.role}; GRANT ALL ON ALL TABLES IN SCHEMA scene TO ${at.role}`,
      );
      await query(at.url, 'ALTER TABLE scene.dim_scene ENABLE ROW LEVEL SECURITY');
      await using user = await open(at.userUrl);
      const ways = await told(user.readMeta(signal));
      expect(ways).toContain(`make "${at.role}" the owner of its tables and views`);
      await query(
        at.url,
        `DO $$ DECLARE r record; BEGIN FOR r IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'scene'::regnamespace AND relkind IN ('r', 'v') LOOP
           EXECUTE format('ALTER TABLE %s OWNER TO ${at.role}', r.name); END LOOP; END $$`,
      );
      await user.apply(oneAccount('wx2', 2), signal);
      expect((await findings(user)).filter(({ level }) => level === 'error')).toEqual([]);
    });

    test('a role or a database that is read only writes again', async () => {
      await using at = await scene();
      await query(at.url, `ALTER DATABASE "${at.name}" SET default_transaction_read_only = on`);
      await using user = await open(at.url);
      const remedy = await told(user.apply(oneAccount('wx2', 2), signal));
      expect(remedy).toMatch(
        /^on a standby, connect to the primary; on a primary, ALTER ROLE .* RESET default_transaction_read_only, or ALTER DATABASE/,
      );
      const [finding] = (await findings(user)).filter(({ subject }) => subject === 'writing');
      expect(remedy.endsWith(finding?.remedy ?? 'none')).toBe(true);
      for (const statement of finding?.remedy?.split(', or ') ?? []) await query(adminUrl(), statement);
      await using again = await open(at.url);
      await again.apply(oneAccount('wx2', 2), signal);
    });

    test('readers and a time zone are named as the server knows them', async () => {
      await using at = await scene(false);
      const nobody = `no ${at.role}`;
      await using loader = await open(at.url, { readers: [nobody] });
      const script = loader.migrationSql(sampleSettings);
      const remedy = `have it made with CREATE ROLE "${nobody}", or take it off the list`;
      expect(await told(loader.migrate(sampleSettings, signal))).toBe(remedy);
      await expect(query(at.url, script)).rejects.toMatchObject({
        hint: `CREATE ROLE "${nobody}", or take it off the list`,
      });
      const [finding] = (await findings(loader)).filter(({ subject }) => subject === 'readers');
      expect(finding).toMatchObject({ remedy: `CREATE ROLE "${nobody}"` });
      await query(at.url, finding?.remedy ?? '');
      const mars = { ...sampleSettings, timeZone: 'Mars/Olympus' };
      expect(await told(loader.migrate(mars, signal))).toBe('use one of the names in the view pg_timezone_names');
      await expect(query(at.url, loader.migrationSql(mars))).rejects.toMatchObject({
        hint: 'use one of the names in the view pg_timezone_names',
      });
      const [{ name } = { name: '' }] = (await query(
        at.url,
        `SELECT name FROM pg_timezone_names WHERE name LIKE 'Asia/%' ORDER BY 1 LIMIT 1`,
      )) as readonly { readonly name: string }[];
      await query(at.url, script);
      await loader.migrate({ ...sampleSettings, timeZone: name }, signal);
      expect((await findings(loader)).filter(({ subject }) => subject === 'readers')).toEqual([]);
      await query(at.url, `REVOKE SELECT ON scene.dim_scene FROM "${nobody}"`);
      expect(await findings(loader)).toMatchObject([{ subject: 'readers', remedy: 'run scenedim migrate' }]);
      await loader.migrate({ ...sampleSettings, timeZone: name }, signal);
      expect(await findings(loader)).toEqual([]);
    });

    test('texts and views that were changed are written again', async () => {
      await using at = await scene();
      const spoil = `UPDATE scene.access_source SET access_source_name = 'x'`;
      const remedy = 'run scenedim migrate, or the script of scenedim migrate --print-sql, which write them again';
      const script = at.owner.migrationSql(sampleSettings);
      for (const mend of [() => at.owner.migrate(sampleSettings, signal), () => query(at.url, script)]) {
        await query(at.url, spoil);
        expect(await findings(at.owner)).toMatchObject([{ subject: 'bundled tables', remedy }]);
        await mend();
        expect(await findings(at.owner)).toEqual([]);
      }
      const [{ definition } = { definition: '' }] = (await query(
        at.url,
        `SELECT rtrim(pg_get_viewdef('scene.scene_freshness'::regclass), ';') AS definition`,
      )) as readonly { readonly definition: string }[];
      await query(
        at.url,
        `CREATE OR REPLACE VIEW scene.scene_freshness AS SELECT * FROM (${definition}) AS d WHERE false`,
      );
      expect(await findings(at.owner)).toMatchObject([
        { remedy: 'run the script of scenedim migrate --print-sql, which makes it again' },
      ]);
      await query(at.url, script);
      expect(await findings(at.owner)).toEqual([]);
    });

    test('objects that others made or changed are renamed, dropped or mended as it is printed', async () => {
      const mended = async (spoil: string, pattern: RegExp, isMigrated = true) => {
        await using at = await scene(isMigrated);
        await query(at.url, spoil);
        const [finding] = await findings(at.owner);
        expect([spoil, finding?.remedy]).toEqual([spoil, expect.stringMatching(pattern)]);
        const statement = /(?:ALTER TABLE|DROP|ALTER VIEW) .*?(?=, if that|, or rename|, then run|, unless|$)/.exec(
          finding?.remedy ?? '',
        );
        await query(at.url, statement?.[0] ?? '');
        await at.owner.migrate(sampleSettings, signal);
        await at.owner.apply(oneAccount('wx7', 7), signal);
        expect([spoil, await findings(at.owner)]).toEqual([spoil, []]);
      };
      const trigger = `CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE INSERT ON scene.dim_scene FOR EACH ROW EXECUTE FUNCTION public.f()`;
      await mended(
        'ALTER TABLE scene.dim_scene RENAME scene_name TO name',
        / RENAME COLUMN name TO scene_name, if that is the column; else it was made by an unreleased build, or changed by hand. Let the program that made it run scenedim export-log --output log.ndjson; then set target.schema to a new name, run scenedim migrate and scenedim replay log.ndjson$/,
      );
      await mended(
        'ALTER TABLE scene.scene_reject ALTER app_id TYPE text COLLATE "en-x-icu"',
        / ALTER COLUMN app_id TYPE text COLLATE "C" USING app_id::text/,
      );
      await mended(
        'DROP VIEW scene.scene_drift; CREATE VIEW scene.scene_drift AS SELECT 1 AS x',
        /, or rename it with ALTER VIEW, then run scenedim migrate/,
      );
      await mended(
        'DROP FUNCTION scene.access_source_of(text); CREATE FUNCTION scene.access_source_of(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
        /^DROP FUNCTION .*, then run scenedim migrate/,
      );
      await mended(
        'ALTER TABLE scene.dim_scene DROP CONSTRAINT dim_scene_pkey',
        /^(?:let it end; if it was killed, the next run makes the key, or: )?ALTER TABLE scene\.dim_scene ADD PRIMARY KEY/,
      );
      await mended(
        `ALTER TABLE scene.dim_scene ADD COLUMN note text NOT NULL DEFAULT ''; ALTER TABLE scene.dim_scene ALTER note DROP DEFAULT`,
        / ALTER COLUMN note DROP NOT NULL/,
      );
      await mended(trigger, /^DROP TRIGGER t ON scene\.dim_scene, unless it is yours and right/);
      await mended(
        'CREATE RULE r AS ON INSERT TO scene.scene_payload DO ALSO NOTHING',
        /^DROP RULE r ON scene\.scene_payload, unless it is yours and right/,
      );
      await mended(
        'CREATE SCHEMA scene; CREATE TABLE scene.dim_scene (x int)',
        /^set target.schema to the name of another schema, or rename the object: ALTER TABLE .* RENAME TO /,
        false,
      );
    });

    test('a missing key, a missing schema and a trigger that refuses are named by check or made by migrate', async () => {
      const batch = () => oneAccount('wx8', 8);
      await using at = await scene();
      await query(at.url, 'ALTER TABLE scene.scene_run DROP CONSTRAINT scene_run_pkey');
      expect(await told(at.owner.apply(batch(), signal))).toBe(
        'a key of a table is missing: run scenedim check, which says how to make it again',
      );
      await query(at.url, (await findings(at.owner))[0]?.remedy ?? '');
      await query(
        at.url,
        `CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; CREATE TRIGGER no BEFORE INSERT ON scene.dim_scene FOR EACH ROW EXECUTE FUNCTION public.no()`,
      );
      expect(await told(at.owner.apply(batch(), signal))).toBe(
        'run scenedim check, which names the rules, triggers and policies that others added to the tables',
      );
      await query(at.url, (await findings(at.owner))[0]?.remedy?.split(', unless')[0] ?? '');
      await at.owner.apply(batch(), signal);
      await query(at.url, 'DROP SCHEMA scene CASCADE');
      expect(await told(at.owner.apply(oneAccount('wx9', 9), signal))).toBe('run scenedim migrate');
      await at.owner.migrate(sampleSettings, signal);
      await at.owner.apply(oneAccount('wx9', 9), signal);
    });

    test.each([
      ['53100', "make room on the server's disk, then run again"],
      ['53200', 'the server is out of memory: wait for others to end, or give it more'],
      ['53400', 'raise the limit that the message names, like temp_file_limit'],
      ['54000', 'the server has a limit of its own here: see its log'],
      ['58030', "the server's own disk or system failed: see its log"],
      ['XX000', 'the server reports a fault of its own: see its log'],
      ['40P01', 'run again; if it stays, look at what else the server is doing and at its time-outs'],
      ['57014', 'run again; if it stays, raise statement_timeout of the user'],
      ['57P05', 'check that the server is up and can be reached, then run again'],
      [
        '53300',
        'scenedim needs two connections at once: wait for others to end, or raise the CONNECTION LIMIT or max_connections',
      ],
    ])('a server that says %s writes when it says so no more: %s', async (state, remedy) => {
      await using at = await scene();
      await query(
        at.url,
        `CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END $$; CREATE TRIGGER no BEFORE INSERT ON scene.dim_scene FOR EACH ROW EXECUTE FUNCTION public.no()`,
      );
      expect(await told(at.owner.apply(oneAccount('wx2', 2), signal))).toBe(remedy);
      await query(at.url, 'DROP FUNCTION public.no CASCADE');
      await at.owner.apply(oneAccount('wx2', 2), signal);
    });

    test('a database of another encoding is made as it is printed', async () => {
      const name = `remedy_ascii_${process.pid}`;
      await query(adminUrl(), `CREATE DATABASE ${name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0`);
      const at = (database: string) => adminUrl().replace(/\/[^/]*$/, `/${database}`);
      {
        await using loader = await open(at(name));
        const remedy = await told(loader.migrate(sampleSettings, signal));
        expect(remedy).toBe(
          "use a database made with CREATE DATABASE name ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0",
        );
        expect((await findings(loader)).find(({ subject }) => subject === 'encoding')).toMatchObject({ remedy });
        await query(adminUrl(), remedy.slice(remedy.indexOf('CREATE')).replace(' name ', ` ${name}_utf8 `));
        await using better = await open(at(`${name}_utf8`));
        await better.migrate(sampleSettings, signal);
        await better.apply(oneAccount('wx1'), signal);
      }
      for (const database of [name, `${name}_utf8`]) await query(adminUrl(), `DROP DATABASE ${database}`);
    });

    test('a server of its own: TLS that nobody knows, no server, a pooler that is too small', async () => {
      const read = (file: string) => readFile(new URL(`../../fixtures/tls/${file}`, import.meta.url), 'utf8');
      await using cluster = await startPostgres(server, {
        settings: { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
        files: { 'server.crt': await read('test-only-server.pem'), 'server.key': await read('test-only-server.key') },
      });
      const meta = async (url: string) => {
        await using loader = await open(url);
        return loader.readMeta(signal);
      };
      const ca = new URL('../../fixtures/tls/test-only-ca.pem', import.meta.url).pathname;
      const tls = 'set sslrootcert in target.url to the CA that signed the server, or choose another sslmode';
      expect(await told(meta(`${cluster.url()}?sslmode=require`))).toBe(tls);
      expect(await meta(`${cluster.url()}?sslmode=verify-ca&uselibpqcompat=true&sslrootcert=${ca}`)).toBeNull();
      expect(await meta(`${cluster.url()}?sslmode=no-verify`)).toBeNull();

      await using proxy = await startTcpProxy({ port: cluster.port, limit: 1 });
      const pooled = cluster.url().replace(String(cluster.port), String(proxy.port));
      const small = 'check the server; behind a pooler, let it give two connections at once (default_pool_size)';
      await using loader = await open(`${pooled}?connect_timeout=2`);
      expect(await told(loader.acquireLock({ kind: 'exclusive' }, signal))).toBe(small);
      await using direct = await open(cluster.url());
      await using lock = await direct.acquireLock({ kind: 'exclusive' }, signal);
      expect(lock).not.toBeNull();

      await using blocked = await connect(cluster.url());
      void blocked;
      await cluster.stop();
      const down = await told(meta(`${cluster.url()}?connect_timeout=1`));
      expect(down).toBe('check host and port of target.url, and that the server is up');
      await cluster.start();
      expect(await meta(cluster.url())).toBeNull();
    });

    test('a lock and a connection that were lost are taken again', async () => {
      await using at = await scene();
      await using lock = await at.owner.acquireLock({ kind: 'exclusive' }, signal);
      await query(
        at.url,
        `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      await expect.poll(() => lock?.lost.aborted, { timeout: 30_000 }).toBe(true);
      expect(lock?.lost.reason).toMatchObject({
        remedy: 'run again once the server can be reached: nothing of a batch is half written',
      });
      await using again = await at.owner.acquireLock({ kind: 'exclusive' }, signal);
      expect(again).not.toBeNull();

      const proxy = await startTcpProxy({ port: Number(new URL(at.url).port) });
      const through = new URL(at.url);
      through.port = String(proxy.port);
      await using loader = await open(through.href);
      await using blocker = await connect(at.url);
      await blocker.query('BEGIN; LOCK TABLE scene.dim_scene IN ACCESS EXCLUSIVE MODE');
      const cut = told(loader.apply(oneAccount('wx2', 2), signal));
      await untilBlocked(blocker);
      await proxy[Symbol.asyncDispose]();
      expect(await cut).toBe('check that the server is up and can be reached, then run again');
      await blocker.query('ROLLBACK');
      await at.owner.apply(oneAccount('wx3', 3), signal);
    });

    test('a standby is told to be one, and the primary takes the work', async () => {
      await using at = await scene(false);
      const standby = await startPostgres(server);
      await standby.stop();
      await writeFile(join(standby.socketDir, 'data', 'standby.signal'), '');
      await standby.start();
      await using loader = await open(standby.url());
      expect(await findings(loader)).toContainEqual(
        expect.objectContaining({ subject: 'writing', remedy: 'connect to the primary' }),
      );
      await at.owner.migrate(sampleSettings, signal);
      expect(await findings(at.owner)).toEqual([]);
      await standby[Symbol.asyncDispose]();
    });

    test('the script that arrived in another encoding is run as a file', async () => {
      await using at = await scene(false);
      await using folder = await mkdtempDisposable(join(tmpdir(), 'scenedim-script-'));
      const file = join(folder.path, 'scenedim.sql');
      const sql = at.owner.migrationSql(sampleSettings);
      await writeFile(file, sql);
      const psql = (env: object, ...args: string[]) =>
        spawnSync(psqlOf(server), [at.url, '-Xq', '-v', 'ON_ERROR_STOP=1', ...args], {
          encoding: 'utf8',
          env: { ...process.env, PGCLIENTENCODING: 'LATIN1', ...env },
        });
      expect(psql({}, '-c', sql).stderr).toContain(
        'HINT:  run it as a file with psql -f, or set PGCLIENTENCODING=UTF8',
      );
      expect(psql({}, '-f', file).status).toBe(0);
      await at.owner.apply(oneAccount('wx1'), signal);
      await query(at.url, 'DROP SCHEMA scene CASCADE');
      expect(psql({ PGCLIENTENCODING: 'UTF8' }, '-c', sql).status).toBe(0);
      await at.owner.apply(oneAccount('wx1'), signal);
    });

    test('a trigger that keeps rows from a table, and a batch that somebody else wrote', async () => {
      await using at = await scene();
      await query(
        at.url,
        `CREATE FUNCTION public.eat() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER eat BEFORE INSERT ON scene.dim_scene FOR EACH ROW EXECUTE FUNCTION public.eat()`,
      );
      const remedy = await told(at.owner.apply(oneAccount('wx2', 2), signal));
      expect(remedy).toBe(
        'let it keep no row from the table, or DROP TRIGGER eat ON scene.dim_scene; then run the command again',
      );
      await query(at.url, /DROP TRIGGER .*(?=; then)/.exec(remedy)?.[0] ?? '');
      await at.owner.apply(oneAccount('wx2', 2), signal);
      expect(await told(at.owner.apply(oneAccount('wx2', 3), signal))).toBe(
        'run the command again: it reads what another run has written meanwhile',
      );
      const { versions } = oneAccount('wx2');
      expect(await told(at.owner.apply(sampleChangeSet(3, { versions }), signal))).toBe(
        'run the command again: another run has written the same rows',
      );
      await at.owner.apply(oneAccount('wx4', 4), signal);
    });

    test('a refusal in the language of another server is explained by check', async () => {
      const language = { schema: 'scene', database: 'd', user: 'u' };
      const refusal = (more: object) =>
        Object.assign(new Error('没有权限'), { severity: '错误', code: '42501', ...more });
      const rights = 'run scenedim check, which names the right that is missing';
      const rows = 'run scenedim check, which says how to let this user see and write every row';
      expect(classifySqlError(refusal({}), language)?.remedy).toBe(rights);
      expect(classifySqlError(refusal({ routine: 'ExecWithCheckOptions' }), language)?.remedy).toBe(rows);
      for (const [spoil, subject] of [
        ['REVOKE INSERT ON scene.dim_scene FROM ', 'rights'],
        ['ALTER TABLE scene.dim_scene ENABLE ROW LEVEL SECURITY; GRANT SELECT ON scene.dim_scene TO ', 'row security'],
      ] as const) {
        await using at = await scene();
        await query(
          at.url,
          `GRANT ALL ON SCHEMA scene TO ${at.role}; GRANT ALL ON ALL TABLES IN SCHEMA scene TO ${at.role}`,
        );
        await query(at.url, `${spoil}${at.role}`);
        await using user = await open(at.userUrl);
        const found = (await findings(user)).find((finding) => finding.subject === subject);
        await query(at.url, found?.remedy?.split('; or ')[0] ?? '');
        await using again = await open(at.userUrl);
        await again.apply(oneAccount('wx2', 2), signal);
      }
    });

    test('a role without a schema of that name chooses another', async () => {
      const remedy =
        'choose another name: at most 63 bytes, no control characters, and no pg_ at the beginning of a schema';
      await using at = await scene(false);
      await expect(open(at.url, { schema: 'pg_mine' })).rejects.toMatchObject({ remedy });
      await using loader = await open(at.url, { schema: 'mine' });
      await loader.migrate(sampleSettings, signal);
      expect(first(remedy)).toBe(remedy);
    });
  },
  { versions: 'newest' },
);
