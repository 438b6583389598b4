import { resolve } from 'node:path';
import { systemTimer } from '../../clock.ts';
import { ServerTime } from '../../server-time.ts';
import type { Loader } from '../loader.ts';
import type { LoaderFactory, RetryNotice } from '../loader-factory.ts';
import type { LoaderLimits } from '../loader-limits.ts';
import { listMigrationFiles, migrationLosses } from '../migration-files.ts';
import { applyChangeSet } from './apply/apply-change-set.ts';
import { writeRoster } from './apply/write-roster.ts';
import { assertNoEmulatorVariable, type BigQueryConfig, parseBigQueryConfig } from './bigquery-config.ts';
import { checkDataset } from './check/check-dataset.ts';
import { type BigQueryClient, createBigQueryClient } from './client/bigquery-client.ts';
import { defaultTimings, type Timings } from './client/timings.ts';
import { classifyBigQueryError } from './errors/classify-error.ts';
import { createLocator } from './jobs/dataset-location.ts';
import type { JobRunner } from './jobs/run-job.ts';
import { createUsageMeter } from './jobs/usage-meter.ts';
import { acquireLeaseLock, lockEndsAt, type RunLeases } from './leases/acquire-lease-lock.ts';
import { readHeads } from './read/read-heads.ts';
import { readObservations } from './read/read-observations.ts';
import { readPayloadSizes, readPayloads } from './read/read-payloads.ts';
import { readRoster } from './read/read-roster.ts';
import { readVersions } from './read/read-versions.ts';
import { createTableReader } from './read/table-reader.ts';
import { readMeta, writeMeta } from './schema/meta.ts';
import { migrateTarget } from './schema/migrate-target.ts';
import { migrationScript, newestSchemaVersion } from './schema/migrations.ts';

/**
 * A job takes seconds, and BigQuery allows few a minute on a table, so a batch is large. Observations are partitioned by day, and one
 * job may change 4,000 partitions.
 */
export const bigQueryLimits: LoaderLimits = {
  batchAccounts: 20_000,
  batchObservations: 200_000,
  batchBodyBytes: 32 * 1024 * 1024,
  batchAgeMs: 600_000,
  batchDays: 3_900,
  batchVersions: 100_000,
  readAccounts: 20_000,
  readLogAccounts: 1_000,
  readPayloads: 1_000,
  // A migration is dozens of statements of a second or two, and one that was killed holds its lease for five minutes.
  migrationWaitMs: 330_000,
  // Each attempt is a job that writes and is billed.
  lockPollMs: 5_000,
};

/** What a loader is made with, beside its config. */
export interface BigQueryLoaderOptions {
  readonly timings?: Timings;
  /** Sends the requests. Default: Google's client. */
  readonly client?: BigQueryClient;
  /** Rows of a table that one statement may put in order. Default 1,000,000. */
  readonly rowsOrderedAtOnce?: number;
  readonly onRetry?: (notice: RetryNotice) => void;
}

/**
 * A loader for a BigQuery dataset. Connects when it is first used. What a run costs is in config/bigquery/README.md;
 * test/bigquery/volume.test.ts counts it.
 */
export function createBigQueryLoader(
  config: BigQueryConfig,
  {
    timings = defaultTimings,
    onRetry = () => {},
    rowsOrderedAtOnce = 1_000_000,
    ...options
  }: BigQueryLoaderOptions = {},
): Loader {
  assertNoEmulatorVariable(config, process.env);
  const client = options.client ?? createBigQueryClient(config, timings.request, { onRetry });
  const usage = createUsageMeter();
  const location = createLocator(client, config);
  const serverTime = new ServerTime(systemTimer);
  const runner: JobRunner = { config, client, timings, usage, serverTime, rowsOrderedAtOnce, onRetry, location };
  const held: RunLeases = new Set();
  const { classified, classifiedRows } = classifying(config, client);

  return {
    kind: 'bigquery',
    description: `bigquery ${config.projectId}.${config.dataset}`,
    limits: bigQueryLimits,
    schemaVersion: newestSchemaVersion(),
    migrationLosses: (version) => migrationLosses(listMigrationFiles('bigquery'), version),
    check: (signal) => checkDataset(runner, signal),
    readMeta: (signal) => classified(() => readMeta(runner, signal), signal),
    writeMeta: (meta, signal) => classified(() => writeMeta(runner, [...held], meta, signal), signal),
    migrate: (options, signal) => classified(() => migrateTarget(runner, options, signal), signal),
    migrationSql: (options) => migrationScript(config, config.location, options),
    acquireLock: (scope, signal) => classified(() => acquireLeaseLock(runner, held, scope, signal), signal),
    lockEndsAt: (scope, signal) => classified(() => lockEndsAt(runner, scope, signal), signal),
    readHeads: (query, signal) => classifiedRows(readHeads(runner, query, signal), signal),
    readVersions: (query, signal) => classifiedRows(readVersions(runner, query, signal), signal),
    readObservations: (query, signal) => classifiedRows(readObservations(runner, query, signal), signal),
    readPayloads: (hashes, signal) => classified(() => readPayloads(runner, hashes, signal), signal),
    readPayloadSizes: (signal) => classifiedRows(readPayloadSizes(runner, signal), signal),
    apply: (changeSet, signal) => classified(() => applyChangeSet(runner, held, changeSet, signal), signal),
    roster: {
      read: (signal) => classifiedRows(readRoster(runner, signal), signal),
      write: (appIds, listedAt, signal) =>
        classified(() => writeRoster(runner, held, appIds, listedAt, signal), signal),
    },
    tableReader: createTableReader(runner, classified),
    usage: usage.read,
    latestTime: () => serverTime.now(),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Work and rows whose errors are those of the port; an aborted signal wins over whatever broke. */
function classifying(config: BigQueryConfig, client: BigQueryClient) {
  const judged = (error: unknown, signal: AbortSignal): unknown =>
    signal.aborted ? signal.reason : classifyBigQueryError(error, { ...config, member: client.member() });
  return {
    async classified<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
      signal.throwIfAborted();
      return work().catch((error: unknown) => {
        throw judged(error, signal);
      });
    },
    async *classifiedRows<Row>(rows: AsyncIterable<Row>, signal: AbortSignal): AsyncGenerator<Row> {
      signal.throwIfAborted();
      try {
        yield* rows;
      } catch (error) {
        throw judged(error, signal);
      }
    },
  };
}

/** `target.type: bigquery`. */
export const bigqueryLoaderFactory: LoaderFactory<BigQueryConfig> = {
  parseConfig: parseBigQueryConfig,
  create: async (config, { baseDirectory, onRetry }) => {
    const keyFile = config.keyFile === undefined ? undefined : resolve(baseDirectory, config.keyFile);
    return createBigQueryLoader({ ...config, keyFile }, onRetry === undefined ? {} : { onRetry });
  },
};
