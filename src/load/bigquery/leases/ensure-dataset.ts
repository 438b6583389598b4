import { unlessThere } from '../errors/bigquery-failure.ts';
import { readDatasetLocation } from '../jobs/dataset-location.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { runStatement } from '../jobs/run-query.ts';
import { createLeaseTableStatement } from './lease-table.ts';

/**
 * Makes the dataset and the table of the leases, unless they are there. A dataset that is there is not made again: BigQuery would ask
 * for the right to make datasets before it looks.
 */
export async function ensureDataset(runner: JobRunner, signal: AbortSignal): Promise<void> {
  const { config, client } = runner;
  if ((await readDatasetLocation(client, config, signal)) === null) await createDataset(runner, signal);
  const name = jobName('lease-table', callName());
  // Despite IF NOT EXISTS: of two runs that make a table at once, one may be told that the table exists.
  await unlessThere(runStatement(runner, name, { sql: createLeaseTableStatement(config) }, signal), signal);
}

async function createDataset(runner: JobRunner, signal: AbortSignal): Promise<void> {
  const { config, client } = runner;
  const location = await runner.location(signal);
  const body = {
    datasetReference: { projectId: config.projectId, datasetId: config.dataset },
    location,
    labels: { application: 'scenedim', ...config.labels },
  };
  await unlessThere(client.call({ method: 'POST', path: 'datasets', body }, signal), signal);
}
