/** config/postgres/grants.sql, run by a plain owner of the schema, lets a user without any other right do the whole work. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { textOf } from '../support/documents.ts';
import { describePostgres } from '../support/postgres.ts';

async function query(url: string, statements: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statements)).rows;
  } finally {
    await client.end();
  }
}

/** A role with a password and nothing else; dropped with what it owns in `url`'s database. */
async function createRole(url: string, word: string) {
  const name = `${word}_${randomBytes(4).toString('hex')}`;
  await query(url, `CREATE ROLE ${name} LOGIN PASSWORD 'p'`);
  const login = new URL(url);
  login.username = name;
  login.password = 'p';
  return {
    name,
    url: login.href,
    [Symbol.asyncDispose]: async () => void (await query(url, `DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`)),
  };
}

const line = (at: string, name: string) =>
  `${JSON.stringify({ app_id: 'wx1', observed_at: at, body: { scene: [{ name, value: 4 }] } })}\n`;

describePostgres('grants.sql', ({ createDatabase }) => {
  test('is all that the user of scenedim needs, also for tables that come later', async () => {
    await using database = await createDatabase();
    await using user = await createRole(database.url, 'program');
    await using owner = await createRole(database.url, 'owner');
    await query(database.url, `CREATE SCHEMA scene AUTHORIZATION ${owner.name}`);
    const target = { type: 'postgres', autoMigrate: false };
    await using dba = await createCliWorkspace({ target: { ...target, url: owner.url } });
    await using work = await createCliWorkspace({ target: { ...target, url: user.url } });

    await query(owner.url, await dba.succeed(['migrate', '--print-sql']));
    const grants = textOf('config/postgres/grants.sql').replaceAll(/TO scenedim;/g, `TO ${user.name};`);
    expect((await work.run(['replay', '-'], line('2024-03-01T00:00:00Z', '二维码'))).code).toBe(77);
    await query(owner.url, grants);
    await query(owner.url, grants);

    await work.succeed(['replay', '-'], line('2024-03-01T00:00:00Z', '二维码'));
    await work.succeed(['replay', '-'], line('2024-06-01T00:00:00Z', '扫一扫二维码'));
    expect(await work.succeed(['verify'])).toContain('2 versions of 1 account');
    await work.succeed(['hold', '--app-id', 'wx1', '--observed-at', '2024-06-01T00:00:00Z']);
    await work.succeed(['accept', '--app-id', 'wx1']);
    await work.succeed(['rebuild']);
    const { findings } = JSON.parse(await work.succeed(['check', '--json']));
    expect(findings.filter(({ level }: { readonly level: string }) => level === 'error')).toEqual([]);

    await query(owner.url, 'CREATE TABLE scene.added_by_an_upgrade (n int)');
    expect(await query(user.url, 'INSERT INTO scene.added_by_an_upgrade VALUES (1) RETURNING n')).toEqual([{ n: 1 }]);
  });
});
