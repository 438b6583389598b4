/** Who may read scene_refresh_token: nobody by default, not even by default privileges; `check` tells of those who may. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import type { Loader } from '../../src/load/loader.ts';
import { describePostgres } from '../support/postgres.ts';
import { open, query, signal } from '../support/postgres-loader-fixture.ts';

async function withRole(url: string, word: string) {
  const name = `${word}_${randomBytes(4).toString('hex')}`;
  await query(url, `CREATE ROLE ${name}`);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await query(url, `DROP OWNED BY ${name} CASCADE`);
      await query(url, `DROP ROLE ${name}`);
    },
  };
}

const mayRead = (url: string, role: string, table: string) =>
  query(url, `SELECT has_any_column_privilege('${role}', 'scene.${table}', 'SELECT') AS may`);

const warnings = async (loader: Loader) =>
  (await loader.check(signal))
    .filter(({ level }) => level !== 'ok')
    .map(({ subject, message, remedy }) => ({ subject, message, remedy }));

describePostgres('scene_refresh_token', ({ createDatabase }) => {
  test.each(['migrate', 'the script'])(
    'made by %s is closed to readers, whatever default privileges say',
    async (how) => {
      await using database = await createDatabase();
      await using reader = await withRole(database.url, 'reader');
      await using loader = await open(database.url, { readers: [reader.name] });
      await query(database.url, 'CREATE SCHEMA scene');
      await query(
        database.url,
        `ALTER DEFAULT PRIVILEGES IN SCHEMA scene GRANT SELECT ON TABLES TO PUBLIC;
       ALTER DEFAULT PRIVILEGES IN SCHEMA scene GRANT ALL ON TABLES TO ${reader.name};
       GRANT USAGE ON SCHEMA scene TO ${reader.name}`,
      );
      if (how === 'migrate') await loader.migrate(sampleSettings, signal);
      else await query(database.url, loader.migrationSql(sampleSettings));
      expect(await mayRead(database.url, reader.name, 'scene_roster')).toEqual([{ may: true }]);
      expect(await mayRead(database.url, reader.name, 'scene_refresh_token')).toEqual([{ may: false }]);
      expect(await warnings(loader)).toEqual([]);
    },
  );

  test('that others can read is told by check, and each remedy ends it', async () => {
    await using database = await createDatabase();
    await using direct = await withRole(database.url, 'direct');
    await using member = await withRole(database.url, 'member');
    await using backup = await withRole(database.url, 'backup');
    await using writer = await withRole(database.url, 'writer');
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(
      database.url,
      `GRANT SELECT (refresh_token) ON scene.scene_refresh_token TO ${direct.name};
       GRANT ${direct.name} TO ${member.name};
       GRANT SELECT, INSERT, UPDATE, DELETE ON scene.scene_refresh_token TO ${writer.name};
       GRANT pg_read_all_data TO ${backup.name}`,
    );
    const revoke = (from: string) => `REVOKE ALL ON "scene"."scene_refresh_token" FROM ${from}`;
    const told = (who: string, remedy: string) => [
      { subject: 'secrets', message: `scene_refresh_token holds secrets, and ${who} can read it`, remedy },
    ];
    expect(await warnings(loader)).toEqual(
      told([backup.name, direct.name, member.name].join(', '), revoke(direct.name)),
    );
    await query(database.url, revoke(direct.name));
    const fromThem = 'REVOKE from them the role through which they read every table';
    expect(await warnings(loader)).toEqual(told(backup.name, fromThem));
    await query(database.url, `REVOKE pg_read_all_data FROM ${backup.name}`);
    expect(await warnings(loader)).toEqual([]);
    await query(database.url, 'GRANT SELECT ON scene.scene_refresh_token TO PUBLIC');
    expect(await warnings(loader)).toEqual(told('PUBLIC', revoke('PUBLIC')));
    await query(database.url, revoke('PUBLIC'));
    expect(await warnings(loader)).toEqual([]);
  });
});
