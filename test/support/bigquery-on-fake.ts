import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import type { Timings } from '../../src/load/bigquery/client/timings.ts';
import type { Loader } from '../../src/load/loader.ts';
import type { RetryNotice } from '../../src/load/loader-factory.ts';
import { type FakeBigquery, type FakeBigqueryOptions, startFakeBigquery } from './fake-bigquery.ts';

/** Every wait is a moment, and a lease is long enough not to be renewed during a test. */
export const momentaryTimings: Timings = {
  request: { attempts: 4, delayMs: () => 1 },
  job: { attempts: 4, delayMs: () => 1 },
  pollMs: () => 1,
  leaseSeconds: 60,
  leasePollMs: 1,
};

/** Whether a statement takes a lease, and does not only hold it for longer or give it back. */
export function takesLease(sql: string): boolean {
  return /^(?:MERGE|UPDATE) `[^`]*\.scene_lease`[^;]*\bSET token = /.test(sql);
}

/** A loader on a fake BigQuery, which gives every lease that is asked for. */
export interface LoaderOnFake extends AsyncDisposable {
  readonly fake: FakeBigquery;
  readonly loader: Loader;
  /** What the loader told of its repetitions. */
  readonly retries: readonly RetryNotice[];
}

/** Starts both. `section` adds to the `target` section. */
export async function startLoaderOnFake(
  section: object = {},
  timings: Partial<Timings> = {},
  options: FakeBigqueryOptions = {},
): Promise<LoaderOnFake> {
  const fake = await startFakeBigquery({
    ...options,
    answer: (job) =>
      options.answer?.(job) ?? (job.sql !== undefined && takesLease(job.sql) ? { affectedRows: 1 } : undefined),
  });
  const { projectId, apiEndpoint } = fake;
  // An emulator's endpoint takes no compressed loads, but this one plays the real service.
  const { gzip = false, ...others } = section as { readonly gzip?: boolean };
  const config = { ...parseBigQueryConfig({ type: 'bigquery', projectId, apiEndpoint, ...others }), gzip };
  const retries: RetryNotice[] = [];
  return {
    fake,
    loader: createBigQueryLoader(config, {
      timings: { ...momentaryTimings, ...timings },
      onRetry: (notice) => retries.push(notice),
    }),
    retries,
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}
