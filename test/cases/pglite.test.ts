import { afterAll, beforeAll, describe, it } from 'vitest';
import { readCases } from '../support/case-file.ts';
import { runCase } from '../support/run-case.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';

const cases = readCases(new URL('scd2-cases.yaml', import.meta.url));

describe('behaviour cases in PGlite', () => {
  let shared: SharedPglite;
  beforeAll(async () => {
    shared = await createSharedPglite();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  it.each(cases)('$id $title', async (behaviour) => {
    await using loader = await shared.createLoader();
    await runCase(behaviour, loader);
  });
});
