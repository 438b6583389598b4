/** The life of jobs in the fake BigQuery: PENDING, RUNNING, DONE, and what they did. */
import type { FakeUpload } from './fake-bigquery-upload.ts';

/** What a query gives; every cell is text or null, as BigQuery sends them. */
export interface FakeResult {
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly affectedRows?: number;
  readonly bytesBilled?: number;
}

export interface JobFailure {
  readonly reason: string;
  readonly message: string;
}

/** A job that was accepted. */
export interface FakeJob {
  readonly jobId: string;
  readonly location: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The SQL text of a query job. */
  readonly sql?: string;
  /** Values of its parameters by name: a text, null, or texts. */
  readonly parameters?: Readonly<Record<string, string | null | readonly string[]>>;
  readonly maximumBytesBilled?: string;
  /** What a load job carried, and where to. */
  readonly upload?: FakeUpload;
  readonly destination?: string;
  readonly result: FakeResult;
  /** In milliseconds; default: now. */
  readonly endTime?: string;
  readonly failure?: JobFailure;
}

/** A job and how far it is. */
export class RunningJob {
  readonly job: FakeJob;
  #looksLeft: number;
  #cancelled = false;

  constructor(job: FakeJob, looks: number) {
    this.job = job;
    this.#looksLeft = looks;
  }

  get isDone(): boolean {
    return this.#looksLeft <= 0;
  }

  /** Brings the job nearer to its end, as time does. */
  look(): void {
    this.#looksLeft -= 1;
  }

  cancel(): void {
    if (this.isDone) return;
    this.#cancelled = true;
    this.#looksLeft = 0;
  }

  /** The job resource of the REST API. */
  resource(projectId: string): object {
    const { jobId, location, labels, sql, result, upload } = this.job;
    const failure = this.#cancelled
      ? { reason: 'stopped', message: 'Job execution was cancelled: User requested cancellation' }
      : this.job.failure;
    const ended = failure === undefined ? {} : { errorResult: failure, errors: [failure] };
    const bytes = String(result.bytesBilled ?? 0);
    return {
      kind: 'bigquery#job',
      id: `${projectId}:${location}.${jobId}`,
      jobReference: { projectId, jobId, location },
      configuration: { labels, ...(sql === undefined ? { load: {} } : { query: { query: sql } }) },
      status: this.isDone ? { state: 'DONE', ...ended } : { state: 'RUNNING' },
      statistics: {
        ...(this.isDone && { endTime: this.job.endTime ?? String(Date.now()) }),
        ...(upload === undefined
          ? {
              query: {
                totalBytesBilled: bytes,
                totalBytesProcessed: bytes,
                numDmlAffectedRows: String(result.affectedRows ?? 0),
              },
            }
          : { load: { outputRows: String(upload.rows.length) } }),
      },
    };
  }
}

/** One page of a query's rows. */
export function resultPage(running: RunningJob, maxResults: number, start: number): object {
  const { jobId, location, result } = running.job;
  const all = result.rows ?? [];
  const end = start + maxResults;
  const columns = result.columns ?? all[0]?.map((_cell, index) => `f${index}_`) ?? [];
  return {
    kind: 'bigquery#getQueryResultsResponse',
    jobComplete: true,
    jobReference: { jobId, location },
    totalRows: String(all.length),
    schema: { fields: columns.map((name) => ({ name, type: 'STRING', mode: 'NULLABLE' })) },
    ...(all.length === 0 ? {} : { rows: all.slice(start, end).map((row) => ({ f: row.map((v) => ({ v })) })) }),
    ...(end < all.length ? { pageToken: String(end) } : {}),
  };
}
