import * as z from 'zod';
import { sleep } from '../../../clock.ts';
import { BigQueryFailure, fieldOf, parseAnswer } from '../errors/bigquery-failure.ts';
import type { Query } from '../sql/query.ts';
import type { Job, QueryConfiguration } from './job.ts';
import { callName, jobName } from './job-id.ts';
import { type JobRunner, runJob } from './run-job.ts';

/** Cells as BigQuery sends them: text, whatever the type (INT64 exactly, BOOL as `true`, BYTES in base64), or null. */
export type Row = readonly (string | null)[];

/** Rows that one page holds at most; BigQuery also cuts pages at 10 MB. */
export const PAGE_ROWS = 5_000;

const page = z.looseObject({
  jobComplete: z.boolean().nullish(),
  totalRows: z.string().nullish(),
  pageToken: z.string().nullish(),
  rows: z.array(z.unknown()).nullish(),
});

/** The `query` part of a job's configuration. */
export function queryConfiguration({ sql, parameters = [], maximumBytesBilled }: Query): QueryConfiguration {
  return {
    query: sql,
    useLegacySql: false,
    ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
    ...(parameters.length === 0 ? {} : { parameterMode: 'NAMED', queryParameters: parameters }),
  };
}

/** Runs a statement or a script to its end. */
export async function runStatement(runner: JobRunner, name: string, query: Query, signal: AbortSignal): Promise<Job> {
  return runJob(runner, { name, configuration: { query: queryConfiguration(query) } }, signal);
}

/**
 * Rows of a SELECT (of a script: of its last SELECT) in pages. BigQuery keeps the result of the job for a day. So all pages show
 * one state, memory holds one page, and nothing stays open when the reader stops.
 */
export async function* queryPages(
  runner: JobRunner,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const { jobReference } = await runStatement(runner, jobName('read', callName()), query, signal);
  yield* pagesOf(runner, jobReference.jobId, signal);
}

/** All rows of a SELECT that has few. */
export async function queryRows(runner: JobRunner, query: Query, signal: AbortSignal): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const each of queryPages(runner, query, signal)) rows.push(...each);
  return rows;
}

async function* pagesOf(
  { client, location, timings }: JobRunner,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const where = { location: await location(signal), maxResults: String(PAGE_ROWS) };
  let token: string | undefined;
  let rows = 0;
  for (let looks = 1; ; looks += 1) {
    const query = token === undefined ? where : { ...where, pageToken: token };
    const answer = parseAnswer(page, await client.call({ method: 'GET', path: `queries/${id}`, query }, signal));
    signal.throwIfAborted();
    if (answer.jobComplete === false) {
      await sleep(timings.pollMs(looks), signal);
      continue;
    }
    if (answer.rows) {
      rows += answer.rows.length;
      yield answer.rows.map(cellsOf);
    }
    signal.throwIfAborted();
    token = answer.pageToken ?? undefined;
    if (token !== undefined) continue;
    const { totalRows } = answer;
    if (totalRows && Number(totalRows) !== rows) {
      throw new BigQueryFailure(`${rows} of ${totalRows} rows of a result arrived`, { reason: 'backendError' });
    }
    return;
  }
}

/** Read by hand: to check a page with a schema takes longer than to parse its JSON. */
function cellsOf(row: unknown): Row {
  const cells = fieldOf(row, 'f');
  if (!Array.isArray(cells)) throw foreignRow();
  return cells.map((cell: unknown) => {
    const value = fieldOf(cell, 'v');
    if (value === null || typeof value === 'string') return value;
    throw foreignRow();
  });
}

function foreignRow(): BigQueryFailure {
  return new BigQueryFailure('answers with rows of another kind', { isForeign: true });
}
