import { afterAll, beforeAll, it } from 'vitest';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { readCases } from '../support/case-file.ts';
import { describePostgres, type TestDatabase } from '../support/postgres.ts';
import { runCase } from '../support/run-case.ts';

const cases = readCases(new URL('scd2-cases.yaml', import.meta.url));

describePostgres('behaviour cases in Postgres', ({ createDatabase }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  it.each(cases)('$id $title', async (behaviour) => {
    const schema = `case_${behaviour.id.toLowerCase()}`;
    await using loader = await createPostgresLoader(
      parsePostgresConfig({ type: 'postgres', url: database.url, schema }),
    );
    await runCase(behaviour, loader);
  });
});
