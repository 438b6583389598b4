import { afterAll, beforeAll } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { describeLoaderContract, type LoaderContractOptions } from '../../src/testing.ts';
import { describeBigquery } from './bigquery.ts';
import { type BigqueryTargets, createBigqueryTargets } from './bigquery-targets.ts';

/** Declares a part of the loader contract on BigQuery; each is a test file, so that both workers have one. */
export function describeBigqueryContract(part: NonNullable<LoaderContractOptions['part']>): void {
  describeBigquery('the loader contract', (suite) => {
    const { place, timings, freshName, dropDataset } = suite;
    let targets: BigqueryTargets;
    beforeAll(() => {
      targets = createBigqueryTargets(suite);
    });
    afterAll(() => targets[Symbol.asyncDispose]());

    describeLoaderContract(
      'bigquery',
      async () => {
        const dataset = freshName();
        const config = parseBigQueryConfig({ type: 'bigquery', ...place(), dataset });
        return {
          loader: createBigQueryLoader(config, { timings }),
          second: async () => createBigQueryLoader(config, { timings }),
          remove: () => dropDataset(dataset),
        };
      },
      {
        timeoutMs: 240_000,
        without: ['refreshTokens'],
        part,
        createMigrated: async (settings) => {
          const { connect, giveBack } = await targets.lend(settings);
          return { loader: connect(), second: async () => connect(), remove: async () => giveBack() };
        },
      },
    );
  });
}
