/** Suites on BigQuery: {@link describeBigquery} runs one on the worker's emulator, and on a real project when one is named. */
import { randomBytes } from 'node:crypto';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { beforeAll, describe, inject, test } from 'vitest';
import { defaultTimings, type Timings } from '../../src/load/bigquery/client/timings.ts';
import { emulatorProject } from './local-bigquery-server.ts';

/** The fields of a `target` section that say where; tests add the others. */
export interface BigqueryPlace {
  readonly projectId: string;
  readonly location: string;
  /** Only for the emulator. */
  readonly apiEndpoint?: string;
}

/** A dataset of its own; disposing deletes it with its tables. */
export interface TestDataset extends AsyncDisposable, BigqueryPlace {
  readonly dataset: string;
}

/** What a suite gets. Call the methods inside tests and hooks. */
export interface BigquerySuite {
  /** Whether this is the emulator or the real service. */
  readonly kind: 'emulator' | 'service';
  readonly place: () => BigqueryPlace;
  /** For loaders of tests: polls an emulator often enough, but not so often that it has no time for the job. */
  readonly timings: Timings;
  /** A client for arranging and looking; one for the whole suite. */
  readonly client: () => BigQuery;
  /** A name that nobody uses; nothing is created. Dropped with `dropDataset`. */
  freshName(): string;
  /** An empty dataset with a random name; on the real service its tables expire after one hour. */
  createDataset(): Promise<TestDataset>;
  /** Deletes a dataset with its tables; nothing happens when it is not there. */
  dropDataset(dataset: string): Promise<void>;
}

/**
 * Runs `suite` as `describe('<name> (local-bigquery)')`, and again as `describe('<name> (project <id>)')` when
 * `SCENEDIM_TEST_BIGQUERY_PROJECT` names a real project, with Application Default Credentials, in
 * `SCENEDIM_TEST_BIGQUERY_LOCATION` (default `US`). With no emulator it is one visibly skipped test, and a failing one when
 * `SCENEDIM_TEST_REQUIRE_ALL=1`.
 */
export function describeBigquery(name: string, suite: (bigquery: BigquerySuite) => void): void {
  const emulator = inject('localBigquery');
  if (emulator === null) withoutEmulator(name);
  else describe(`${name} (local-bigquery)`, () => suite(suiteOn('emulator', () => emulatorPlace(emulator))));

  const projectId = process.env['SCENEDIM_TEST_BIGQUERY_PROJECT'];
  if (!projectId) return;
  const location = process.env['SCENEDIM_TEST_BIGQUERY_LOCATION'] || 'US';
  describe(`${name} (project ${projectId})`, () => suite(suiteOn('service', async () => ({ projectId, location }))));
}

/** A client of the emulator (with `apiEndpoint`) or of the real service. */
export function connectBigquery({ projectId, location, apiEndpoint }: BigqueryPlace): BigQuery {
  if (apiEndpoint === undefined) return new BigQuery({ projectId, location });
  return new BigQuery({ projectId, location, apiEndpoint, authClient: new PassThroughClient() });
}

async function emulatorPlace(url: string): Promise<BigqueryPlace> {
  const response = await fetch(`${url}/${process.env['VITEST_POOL_ID'] ?? ''}`);
  const answer = await response.text();
  if (!response.ok) throw new Error(`the emulator did not start: ${answer}`);
  return { projectId: emulatorProject, location: 'US', apiEndpoint: answer };
}

const emulatorTimings: Timings = { ...defaultTimings, pollMs: () => 150, leasePollMs: 250 };
const oneHourMs = String(60 * 60 * 1_000);

function suiteOn(kind: BigquerySuite['kind'], find: () => Promise<BigqueryPlace>): BigquerySuite {
  let open: { readonly place: BigqueryPlace; readonly client: BigQuery } | undefined;
  beforeAll(async () => {
    const place = await find();
    open = { place, client: connectBigquery(place) };
  }, 120_000);
  const opened = () => {
    if (open === undefined) throw new Error('BigQuery is there only inside tests and hooks');
    return open;
  };
  const freshName = () => `scenedim_test_${randomBytes(8).toString('hex')}`;
  const dropDataset = async (dataset: string) => {
    try {
      await opened().client.dataset(dataset).delete({ force: true });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  };
  return {
    kind,
    timings: kind === 'emulator' ? emulatorTimings : defaultTimings,
    place: () => opened().place,
    client: () => opened().client,
    freshName,
    dropDataset,
    async createDataset() {
      const { client, place } = opened();
      const dataset = freshName();
      const expiration = kind === 'service' ? { defaultTableExpirationMs: oneHourMs } : {};
      await client.createDataset(dataset, { location: place.location, ...expiration });
      return { ...place, dataset, [Symbol.asyncDispose]: () => dropDataset(dataset) };
    },
  };
}

function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 404;
}

function withoutEmulator(name: string): void {
  const reason =
    'no BigQuery emulator: run .ci/install-local-bigquery, or set SCENEDIM_TEST_LOCAL_BIGQUERY to its folder';
  if (process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1') {
    test(name, () => {
      throw new Error(reason);
    });
  } else {
    // biome-ignore lint/suspicious/noSkippedTests: the one place that skips, visibly, and never in CI
    test.skip(`${name}: ${reason}`, () => {});
  }
}
