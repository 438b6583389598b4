import { sleep } from '../../../clock.ts';
import type { ServerTime } from '../../../server-time.ts';
import type { RetryNotice } from '../../loader-factory.ts';
import type { BigQueryConfig } from '../bigquery-config.ts';
import type { BigQueryClient } from '../client/bigquery-client.ts';
import type { Timings } from '../client/timings.ts';
import { BigQueryFailure, unlessThere } from '../errors/bigquery-failure.ts';
import { meaningOfFailure } from '../errors/classify-error.ts';
import {
  bytesBilled,
  bytesProcessed,
  endOf,
  type Job,
  type JobConfiguration,
  parseJob,
  type QueryConfiguration,
} from './job.ts';
import { jobId } from './job-id.ts';
import type { UsageMeter } from './usage-meter.ts';

/** What every job needs: where it runs, what it may cost, and how long to wait for it. */
export interface JobRunner {
  readonly config: BigQueryConfig;
  readonly client: BigQueryClient;
  readonly timings: Timings;
  readonly usage: UsageMeter;
  /** What time it is by BigQuery: each job tells it. */
  readonly serverTime: ServerTime;
  /** Rows of a table that one statement may put in order. */
  readonly rowsOrderedAtOnce: number;
  readonly onRetry: (notice: RetryNotice) => void;
  /** The location of the dataset, from `createLocator`. */
  location(signal: AbortSignal): Promise<string>;
}

/** The whole name of a job. */
interface JobReference {
  readonly projectId: string;
  readonly location: string;
  readonly jobId: string;
}

/** One piece of work: a job, or several when the service fails. */
export interface Work {
  /** From `jobName`. */
  readonly name: string;
  readonly configuration: JobConfiguration;
  /** The rows of a load. */
  readonly rows?: () => Iterable<Uint8Array>;
}

/** How long an aborted call waits for its job to end, so that no job of ours writes after the call. */
const CANCEL_WAIT_MS = 15_000;

/**
 * Runs a job to its end. If the service failed, or the transaction was cancelled in favour of another one, the job runs again under
 * a new id. Any other failure rejects with a {@link BigQueryFailure}. An abort cancels the job and rejects with the reason when the
 * job has ended, or after 15 seconds.
 */
export async function runJob(runner: JobRunner, work: Work, signal: AbortSignal): Promise<Job> {
  const { timings, usage, serverTime } = runner;
  const location = await runner.location(signal);
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const reference = { projectId: runner.config.projectId, location, jobId: jobId(work.name, attempt) };
    const job = await runAttempt(runner, work, reference, signal);
    usage.add(bytesBilled(job));
    serverTime.see(endOf(job));
    const { errorResult } = job.status;
    if (errorResult === undefined) return job;
    const failure = new BigQueryFailure(errorResult.message ?? 'the job failed', {
      reason: errorResult.reason ?? null,
    });
    if (!meaningOfFailure(failure).newAttempt || attempt >= timings.job.attempts) throw failure;
    const waitMs = timings.job.delayMs(attempt);
    runner.onRetry({ message: failure.message, attempt, waitMs });
    await sleep(waitMs, signal);
  }
}

async function runAttempt(runner: JobRunner, work: Work, reference: JobReference, signal: AbortSignal): Promise<Job> {
  try {
    return await waitForJob(runner, await startJob(runner, work, reference, signal), reference, signal);
  } catch (error) {
    if (signal.aborted) await cancelJob(runner, reference);
    throw error;
  }
}

/** Sends the job. If a job of this id exists, we sent it before and its answer was lost. */
async function startJob(
  { config, client }: JobRunner,
  { configuration, rows }: Work,
  reference: JobReference,
  signal: AbortSignal,
): Promise<Job> {
  const { query } = configuration;
  const limited = limitedQuery(config, query);
  const resource = {
    jobReference: reference,
    configuration: {
      ...configuration,
      ...(limited === undefined ? {} : { query: limited }),
      labels: { application: 'scenedim', ...config.labels },
    },
  };
  const sent =
    rows === undefined
      ? client.call({ method: 'POST', path: 'jobs', body: resource }, signal)
      : client.upload(resource, rows, signal);
  const started = await unlessThere(sent, signal);
  return started === null ? getJob(client, reference, signal) : parseJob(started);
}

/** The smaller limit counts: that of the config, or that of the query itself. */
function limitedQuery(
  { maximumBytesBilled }: BigQueryConfig,
  query?: QueryConfiguration,
): QueryConfiguration | undefined {
  if (query === undefined || maximumBytesBilled === undefined) return query;
  const own = query.maximumBytesBilled;
  const isOwnSmaller = own !== undefined && BigInt(own) < BigInt(maximumBytesBilled);
  return isOwnSmaller ? query : { ...query, maximumBytesBilled };
}

/** Looks at a running job until it has ended. */
async function waitForJob(
  { client, timings }: JobRunner,
  started: Job,
  reference: JobReference,
  signal: AbortSignal,
): Promise<Job> {
  let job = started;
  for (let looks = 1; job.status.state !== 'DONE'; looks += 1) {
    await sleep(timings.pollMs(looks), signal);
    job = await getJob(client, reference, signal);
  }
  return job;
}

/** A job that cannot be cancelled fails at its lease, or commits a whole batch. */
async function cancelJob(runner: JobRunner, reference: JobReference): Promise<void> {
  const deadline = AbortSignal.timeout(CANCEL_WAIT_MS);
  const { jobId: id, location } = reference;
  try {
    await runner.client.call({ method: 'POST', path: `jobs/${id}/cancel`, query: { location } }, deadline);
    await waitForJob(runner, await getJob(runner.client, reference, deadline), reference, deadline);
  } catch {
    // The caller throws the reason of the abort.
  }
}

async function getJob(
  client: BigQueryClient,
  { jobId: id, location }: JobReference,
  signal: AbortSignal,
): Promise<Job> {
  return parseJob(await client.call({ method: 'GET', path: `jobs/${id}`, query: { location } }, signal));
}

/**
 * Has BigQuery check a statement and our rights, free of charge; rejects with a {@link BigQueryFailure}. Resolves with the bytes that
 * the statement would read.
 */
export async function dryRun(runner: JobRunner, query: object, signal: AbortSignal): Promise<bigint> {
  const jobReference = { projectId: runner.config.projectId, location: await runner.location(signal) };
  const body = { jobReference, configuration: { dryRun: true, query } };
  return bytesProcessed(await runner.client.call({ method: 'POST', path: 'jobs', body }, signal));
}
