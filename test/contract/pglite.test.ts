import type { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll } from 'vitest';
import { LockTable } from '../../src/load/lock-table.ts';
import { createPgliteTarget } from '../../src/load/pglite/pglite-target.ts';
import { createSqlLoader } from '../../src/load/postgres-sql/sql-loader.ts';
import { describeLoaderContract } from '../../src/testing.ts';
import { createPglite } from '../support/prepared-pglite.ts';

let pglite: PGlite;
let schemas = 0;

beforeAll(async () => {
  pglite = await createPglite();
});

afterAll(() => pglite.close());

// A PGlite takes seconds to start, so each test has a schema of one instance, put together as createPgliteLoader does it.
describeLoaderContract('pglite', async () => {
  schemas += 1;
  const schema = `contract ${schemas}`;
  const locks = new LockTable();
  const target = createPgliteTarget(pglite, schema, `pglite memory://, schema ${schema}`);
  const connect = () =>
    createSqlLoader({ ...target, [Symbol.asyncDispose]: async () => undefined }, async (scope) => locks.acquire(scope));
  return {
    loader: connect(),
    second: async () => connect(),
    remove: async () => {
      await pglite.exec(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    },
  };
});
