import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { describePostgres, passwordGroup } from '../support/postgres.ts';
import {
  asUser,
  connect,
  countRows,
  oneAccount,
  open,
  query,
  signal,
  untilBlocked,
} from '../support/postgres-loader-fixture.ts';

const nothing = [{ accounts: 0, observations: 0, versions: 0, runs: 0 }];

afterEach(() => {
  vi.unstubAllEnvs();
});

describePostgres(
  'a Postgres that fails',
  ({ createDatabase, adminUrl }) => {
    test('a connection killed in the middle of a batch leaves nothing of it, and the batch may be tried again', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      await loader.migrate(sampleSettings, signal);
      await using blocker = await connect(database.url);
      await blocker.query('begin; lock table scene.dim_scene in access exclusive mode');
      const applied = loader.apply(oneAccount('wx1'), signal).then(
        () => 'applied',
        (error: unknown) => error,
      );
      await blocker.query('select pg_terminate_backend($1)', [await untilBlocked(blocker)]);
      expect(await applied).toMatchObject({ code: 'target_unreachable', retryable: true });
      await blocker.query('rollback');
      expect(await query(database.url, countRows)).toEqual(nothing);
      await loader.apply(oneAccount('wx1'), signal);
      expect(await query(database.url, countRows)).toEqual([{ accounts: 1, observations: 1, versions: 1, runs: 1 }]);
    });

    test('a statement time-out is worth another try and leaves nothing', async () => {
      await using database = await createDatabase();
      await using setUp = await open(database.url);
      await setUp.migrate(sampleSettings, signal);
      await using loader = await open(`${database.url}?options=-c%20statement_timeout%3D100ms`);
      await using blocker = await connect(database.url);
      await blocker.query('begin; lock table scene.dim_scene in access exclusive mode');
      await expect(loader.apply(oneAccount('wx1'), signal)).rejects.toMatchObject({
        code: 'target_busy',
        retryable: true,
      });
      await blocker.query('rollback');
      expect(await query(database.url, countRows)).toEqual(nothing);
    });

    test('a batch that waits for a lock ends at once when it is aborted', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      await loader.migrate(sampleSettings, signal);
      await using blocker = await connect(database.url);
      await blocker.query('begin; lock table scene.dim_scene in access exclusive mode');
      const stop = new AbortController();
      const applied = loader.apply(oneAccount('wx1'), stop.signal).then(
        () => 'applied',
        (error: unknown) => error,
      );
      await untilBlocked(blocker);
      const reason = new Error('stopped');
      stop.abort(reason);
      expect(await applied).toBe(reason);
    });

    test('a reader that was forgotten half way does not keep the loader from closing', async () => {
      await using database = await createDatabase();
      const loader = await open(database.url);
      await loader.migrate(sampleSettings, signal);
      await loader.apply(oneAccount('wx1'), signal);
      const forgotten = loader.readVersions({}, signal)[Symbol.asyncIterator]();
      expect((await forgotten.next()).done).toBe(false);
      await loader[Symbol.asyncDispose]();
    });

    test('a revoked right names the grant', async () => {
      await using database = await createDatabase();
      const role = `revoked_${process.pid}_${Date.now()}`;
      await query(adminUrl(), `create role ${role} login`);
      await using setUp = await open(database.url);
      await setUp.migrate(sampleSettings, signal);
      await query(database.url, `grant usage on schema scene to ${role}`);
      await query(database.url, `grant select, insert, update on all tables in schema scene to ${role}`);
      await query(database.url, `revoke insert on scene.dim_scene from ${role}`);
      await using loader = await open(asUser(database.url, role));
      await expect(loader.apply(oneAccount('wx1'), signal)).rejects.toMatchObject({
        code: 'target_denied',
        remedy: `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "scene" TO "${role}"`,
      });
      expect(await query(database.url, countRows)).toEqual(nothing);
      expect((await loader.check(signal)).find(({ subject }) => subject === 'rights')).toMatchObject({
        level: 'error',
      });
    });

    test('a database without the schema asks for migrate', async () => {
      await using database = await createDatabase();
      await using loader = await open(database.url);
      expect(await loader.readMeta(signal)).toBeNull();
      await expect(loader.apply(oneAccount('wx1'), signal)).rejects.toMatchObject({ code: 'schema_outdated' });
    });

    test('a database or a server that is not there is a finding, and an error of its own kind', async () => {
      await using database = await createDatabase();
      await using missing = await open(database.url.replace(database.name, 'nowhere'));
      await expect(missing.readMeta(signal)).rejects.toMatchObject({ code: 'config_invalid' });
      await using nobody = await open('postgres://u:secret@127.0.0.1:1/db');
      await expect(nobody.readMeta(signal)).rejects.toMatchObject({ code: 'target_unreachable' });
      expect(await nobody.check(signal)).toMatchObject([{ level: 'error', subject: 'connection' }]);
      expect(JSON.stringify([nobody.description, await nobody.check(signal)])).not.toContain('secret');
    });

    test('passwords come from the url, PGPASSWORD and the password file; a wrong one is refused without being shown', async () => {
      await using database = await createDatabase();
      const role = `guarded_${process.pid}_${Date.now()}`;
      await query(adminUrl(), `create role ${role} login password 'sesame' in role ${passwordGroup}`);
      vi.stubEnv('PGPASSFILE', '/nowhere');
      await readMeta(asUser(database.url, role, 'sesame'));
      const wrong = await readMeta(asUser(database.url, role, 'wr0ng')).catch((error: unknown) => error);
      expect(wrong).toMatchObject({ code: 'target_denied' });
      expect(String(wrong)).not.toContain('wr0ng');
      await expect(readMeta(asUser(database.url, role))).rejects.toMatchObject({ code: 'target_denied' });

      vi.stubEnv('PGPASSWORD', 'sesame');
      await readMeta(asUser(database.url, role));
      vi.stubEnv('PGPASSWORD', undefined);

      const directory = await mkdtemp(join(tmpdir(), 'scenedim-pgpass-'));
      try {
        const file = join(directory, 'pgpass');
        await writeFile(file, `127.0.0.1:*:${database.name}:${role}:sesame\n`);
        await chmod(file, 0o600);
        vi.stubEnv('PGPASSFILE', file);
        await readMeta(asUser(database.url, role));
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    test('without a url the PG* environment variables lead to the server', async () => {
      await using database = await createDatabase();
      const { hostname, port, username } = new URL(database.url);
      const names = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: database.name };
      for (const [name, value] of Object.entries(names)) vi.stubEnv(name, value);
      await using loader = await open('', { url: undefined });
      expect(await loader.readMeta(signal)).toBeNull();
      expect(loader.description).toBe(`postgres ${hostname}:${port}/${database.name}, schema scene`);
    });

    test('a certificate file that is missing is named before anything is connected', async () => {
      await expect(
        open('postgres://127.0.0.1/db?sslmode=verify-full&sslrootcert=/nowhere/ca.pem'),
      ).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining('/nowhere/ca.pem'),
      });
    });
  },
  { versions: 'newest' },
);

async function readMeta(url: string): Promise<unknown> {
  await using loader = await open(url);
  return loader.readMeta(signal);
}
