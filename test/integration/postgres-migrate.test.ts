import { expect, test } from 'vitest';
import { neverAborted } from '../../src/load/contract/contract-target.ts';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { describePostgres } from '../support/postgres.ts';
import { asUser, connect, oneAccount, open, query, signal } from '../support/postgres-loader-fixture.ts';

const objects = `select count(*)::integer as objects from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'scene'`;

describePostgres('migrate', ({ createDatabase, adminUrl }) => {
  test('twenty at once make one schema', async () => {
    await using database = await createDatabase();
    const loaders = await Promise.all(Array.from({ length: 20 }, () => open(database.url)));
    const results = await Promise.all(loaders.map((loader) => loader.migrate(sampleSettings, neverAborted)));
    await Promise.all(loaders.map((loader) => loader[Symbol.asyncDispose]()));
    expect(results.filter(({ fromVersion }) => fromVersion === null)).toHaveLength(1);
    expect(results.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
  });

  test('a schema that is newer than the program is refused and left alone', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, 'update scene.scene_meta set schema_version = 999');
    await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject({ code: 'schema_newer' });
    expect(await query(database.url, 'select schema_version from scene.scene_meta')).toEqual([{ schema_version: 999 }]);
    await using client = await connect(database.url);
    await expect(client.query(loader.migrationSql(sampleSettings))).rejects.toThrow('newer scenedim');
  });

  test('an ordinary user who owns one schema can do everything', async () => {
    await using database = await createDatabase();
    await using role = await createRole(adminUrl());
    await query(database.url, `create schema scene authorization ${role.name}`);
    await using loader = await open(asUser(database.url, role.name));
    await loader.migrate(sampleSettings, signal);
    await loader.apply(oneAccount('wx1'), signal);
    await using lock = await loader.acquireLock({ kind: 'shard', index: 0, count: 2 }, signal);
    expect(lock).not.toBeNull();
    const findings = await loader.check(signal);
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('a user without any right learns the statement that gives it', async () => {
    await using database = await createDatabase();
    await using role = await createRole(adminUrl());
    await using loader = await open(asUser(database.url, role.name));
    const remedy = `CREATE SCHEMA "scene" AUTHORIZATION "${role.name}"`;
    await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject({
      code: 'target_denied',
      remedy: expect.stringContaining(remedy),
    });
    expect((await loader.check(signal)).filter(({ level }) => level === 'error')).toMatchObject([
      { subject: 'rights', remedy },
    ]);
    await query(database.url, 'create schema scene');
    await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject({
      code: 'target_denied',
      remedy: `GRANT USAGE, CREATE ON SCHEMA "scene" TO "${role.name}"`,
    });
  });

  test('a user with rights on the tables alone is told to be let into the schema, and to create only where it must', async () => {
    await using database = await createDatabase();
    await using role = await createRole(adminUrl());
    await using owner = await open(database.url);
    await owner.migrate(sampleSettings, signal);
    await query(database.url, `grant select, insert, update, delete on all tables in schema scene to ${role.name}`);
    await using loader = await open(asUser(database.url, role.name));
    const denied = {
      code: 'target_denied',
      message: 'permission denied for schema scene',
      remedy: `GRANT USAGE ON SCHEMA "scene" TO "${role.name}"`,
    };
    await expect(loader.readMeta(signal)).rejects.toMatchObject(denied);
    expect(await loader.check(signal)).toEqual([{ level: 'error', subject: 'target', ...denied }]);
    await query(database.url, `grant usage on schema scene to ${role.name}`);
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('readers who are given rights later are named', async () => {
    await using database = await createDatabase();
    await using role = await createRole(adminUrl());
    await using owner = await open(database.url);
    const { toVersion } = await owner.migrate(sampleSettings, signal);
    await using withReader = await open(database.url, { readers: [role.name] });
    const same = { fromVersion: toVersion, toVersion, applied: [] };
    expect(await withReader.migrate(sampleSettings, signal)).toEqual({ ...same, granted: [role.name] });
    expect(await withReader.migrate(sampleSettings, signal)).toEqual(same);
  });

  test("users' views on our views, and their grants, survive", async () => {
    await using database = await createDatabase();
    await using role = await createRole(adminUrl());
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, 'create view scene.theirs as select app_id, scene_name from scene.scene_current');
    await query(database.url, `grant usage on schema scene to ${role.name}`);
    await query(database.url, `grant select on scene.theirs, scene.scene_history to ${role.name}`);
    await query(database.url, 'update scene.scene_meta set schema_version = 0');
    const again = await loader.migrate({ ...sampleSettings, timeZone: 'Europe/Berlin' }, signal);
    expect(again.fromVersion).toBe(0);
    await query(database.url, loader.migrationSql(sampleSettings));
    await query(asUser(database.url, role.name), 'select * from scene.theirs');
    await query(asUser(database.url, role.name), 'select * from scene.scene_history');
    await loader.apply(oneAccount('wx1'), signal);
    expect(await query(database.url, "select * from scene.theirs where app_id <> ''")).toEqual([
      { app_id: 'wx1', scene_name: 'scene 1' },
    ]);
  });

  test('the printed SQL makes what migrate makes, and may be run again', async () => {
    await using printed = await createDatabase();
    await using migrated = await createDatabase();
    await using onPrinted = await open(printed.url);
    await using onMigrated = await open(migrated.url);
    await onMigrated.migrate(sampleSettings, signal);
    await query(printed.url, onPrinted.migrationSql(sampleSettings));
    await query(printed.url, onPrinted.migrationSql(sampleSettings));
    expect(await query(printed.url, objects)).toEqual(await query(migrated.url, objects));
    expect(await onPrinted.readMeta(signal)).toEqual(await onMigrated.readMeta(signal));
    expect((await onPrinted.migrate(sampleSettings, signal)).applied).toEqual([]);
  });

  test('a reader may query the views and the dimension and no payload, and is added later too', async () => {
    await using database = await createDatabase();
    await using one = await createRole(adminUrl());
    await using two = await createRole(adminUrl());
    await using first = await open(database.url, { readers: [one.name] });
    await first.migrate(sampleSettings, signal);
    await using second = await open(database.url, { readers: [one.name, two.name] });
    await second.migrate(sampleSettings, signal);
    for (const { name } of [one, two]) {
      const url = asUser(database.url, name);
      await query(url, 'select * from scene.scene_current, scene.scene_history, scene.dim_scene limit 1');
      await expect(query(url, 'select * from scene.scene_payload')).rejects.toThrow('permission denied');
    }
    expect((await second.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('a reader that does not exist is named, with its remedy, and nothing is made', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url, { readers: ['nobody here'] });
    await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'target.readers: the role "nobody here" does not exist',
      remedy: expect.stringContaining('CREATE ROLE "nobody here"'),
    });
    expect(await query(database.url, objects)).toEqual([{ objects: 0 }]);
  });

  test('a time zone that the database does not know is refused', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await expect(loader.migrate({ ...sampleSettings, timeZone: 'Mars/Olympus' }, signal)).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  test('a schema may have any name', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url, { schema: `Dim "x" $1 'y' \\ 场景 :z` });
    await loader.migrate(sampleSettings, signal);
    await loader.apply(oneAccount('wx1'), signal);
    await query(database.url, loader.migrationSql(sampleSettings));
    expect((await Array.fromAsync(loader.readHeads({}, signal))).map(({ appId }) => appId)).toEqual(['wx1']);
  });
});

let roles = 0;

async function createRole(adminUrl: string): Promise<{ readonly name: string } & AsyncDisposable> {
  roles += 1;
  const name = `role_${process.pid}_${roles}`;
  await query(adminUrl, `create role ${name} login`);
  // The databases that hold grants to it are dropped after it, so it stays until the cluster goes.
  return { name, [Symbol.asyncDispose]: async () => {} };
}
