import { afterAll, beforeAll } from 'vitest';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { describeLoaderContract } from '../../src/testing.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { describePostgres } from '../support/postgres.ts';

const password = 'contract-password';

describePostgres('postgres', ({ createDatabase, server }) => {
  let database: TestDatabase;
  let schemas = 0;

  beforeAll(async () => {
    database = await createDatabase();
  });

  afterAll(() => database[Symbol.asyncDispose]());

  describeLoaderContract(
    `postgres ${server.version}`,
    async () => {
      schemas += 1;
      const url = new URL(database.url);
      url.password = password;
      const config = { url: url.href, schema: `contract ${schemas}`, readers: [], applicationName: 'contract' };
      return { loader: await createPostgresLoader(config), second: () => createPostgresLoader(config) };
    },
    { secrets: [password] },
  );
});
