import { expect, test } from 'vitest';
import { parseBigQueryConfig } from '../../../../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../../../../src/load/bigquery/bigquery-loader.ts';
import type { BigQueryClient } from '../../../../../src/load/bigquery/client/bigquery-client.ts';
import { momentaryTimings } from '../../../../support/bigquery-on-fake.ts';

const { signal } = new AbortController();
const config = parseBigQueryConfig({ type: 'bigquery', projectId: 'test', apiEndpoint: 'http://127.0.0.1:1' });

const rowOf = (appId: string) => ({ f: [appId, '1', null, null, null, '5', null, null].map((v) => ({ v })) });

/** The accounts that are read from some pages of a result, in the order in which they are asked for. */
async function accountsOf(pages: readonly object[]) {
  const asked: (string | undefined)[] = [];
  const client: BigQueryClient = {
    member: () => null,
    upload: () => Promise.reject(new Error('nothing is uploaded')),
    call: async ({ path, query }) => {
      if (path.startsWith('datasets/')) return { location: 'US' };
      if (path === 'jobs') return { jobReference: { jobId: 'j' }, status: { state: 'DONE' } };
      asked.push(query?.['pageToken']);
      return pages[asked.length - 1];
    },
  };
  const loader = createBigQueryLoader(config, { client, timings: momentaryTimings });
  const heads = await Array.fromAsync(loader.readHeads({}, signal));
  return { accounts: heads.map(({ appId }) => appId), asked };
}

test('a page without rows that has a token is not the last', async () => {
  expect(
    await accountsOf([
      { jobComplete: true, totalRows: '2', pageToken: 'a' },
      { jobComplete: true, totalRows: '2', pageToken: 'b', rows: [rowOf('wx1')] },
      { jobComplete: true, totalRows: '2', rows: [rowOf('wx2')] },
    ]),
  ).toEqual({ accounts: ['wx1', 'wx2'], asked: [undefined, 'a', 'b'] });
});

test('a result that is not there yet is asked for again', async () => {
  expect(await accountsOf([{ jobComplete: false }, { totalRows: '1', rows: [rowOf('wx1')] }])).toEqual({
    accounts: ['wx1'],
    asked: [undefined, undefined],
  });
});

test('a result of which rows are missing is no result', async () => {
  await expect(accountsOf([{ totalRows: '2', rows: [rowOf('wx1')] }])).rejects.toMatchObject({
    code: 'target_unreachable',
    message: '1 of 2 rows of a result arrived',
  });
});

test.each([{ v: 'wx1' }, { f: 'wx1' }, { f: [{ v: 1 }] }, { f: [{}] }, null])(
  'a row like %j is not one',
  async (row) => {
    await expect(accountsOf([{ totalRows: '1', rows: [row] }])).rejects.toMatchObject({
      code: 'target_unreachable',
      message: 'http://127.0.0.1:1 answers with rows of another kind, not as BigQuery does',
    });
  },
);
