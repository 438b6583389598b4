/** One PGlite for a test file, with a schema of its own for each loader: its start takes seconds, a schema does not. */
import type { PGlite } from '@electric-sql/pglite';
import type { Loader } from '../../src/load/loader.ts';
import { LockTable } from '../../src/load/lock-table.ts';
import { createPgliteTarget } from '../../src/load/pglite/pglite-target.ts';
import { createSqlLoader } from '../../src/load/postgres-sql/sql-loader.ts';
import { createPglite } from './prepared-pglite.ts';

export interface SharedPglite extends AsyncDisposable {
  readonly pglite: PGlite;
  /** A loader on a schema that is not there yet; disposing it drops the schema and leaves the database open. */
  createLoader(schema?: string): Promise<Loader>;
}

export async function createSharedPglite(): Promise<SharedPglite> {
  const pglite = await createPglite();
  let schemas = 0;
  return {
    pglite,
    async createLoader(given) {
      schemas += 1;
      const schema = given ?? `scene_${schemas}`;
      const target = createPgliteTarget(pglite, schema, `shared pglite, schema ${schema}`);
      const dropSchema = async () => {
        await pglite.exec(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
      };
      const locks = new LockTable();
      return createSqlLoader({ ...target, [Symbol.asyncDispose]: dropSchema }, async (scope) => locks.acquire(scope));
    },
    [Symbol.asyncDispose]: () => pglite.close(),
  };
}
