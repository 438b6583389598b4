import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Loader } from '../../src/load/loader.ts';
import { migrateTarget } from '../../src/pipeline/run/prepare-target.ts';
import { readCases } from '../support/case-file.ts';
import { emptyTargetSql } from '../support/empty-target.ts';
import { contextFor, runCase } from '../support/run-case.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';

const cases = readCases(new URL('scd2-cases.yaml', import.meta.url));

describe('behaviour cases in PGlite', () => {
  const opened = new AsyncDisposableStack();
  let shared: SharedPglite;
  let loader: Loader;
  beforeAll(async () => {
    shared = opened.use(await createSharedPglite());
    loader = opened.use(await shared.createLoader('cases'));
    await migrateTarget(contextFor(loader, { dimension: {}, guards: {} }));
  });
  afterAll(() => opened.disposeAsync());

  it.each(cases)('$id $title', async (behaviour) => {
    await shared.pglite.exec(emptyTargetSql('cases', behaviour));
    await runCase(behaviour, loader);
  });
});
