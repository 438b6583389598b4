/** The password of the target in a file, as Kubernetes mounts a secret: taken up when it is another one, and shown nowhere. */
import { chmod, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { describePostgres } from '../support/postgres.ts';
import { asUser, query } from '../support/postgres-loader-fixture.ts';
import { passwordGroup } from '../support/postgres-server.ts';

const appId = 'wx0123456789abcdef';

describePostgres(
  'passwordFile',
  ({ createDatabase, adminUrl }) => {
    test('is relative to the config, may be read by others, and is rotated between two runs', async () => {
      await using database = await createDatabase();
      await using simulator = await startSimulator();
      const role = `mounted_${process.pid}`;
      const passwords = ['first-"pass word"%41', 'second/pass#word'] as const;
      await query(adminUrl(), `create role ${role} login superuser in role ${passwordGroup}`);
      await using work = await createCliWorkspace(
        {
          source: { baseUrl: simulator.url, accounts: [{ appId, accessToken: { env: 'TOKEN' } }] },
          target: { type: 'postgres', url: asUser(database.url, role), passwordFile: 'password' },
        },
        { TOKEN: simulator.accessToken(appId) },
      );
      const outputs: string[] = [];
      for (const password of passwords) {
        await query(adminUrl(), `alter role ${role} password '${password}'`);
        if (outputs.length > 0) {
          const refused = await work.run(['sync']);
          expect([refused.code, refused.stderr]).toEqual([
            77,
            expect.stringContaining('password authentication failed'),
          ]);
        }
        await chmod(await work.write('password', `${password}\n`), 0o644);
        const { code, stdout, stderr } = await work.run(['sync', '--log-level', 'debug']);
        expect([code, stderr]).toEqual([0, expect.any(String)]);
        outputs.push(stdout + stderr);
      }
      for (const password of passwords) expect(outputs.join()).not.toContain(password);
      await query(adminUrl(), `reassign owned by ${role} to postgres`);
    });

    test('does not come back in an answer of WeChat, nor in an error', async () => {
      await using database = await createDatabase();
      await using simulator = await startSimulator();
      const role = `echoed_${process.pid}`;
      const password = 'echoed-by-somebody';
      await query(adminUrl(), `create role ${role} login superuser password '${password}' in role ${passwordGroup}`);
      simulator.change({ change: 'rename', key: 4, name: password }, appId);
      await using work = await createCliWorkspace(
        {
          source: { baseUrl: simulator.url, accounts: [{ appId, accessToken: { env: 'TOKEN' } }] },
          target: { type: 'postgres', url: asUser(database.url, role), passwordFile: 'password' },
        },
        { TOKEN: simulator.accessToken(appId) },
      );
      await work.write('password', password);
      const { stdout, stderr } = await work.run(['sync', '--json']);
      expect(JSON.parse(stdout).problems).toMatchObject([{ code: 'secret_in_answer' }]);
      expect(stdout + stderr).not.toContain(password);
      const { log } = await work.contents();
      expect(log).not.toContain(password);
      expect(await readFile(`${work.directory}/password`, 'utf8')).toBe(password);
    });
  },
  { versions: 'newest' },
);
