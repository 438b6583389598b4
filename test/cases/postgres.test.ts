import type pg from 'pg';
import { afterAll, beforeAll, it } from 'vitest';
import type { Loader } from '../../src/load/loader.ts';
import { migrateTarget } from '../../src/pipeline/run/prepare-target.ts';
import { readCases } from '../support/case-file.ts';
import { emptyTargetSql } from '../support/empty-target.ts';
import { describePostgres } from '../support/postgres.ts';
import { connect, open } from '../support/postgres-loader-fixture.ts';
import { contextFor, runCase } from '../support/run-case.ts';

const cases = readCases(new URL('scd2-cases.yaml', import.meta.url));

describePostgres('behaviour cases in Postgres', ({ createDatabase }) => {
  const opened = new AsyncDisposableStack();
  let loader: Loader;
  let client: pg.Client;
  beforeAll(async () => {
    const { url } = opened.use(await createDatabase());
    loader = opened.use(await open(url));
    client = opened.use(await connect(url));
    await migrateTarget(contextFor(loader, { dimension: {}, guards: {} }));
  });
  afterAll(() => opened.disposeAsync());

  it.each(cases)('$id $title', async (behaviour) => {
    await client.query(emptyTargetSql('scene', behaviour));
    await runCase(behaviour, loader);
  });
});
