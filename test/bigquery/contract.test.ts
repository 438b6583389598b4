import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { describeLoaderContract } from '../../src/testing.ts';
import { describeBigquery } from '../support/bigquery.ts';

describeBigquery('the loader contract', ({ place, freshName, dropDataset }) => {
  describeLoaderContract(
    'bigquery',
    async () => {
      const dataset = freshName();
      const config = parseBigQueryConfig({ type: 'bigquery', ...place(), dataset });
      return {
        loader: createBigQueryLoader(config),
        second: async () => createBigQueryLoader(config),
        remove: () => dropDataset(dataset),
      };
    },
    // An emulator makes a schema in seconds, and each test wants one of its own.
    { timeoutMs: 240_000 },
  );
});
