import { afterAll, beforeAll, test } from 'vitest';
import type { MigrateOptions } from '../../src/load/loader.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { type BigqueryTargets, createBigqueryTargets } from '../support/bigquery-targets.ts';
import { readCases } from '../support/case-file.ts';
import { runCase } from '../support/run-case.ts';

const cases = readCases(new URL('../cases/scd2-cases.yaml', import.meta.url));

describeBigquery('behaviour cases in BigQuery', (suite) => {
  let targets: BigqueryTargets;
  beforeAll(() => {
    targets = createBigqueryTargets(suite);
  });
  afterAll(() => targets[Symbol.asyncDispose]());

  // Side by side, because a case mostly waits for jobs.
  test.concurrent.each(cases)('$id $title', { timeout: 600_000 }, async (behaviour) => {
    await using loader = await targets.empty(behaviour.config.dimension as Partial<MigrateOptions>);
    await runCase(behaviour, loader);
  });
});
