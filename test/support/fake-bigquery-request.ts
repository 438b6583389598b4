/** Requests as the fake BigQuery reads them. */
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import * as z from 'zod';
import type { FakeJob } from './fake-bigquery-jobs.ts';
import { type FakeUpload, parseUpload } from './fake-bigquery-upload.ts';

const requestKinds = {
  insertJob: /^POST \/bigquery\/v2\/projects\/[^/]+\/jobs$/,
  uploadJob: /^POST \/upload\/bigquery\/v2\/projects\/[^/]+\/jobs$/,
  getJob: /^GET .*\/jobs\/([^/]+)$/,
  cancelJob: /^POST .*\/jobs\/([^/]+)\/cancel$/,
  getQueryResults: /^GET .*\/queries\/([^/]+)$/,
  getDataset: /^GET .*\/datasets\/([^/]+)$/,
  insertDataset: /^POST .*\/datasets$/,
  getTable: /^GET .*\/datasets\/([^/]+\/tables\/[^/]+)$/,
  testRights: /^POST .*\/datasets\/([^/]+\/tables\/[^/]+):testIamPermissions$/,
  insertTable: /^POST .*\/datasets\/([^/]+)\/tables$/,
  deleteTable: /^DELETE .*\/datasets\/([^/]+\/tables\/[^/]+)$/,
} as const;
/** `dryRun` is an `insertJob` that asks for one. */
export type RequestKind = keyof typeof requestKinds | 'dryRun' | 'unknown';

/** A request as it arrived. */
export interface FakeRequest {
  readonly kind: RequestKind;
  /** What the path names: a job, a dataset, `dataset/tables/table`. */
  readonly name: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The SQL text of `insertJob` and `dryRun`. */
  readonly sql?: string;
  readonly upload?: FakeUpload;
}

const schemaField = z.looseObject({ name: z.string(), mode: z.string().optional() });
/** The name of a table in a request. */
export const tableId = z.looseObject({ datasetId: z.string(), tableId: z.string() });
const parameterValue = z.looseObject({
  value: z.string().nullish(),
  arrayValues: z.array(z.looseObject({ value: z.string() })).optional(),
});
/** Reads a job as it is sent. */
export const jobResource = z.looseObject({
  jobReference: z.looseObject({ jobId: z.string().optional(), location: z.string().optional() }).default({}),
  configuration: z.looseObject({
    dryRun: z.boolean().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    query: z
      .looseObject({
        query: z.string(),
        maximumBytesBilled: z.string().optional(),
        queryParameters: z.array(z.looseObject({ name: z.string(), parameterValue })).default([]),
      })
      .optional(),
    load: z
      .looseObject({
        destinationTable: tableId,
        schema: z.looseObject({ fields: z.array(schemaField) }),
        createDisposition: z.string().optional(),
      })
      .optional(),
  }),
});
/** A job as it is sent, as far as the fake looks at it. */
export type JobResource = z.output<typeof jobResource>;

/** What a job is to do. */
export function describeJob(
  { configuration }: JobResource,
  upload: FakeUpload | undefined,
): Omit<FakeJob, 'result' | 'jobId' | 'location'> {
  const { labels, query, load } = configuration;
  const parameters = query?.queryParameters.map(({ name, parameterValue: { value, arrayValues } }) => [
    name,
    arrayValues === undefined ? (value ?? null) : arrayValues.map((each) => each.value),
  ]);
  return {
    labels,
    ...(query === undefined ? {} : { sql: query.query, parameters: Object.fromEntries(parameters ?? []) }),
    ...(query?.maximumBytesBilled === undefined ? {} : { maximumBytesBilled: query.maximumBytesBilled }),
    ...(upload === undefined ? {} : { upload }),
    ...(load === undefined
      ? {}
      : { destination: `${load.destinationTable.datasetId}/tables/${load.destinationTable.tableId}` }),
  };
}

/** Reads a request to its end. */
export async function readRequest(message: IncomingMessage): Promise<FakeRequest> {
  const url = new URL(message.url ?? '/', 'http://fake');
  const line = `${message.method} ${url.pathname}`;
  const kinds = Object.keys(requestKinds) as (keyof typeof requestKinds)[];
  const kind = kinds.find((candidate) => requestKinds[candidate].test(line)) ?? 'unknown';
  const name = kind === 'unknown' ? line : decodeURIComponent(requestKinds[kind].exec(line)?.[1] ?? '');
  const query = Object.fromEntries(url.searchParams);
  const bytes = await buffer(message);
  if (kind === 'uploadJob') {
    const upload = parseUpload(message.headers['content-type'] ?? '', bytes);
    return { kind, name, query, body: upload.job, upload };
  }
  const body: unknown = bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'));
  if (kind !== 'insertJob') return { kind, name, query, body };
  const { configuration } = jobResource.parse(body);
  const sql = configuration.query?.query;
  const asked = configuration.dryRun === true ? 'dryRun' : kind;
  return { kind: asked, name, query, body, ...(sql === undefined ? {} : { sql }) };
}
