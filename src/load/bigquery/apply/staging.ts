import { gzipSync } from 'node:zlib';
import type { ChangeSet } from '../../loader.ts';
import { unlessThere } from '../errors/bigquery-failure.ts';
import { callName, jobName } from '../jobs/job-id.ts';
import { type JobRunner, runJob } from '../jobs/run-job.ts';
import { tablePath } from '../sql/table-path.ts';
import type { StagedSources } from './apply-statements.ts';
import { ndjsonFiles } from './ndjson.ts';
import { type StagingPartName, stagingPartNames, stagingParts } from './staging-parts.ts';

/** BigQuery takes less than 50,000,000 bytes in one request with the job. */
const FILE_BYTES = 45 * 1024 * 1024;
/** When BigQuery drops the tables of a run that was killed, in milliseconds. */
const EXPIRATION_MS = 24 * 60 * 60 * 1000;
const DROP_TIMEOUT_MS = 10_000;

/** The parts of a change set in tables of their own; disposing drops the tables, if BigQuery can be reached. */
export interface StagedChangeSet extends AsyncDisposable {
  readonly sources: StagedSources;
}

/**
 * Loads the parts that are not empty into tables of their own, side by side: one load job for each 45 MiB of a part, so at most six for a
 * usual batch. BigQuery drops the tables of a killed run after a day.
 */
export async function stageChangeSet(
  runner: JobRunner,
  changeSet: ChangeSet,
  signal: AbortSignal,
): Promise<StagedChangeSet> {
  const { run } = changeSet;
  const call = callName();
  const names = stagingPartNames.filter((name) => !stagingParts[name].isEmpty(changeSet));
  const tableOf = (name: StagingPartName): string => `scene_stage_${call}_${name}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => dropTables(runner, names.map(tableOf)));
  const stop = new AbortController();
  const context = { signal: AbortSignal.any([signal, stop.signal]), stop };
  const loads = names.map((name) => {
    const jobs = jobName(run.runId, run.batches, call, name);
    return loadPart(runner, tableOf(name), name, changeSet, jobs, context);
  });
  await allEnded(loads, stop);
  const kept = stack.move();
  return {
    sources: Object.fromEntries(names.map((name) => [name, tablePath(runner.config, tableOf(name))])),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function loadPart(
  runner: JobRunner,
  table: string,
  name: StagingPartName,
  changeSet: ChangeSet,
  jobs: string,
  { signal, stop }: { readonly signal: AbortSignal; readonly stop: AbortController },
): Promise<void> {
  const { projectId, dataset, gzip, labels } = runner.config;
  const part = stagingParts[name];
  const destinationTable = { projectId, datasetId: dataset, tableId: table };
  const schema = { fields: Object.entries(part.columns).map(([column, type]) => ({ name: column, type })) };
  const files = ndjsonFiles(() => part.rows(changeSet), FILE_BYTES);
  const expirationTime = String(Date.now() + EXPIRATION_MS);
  const body = {
    tableReference: destinationTable,
    schema,
    expirationTime,
    labels: { application: 'scenedim', ...labels },
  };
  await unlessThere(runner.client.call({ method: 'POST', path: `datasets/${dataset}/tables`, body }, signal), signal);
  const configuration = {
    load: {
      destinationTable,
      schema,
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      encoding: 'UTF-8',
      createDisposition: 'CREATE_NEVER',
      writeDisposition: 'WRITE_APPEND',
    },
  };
  const loads = files.map(({ chunks }, n) => {
    const rows = gzip ? () => compressed(chunks()) : chunks;
    return runJob(runner, { name: `${jobs}-${n}`, configuration, rows }, signal);
  });
  await allEnded(loads, stop);
}

/** The first failure aborts the other works. Waits for the end of all, so that their tables can be dropped. */
async function allEnded(works: readonly Promise<unknown>[], stop: AbortController): Promise<void> {
  await Promise.all(works).catch(async (error: unknown) => {
    stop.abort(error);
    await Promise.allSettled(works);
    throw error;
  });
}

/** A gzip file of one member a chunk. */
function* compressed(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const chunk of chunks) yield gzipSync(chunk);
}

async function dropTables({ client, config }: JobRunner, tables: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(DROP_TIMEOUT_MS);
  await Promise.allSettled(
    tables.map((table) =>
      client.call({ method: 'DELETE', path: `datasets/${config.dataset}/tables/${table}` }, signal),
    ),
  );
}
