/** Row level security that applies to the user of scenedim: every command says so, and each remedy works as it is written. */
import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { describePostgres } from '../support/postgres.ts';
import { asUser, oneAccount, open, query, signal } from '../support/postgres-loader-fixture.ts';

const denied = {
  code: 'target_denied',
  message: expect.stringContaining('row level security applies to the user'),
};
let roles = 0;

describePostgres('row level security', ({ createDatabase, adminUrl, server }) => {
  const scene = async () => {
    roles += 1;
    const role = `rls_${server.major}_${process.pid}_${roles}`;
    await query(adminUrl(), `CREATE ROLE ${role} LOGIN`);
    const database = await createDatabase();
    await using owner = await open(database.url);
    await owner.migrate(sampleSettings, signal);
    await owner.apply(oneAccount('wx1'), signal);
    await query(
      database.url,
      `GRANT USAGE ON SCHEMA scene TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA scene TO ${role}`,
    );
    return { ...database, role, userUrl: asUser(database.url, role) };
  };

  test.each(['dim_scene', 'scene_meta', 'scene_observation', 'scene_account', 'scene_payload'])(
    'on %s is told by check and by whatever reads the settings, and each remedy ends it',
    async (table) => {
      await using database = await scene();
      await using loader = await open(database.userUrl);
      expect(await loader.readMeta(signal)).not.toBeNull();
      await query(database.url, `ALTER TABLE scene.${table} ENABLE ROW LEVEL SECURITY`);
      await expect(loader.readMeta(signal)).rejects.toMatchObject(denied);
      await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject(denied);
      const [finding] = (await loader.check(signal)).filter(({ level }) => level === 'error');
      expect(finding).toMatchObject({ subject: 'row security', ...denied });
      const [bypass = '', , policy] = finding?.remedy?.split('; or ') ?? [];
      // COPY does not work under row level security, whatever the policies say.
      expect(policy === undefined).toBe(['dim_scene', 'scene_observation'].includes(table));
      expect(bypass).toBe(`ALTER ROLE "${database.role}" BYPASSRLS`);
      if (policy !== undefined) {
        expect(policy).toBe(`CREATE POLICY scenedim ON "scene"."${table}" TO "${database.role}" USING (true)`);
        await query(database.url, policy);
        expect(await loader.readMeta(signal)).not.toBeNull();
        await loader.apply(oneAccount('wx2', 2), signal);
        await query(database.url, `DROP POLICY scenedim ON scene.${table}`);
        await expect(loader.readMeta(signal)).rejects.toMatchObject(denied);
      }
      await query(database.url, bypass);
      await using again = await open(database.userUrl);
      expect(await again.readMeta(signal)).not.toBeNull();
      await again.apply(oneAccount('wx3', 3), signal);
    },
  );

  test('of others does not matter, nor does a policy for readers who are not the user of scenedim', async () => {
    await using database = await scene();
    await query(
      database.url,
      `ALTER TABLE scene.dim_scene ENABLE ROW LEVEL SECURITY; CREATE POLICY theirs ON scene.dim_scene FOR SELECT USING (app_id = 'wx9')`,
    );
    await using owner = await open(database.url);
    expect(await owner.readMeta(signal)).not.toBeNull();
    expect((await owner.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('that a policy ends for a user who only reads is no trouble for that user', async () => {
    await using database = await scene();
    await query(
      database.url,
      `REVOKE ALL ON ALL TABLES IN SCHEMA scene FROM ${database.role}; GRANT SELECT ON ALL TABLES IN SCHEMA scene TO ${database.role};
       ALTER TABLE scene.dim_scene ENABLE ROW LEVEL SECURITY`,
    );
    await using loader = await open(database.userUrl);
    const refusal = await loader.readMeta(signal).catch((error: { readonly remedy: string }) => error);
    expect(refusal).toMatchObject(denied);
    await query(database.url, String(refusal && 'remedy' in refusal && refusal.remedy.split('; or ')[2]));
    expect(await loader.readMeta(signal)).not.toBeNull();
    expect(await Array.fromAsync(loader.readVersions({}, signal))).toHaveLength(1);
  });

  test('in which a restrictive policy hides rows is not ended by a permissive one', async () => {
    await using database = await scene();
    await query(
      database.url,
      `ALTER TABLE scene.dim_scene ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON scene.dim_scene USING (true);
       CREATE POLICY b ON scene.dim_scene AS RESTRICTIVE USING (app_id = 'wx9')`,
    );
    await using loader = await open(database.userUrl);
    await expect(loader.readMeta(signal)).rejects.toMatchObject({
      ...denied,
      remedy: expect.not.stringContaining('POLICY'),
    });
  });

  test('forced on the owner is told with the statement that ends it', async () => {
    await using database = await scene();
    await query(
      database.url,
      `ALTER TABLE scene.dim_scene OWNER TO ${database.role}; ALTER TABLE scene.dim_scene ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
    );
    await using loader = await open(database.userUrl);
    const refusal = await loader.readMeta(signal).catch((error: { readonly remedy: string }) => error);
    expect(refusal).toMatchObject(denied);
    const statement = String(refusal && 'remedy' in refusal && refusal.remedy.split('; or ')[1]);
    expect(statement).toBe('ALTER TABLE "scene"."dim_scene" NO FORCE ROW LEVEL SECURITY');
    await query(database.url, statement);
    expect(await loader.readMeta(signal)).not.toBeNull();
  });

  test('ends every command that reads or writes with 77', async () => {
    await using database = await scene();
    await query(database.url, 'ALTER TABLE scene.dim_scene ENABLE ROW LEVEL SECURITY');
    await using work = await createCliWorkspace({ target: { type: 'postgres', url: database.userUrl } });
    const line = `${JSON.stringify({ app_id: 'wx3', observed_at: '2026-03-01T00:00:00Z', body: { scene: [] } })}\n`;
    for (const command of [
      'verify',
      'export',
      'export-log',
      'status',
      'rebuild',
      'check',
      'replay -',
      'plan --input -',
    ]) {
      const { code, stdout, stderr } = await work.run(command.split(' '), line);
      expect([command, code]).toEqual([command, 77]);
      expect(stdout + stderr).toContain('BYPASSRLS');
    }
  });
});
