import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBigquery, type TestDataset } from '../support/bigquery.ts';

describeBigquery('a dataset of a test', ({ client, createDataset, kind }) => {
  let dataset: TestDataset;

  beforeAll(async () => {
    dataset = await createDataset();
  });
  afterAll(() => dataset[Symbol.asyncDispose]());

  test('is empty, and its own', async () => {
    await using other = await createDataset();
    expect(other.dataset).not.toBe(dataset.dataset);
    const [tables] = await client().dataset(other.dataset).getTables();
    expect(tables).toEqual([]);
  });

  test('is gone when it is disposed, with its tables', async () => {
    const other = await createDataset();
    await client().dataset(other.dataset).createTable('t', { schema: 'i:INT64' });
    await other[Symbol.asyncDispose]();
    expect(await client().dataset(other.dataset).exists()).toEqual([false]);
    await other[Symbol.asyncDispose]();
  });

  if (kind === 'service') {
    test('expires with its tables after an hour, should nobody delete it', async () => {
      const [metadata] = await client().dataset(dataset.dataset).getMetadata();
      expect(metadata.defaultTableExpirationMs).toBe('3600000');
    });
  }
});
