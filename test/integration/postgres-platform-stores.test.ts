/** scene_roster and scene_refresh_token of PostgreSQL: what the port does not show, and work beside a batch. */
import { expect, test } from 'vitest';
import { instantAt, sampleSettings } from '../../src/load/contract/sample-rows.ts';
import type { Loader } from '../../src/load/loader.ts';
import type { RefreshTokenStore } from '../../src/platform-stores.ts';
import { noPgbouncer, startPgbouncer } from '../support/pgbouncer.ts';
import { describePostgres } from '../support/postgres.ts';
import { connect, oneAccount, open, query, signal, untilBlocked } from '../support/postgres-loader-fixture.ts';

function tokensOf({ refreshTokens }: Loader): RefreshTokenStore {
  if (refreshTokens === undefined) throw new Error('no refresh tokens');
  return refreshTokens;
}

describePostgres('the stores of a platform', ({ createDatabase }) => {
  test('keep when an account was listed first and last, and since when it is not', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await loader.roster?.write(['wx1', 'wx2', 'wx3'], instantAt(0), signal);
    await loader.roster?.write(['wx1', 'wx3'], instantAt(1), signal);
    await loader.roster?.write(['wx1', 'wx4'], instantAt(2), signal);
    await loader.roster?.write(['wx1', 'wx2', 'wx4'], instantAt(3), signal);
    const rows = await query(
      database.url,
      'SELECT app_id, first_listed_at, last_listed_at, left_at FROM scene.scene_roster ORDER BY app_id',
    );
    const at = (n: number) => new Date(Number(instantAt(n) / 1_000n));
    expect(rows).toEqual([
      { app_id: 'wx1', first_listed_at: at(0), last_listed_at: at(3), left_at: null },
      { app_id: 'wx2', first_listed_at: at(0), last_listed_at: at(3), left_at: null },
      { app_id: 'wx3', first_listed_at: at(0), last_listed_at: at(1), left_at: at(2) },
      { app_id: 'wx4', first_listed_at: at(2), last_listed_at: at(3), left_at: null },
    ]);
  });

  test('store a token while a batch waits', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await using other = await connect(database.url);
    await other.query('BEGIN; LOCK TABLE scene.dim_scene');
    const applied = loader.apply(oneAccount('wx1'), signal);
    await untilBlocked(other);
    const stored = await tokensOf(loader).replace([{ appId: 'wx1', expected: null, token: 'a' }], signal);
    expect([...stored]).toEqual(['wx1']);
    expect(await query(database.url, 'SELECT refresh_token FROM scene.scene_refresh_token')).toEqual([
      { refresh_token: 'a' },
    ]);
    await other.query('ROLLBACK');
    await applied;
  });

  test('store a token on the disk before they say so, also for a role whose work may be lost', async () => {
    await using database = await createDatabase();
    await query(database.url, `ALTER DATABASE ${database.name} SET synchronous_commit = off`);
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(
      database.url,
      `CREATE TABLE seen (synchronous_commit text);
       CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
       CREATE TRIGGER look AFTER INSERT ON scene.scene_refresh_token EXECUTE FUNCTION look()`,
    );
    await tokensOf(loader).replace([{ appId: 'wx1', expected: null, token: 'a' }], signal);
    expect(await query(database.url, 'SELECT synchronous_commit FROM seen')).toEqual([{ synchronous_commit: 'on' }]);
  });

  test('tell what the database refuses by its code', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, 'DROP TABLE scene.scene_refresh_token');
    await expect(tokensOf(loader).read(['wx1'], signal)).rejects.toMatchObject({ code: 'schema_outdated' });
    await loader.migrate(sampleSettings, signal);
    expect(await tokensOf(loader).read(['wx1'], signal)).toEqual(new Map());
  });

  test('take turns with the batches of a run where the role may have two connections', async () => {
    await using database = await createDatabase();
    const role = `two_${database.name}`;
    await query(
      database.url,
      `CREATE ROLE ${role} LOGIN CONNECTION LIMIT 2; GRANT CREATE ON DATABASE ${database.name} TO ${role}`,
    );
    const url = new URL(database.url);
    url.username = role;
    try {
      await using loader = await open(url.href);
      await loader.migrate(sampleSettings, signal);
      await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
      expect(lock).not.toBeNull();
      const [stored] = await Promise.all([
        tokensOf(loader).replace([{ appId: 'wx1', expected: null, token: 'a' }], signal),
        loader.apply(oneAccount('wx1'), signal),
      ]);
      expect([...stored]).toEqual(['wx1']);
      expect(await tokensOf(loader).read(['wx1'], signal)).toEqual(new Map([['wx1', 'a']]));
    } finally {
      await query(database.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test.skipIf(noPgbouncer !== undefined)('work through a pooler of transactions beside a run', async () => {
    await using database = await createDatabase();
    await using pooler = await startPgbouncer(database.url, { mode: 'transaction', poolSize: 2 });
    await using loader = await open(pooler.url);
    await loader.migrate(sampleSettings, signal);
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(lock).not.toBeNull();
    const changes = ['wx1', 'wx2'].map((appId) => ({ appId, expected: null, token: 'a' }));
    const [stored] = await Promise.all([
      tokensOf(loader).replace(changes, signal),
      loader.apply(oneAccount('wx1'), signal),
      loader.roster?.write(['wx1'], instantAt(0), signal),
    ]);
    expect([...stored].sort()).toEqual(['wx1', 'wx2']);
    expect(await tokensOf(loader).read(['wx2'], signal)).toEqual(new Map([['wx2', 'a']]));
  });
});
