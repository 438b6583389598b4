import { afterAll, beforeAll, describe } from 'vitest';
import { describePostgres } from './postgres.ts';
import { createSceneSchema, openPgliteDatabase, openPostgresDatabase, type ViewDatabase } from './view-database.ts';

/** Runs a suite on PGlite and on every PostgreSQL here, each with an empty schema `scene`; `database` is for tests and hooks. */
export function describeViewDatabases(name: string, suite: (database: () => ViewDatabase) => void): void {
  describe(`${name} (PGlite)`, () => suite(sharedDatabase(async (owned) => owned.use(await openPgliteDatabase()))));

  describePostgres(name, ({ createDatabase }) => {
    const open = async (owned: AsyncDisposableStack) => {
      const { url } = owned.use(await createDatabase());
      return owned.use(await openPostgresDatabase(url));
    };
    suite(sharedDatabase(open));
  });
}

function sharedDatabase(open: (owned: AsyncDisposableStack) => Promise<ViewDatabase>): () => ViewDatabase {
  const owned = new AsyncDisposableStack();
  let database: ViewDatabase | undefined;
  beforeAll(async () => {
    database = await open(owned);
    await createSceneSchema(database);
  });
  afterAll(() => owned.disposeAsync());
  return () => {
    if (database === undefined) throw new Error('the database is there only inside tests and hooks');
    return database;
  };
}
