import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { describePostgres, type TestDatabase } from '../support/postgres.ts';
import { checkLaw, databaseRuns } from '../support/replay-laws.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';
import { cutLogsAreNotRewritten, cuttableMemory, cuttableSql } from '../support/shortened-laws.ts';

const law = 'leaves history alone when a log was cut, and is whole again with a copy of it';

describe('a dimension in memory', () => {
  it(law, () => checkLaw(cutLogsAreNotRewritten(cuttableMemory), 300));
});

describe('a dimension in PGlite', () => {
  let shared: SharedPglite;
  beforeAll(async () => {
    shared = await createSharedPglite();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  it(law, () =>
    checkLaw(
      cutLogsAreNotRewritten(async () => {
        const loader = await shared.createLoader();
        const schema = /schema (\w+)/.exec(loader.description)?.[1];
        expect(schema).toBeDefined();
        return cuttableSql(loader, schema ?? '');
      }),
      databaseRuns(25),
    ),
  );
});

describePostgres('a dimension in Postgres', ({ createDatabase }) => {
  let database: TestDatabase;
  let schemas = 0;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  it(law, () =>
    checkLaw(
      cutLogsAreNotRewritten(async () => {
        schemas += 1;
        const schema = `scene_${schemas}`;
        const loader = await createPostgresLoader(parsePostgresConfig({ type: 'postgres', url: database.url, schema }));
        return cuttableSql(loader, schema);
      }),
      databaseRuns(25),
    ),
  );
});
