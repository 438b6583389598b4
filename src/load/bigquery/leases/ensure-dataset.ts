import { toFailure } from '../errors/bigquery-failure.ts';
import { readDatasetLocation } from '../jobs/dataset-location.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { runStatement } from '../jobs/run-query.ts';
import { createLeaseTableStatement } from './lease-table.ts';

/**
 * Makes the dataset and the table of the leases, unless they are there. BigQuery asks for the right to make datasets before it looks
 * whether there is one, so it is not asked to make one that is there.
 */
export async function ensureDataset(runner: JobRunner, signal: AbortSignal): Promise<void> {
  const { config, client } = runner;
  if ((await readDatasetLocation(client, config, signal)) === null) await createDataset(runner, signal);
  const name = jobName('lease-table', callName());
  // IF NOT EXISTS or not: of two who make a table at once, one may be told that it is there by now.
  await runStatement(runner, name, { sql: createLeaseTableStatement(config) }, signal).catch((error: unknown) => {
    if (signal.aborted || toFailure(error).reason !== 'duplicate') throw error;
  });
}

async function createDataset(runner: JobRunner, signal: AbortSignal): Promise<void> {
  const { config, client } = runner;
  const location = await runner.location(signal);
  const body = {
    datasetReference: { projectId: config.projectId, datasetId: config.dataset },
    location,
    labels: { application: 'scenedim', ...config.labels },
  };
  await client.call({ method: 'POST', path: 'datasets', body }, signal).catch((error: unknown) => {
    if (signal.aborted || toFailure(error).reason !== 'duplicate') throw error;
  });
}
