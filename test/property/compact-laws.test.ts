import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { compactingChangesNothing, compactingKeepsWhatMends } from '../support/compact-laws.ts';
import { describePostgres, type TestDatabase } from '../support/postgres.ts';
import { checkLaw, databaseRuns } from '../support/replay-laws.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';
import { cuttableMemory, cuttableSql } from '../support/shortened-laws.ts';

const changesNothing = 'stays as it is when its log is compacted, and when what was removed comes again';
const keepsWhatMends = 'is whole again with a copy of the log when a cut log was compacted';

describe('a dimension in memory', () => {
  it(changesNothing, () =>
    checkLaw(
      compactingChangesNothing(async () => createMemoryLoader()),
      150,
    ),
  );
  it(keepsWhatMends, () => checkLaw(compactingKeepsWhatMends(cuttableMemory), 150));
});

describe('a dimension in PGlite', () => {
  let shared: SharedPglite;
  beforeAll(async () => {
    shared = await createSharedPglite();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  it(changesNothing, () =>
    checkLaw(
      compactingChangesNothing(() => shared.createLoader()),
      databaseRuns(25),
    ),
  );
  it(keepsWhatMends, () =>
    checkLaw(
      compactingKeepsWhatMends(async () => {
        const loader = await shared.createLoader();
        const schema = /schema (\w+)/.exec(loader.description)?.[1];
        expect(schema).toBeDefined();
        return cuttableSql(loader, schema ?? '');
      }),
      databaseRuns(25),
    ),
  );
});

describePostgres(
  'a dimension in Postgres',
  ({ createDatabase }) => {
    let database: TestDatabase;
    let schemas = 0;
    beforeAll(async () => {
      database = await createDatabase();
    });
    afterAll(() => database[Symbol.asyncDispose]());
    const createTarget = async () => {
      schemas += 1;
      const schema = `scene_${schemas}`;
      return createPostgresLoader(parsePostgresConfig({ type: 'postgres', url: database.url, schema }));
    };

    it(changesNothing, () => checkLaw(compactingChangesNothing(createTarget), databaseRuns(25)));
    it(keepsWhatMends, () =>
      checkLaw(
        compactingKeepsWhatMends(async () => cuttableSql(await createTarget(), `scene_${schemas}`)),
        databaseRuns(25),
      ),
    );
  },
  { versions: 'newest' },
);
