import pg from 'pg';
import { expect, test } from 'vitest';
import { describePostgres, passwordGroup, startPostgres } from '../support/postgres.ts';

async function rows(connectionString: string, statement: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

describePostgres('the test servers', ({ server, createDatabase }) => {
  test('give each test an empty database of the version asked for', async () => {
    await using database = await createDatabase();
    const [row] = await rows(
      database.url,
      `select current_setting('server_version') as version, current_database() as name`,
    );
    expect(row).toEqual({ version: expect.stringContaining(server.version), name: database.name });
  });

  test('forget a database that was disposed', async () => {
    const database = await createDatabase();
    await database[Symbol.asyncDispose]();
    await expect(rows(database.url, 'select 1')).rejects.toThrow('does not exist');
  });
});

describePostgres(
  'a server of its own',
  ({ server }) => {
    test('keeps its data and its port over a crash', async () => {
      await using running = await startPostgres(server);
      await rows(running.url(), 'create table kept as select 1 as one; checkpoint');
      await running.stop();
      await expect(rows(running.url(), 'select 1')).rejects.toThrow('ECONNREFUSED');
      await running.start();
      expect(await rows(running.url(), 'select * from kept')).toEqual([{ one: 1 }]);
    });

    test('asks members of the password group for their password', async () => {
      await using running = await startPostgres(server);
      await rows(running.url(), `create role guarded login password 'sesame' in role ${passwordGroup}`);
      expect(await rows(running.url('postgres', 'guarded', 'sesame'), 'select current_user as me')).toEqual([
        { me: 'guarded' },
      ]);
      await expect(rows(running.url('postgres', 'guarded', 'wrong'), 'select 1')).rejects.toThrow(
        'password authentication failed',
      );
    });
  },
  { versions: 'newest' },
);
