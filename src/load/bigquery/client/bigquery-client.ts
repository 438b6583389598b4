import { once } from 'node:events';
import { Readable } from 'node:stream';
import { sleep } from '../../../clock.ts';
import { isScenedimError, ScenedimError } from '../../../errors.ts';
import type { RetryNotice } from '../../loader-factory.ts';
import type { BigQueryConfig } from '../bigquery-config.ts';
import { BigQueryFailure, toFailure } from '../errors/bigquery-failure.ts';
import { describeFailure, meaningOfFailure } from '../errors/classify-error.ts';
import { type Connection, connect, type RequestOptions } from './bigquery-connection.ts';
import { abortOf, ProgressWatch, timeout, withinLimits } from './time-limits.ts';
import type { RetryTimings } from './timings.ts';

/** Requests to the REST API, with credentials. Errors are {@link BigQueryFailure}s. */
export interface BigQueryClient {
  /** Sends a request, again while the service or the network fails; resolves with the parsed body. */
  readonly call: (call: ApiCall, signal: AbortSignal) => Promise<unknown>;
  /**
   * Starts a load job with the rows in the same request (`multipart/related`). `chunks` is called once an attempt, because
   * a stream cannot be sent twice. An abort gives the request up.
   */
  readonly upload: (job: object, chunks: () => Iterable<Uint8Array>, signal: AbortSignal) => Promise<unknown>;
  /** The principal that rights are granted to, as in `serviceAccount:EMAIL`; null before the first request, and when it is not known. */
  readonly member: () => string | null;
}

/** One request of the REST API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Behind `/projects/P/`. */
  readonly path: string;
  /** Default: the project of the config. */
  readonly projectId?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

export interface BigQueryClientOptions {
  /** Longest wait for an answer, and in an upload for the next rows to be taken. Default 60 s. */
  readonly answerTimeoutMs?: number;
  /** Longest wait for a token. Default 30 s. */
  readonly credentialsTimeoutMs?: number;
  readonly onRetry?: (notice: RetryNotice) => void;
}

const ANSWER_TIMEOUT_MS = 60_000;
/** How long an abort waits for an answer that is on its way: then the state of the job need not be asked for. */
const ABORT_GRACE_MS = 10_000;
const CREDENTIALS_TIMEOUT_MS = 30_000;

/** A client that connects when it is first used. */
export function createBigQueryClient(
  config: BigQueryConfig,
  timings: RetryTimings,
  options: BigQueryClientOptions = {},
): BigQueryClient {
  const client = new RestClient(config, timings, options);
  return {
    call: (call, signal) => client.call(call, signal),
    upload: (job, chunks, signal) => client.upload(job, chunks, signal),
    member: () => client.member,
  };
}

class RestClient {
  readonly #config: BigQueryConfig;
  readonly #timings: RetryTimings;
  readonly #credentialsTimeoutMs: number;
  readonly #answerTimeoutMs: number;
  readonly #onRetry: (notice: RetryNotice) => void;
  readonly #endpoint: string;
  readonly #projectId: string;
  #connection: Promise<Connection> | undefined;
  #member: string | null = null;

  constructor(config: BigQueryConfig, timings: RetryTimings, options: BigQueryClientOptions) {
    this.#config = config;
    this.#timings = timings;
    this.#answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
    this.#credentialsTimeoutMs = options.credentialsTimeoutMs ?? CREDENTIALS_TIMEOUT_MS;
    this.#onRetry = options.onRetry ?? (() => {});
    this.#endpoint = config.apiEndpoint ?? 'https://bigquery.googleapis.com';
    this.#projectId = config.projectId;
  }

  get member(): string | null {
    return this.#member;
  }

  call({ method, path, query, body, projectId = this.#projectId }: ApiCall, signal: AbortSignal): Promise<unknown> {
    const options = {
      method,
      uri: `${this.#endpoint}/bigquery/v2/projects/${projectId}/${path}`,
      ...(query === undefined ? {} : { qs: query }),
      ...(body === undefined ? {} : { json: body }),
    };
    return this.#retry((connection) => {
      const limits = [abortOf(signal, ABORT_GRACE_MS), timeout(this.#answerTimeoutMs, this.#noAnswer)];
      return withinLimits(this.#send(connection, options, signal), limits);
    }, signal);
  }

  upload(job: object, chunks: () => Iterable<Uint8Array>, signal: AbortSignal): Promise<unknown> {
    return this.#retry(async (connection) => {
      const progress = new ProgressWatch(this.#answerTimeoutMs, this.#noAnswer);
      // Read as fast as the socket takes the rows.
      const rows = Readable.from(progress.watched(chunks()), { objectMode: false });
      const options = {
        method: 'POST',
        uri: `${this.#endpoint}/upload/bigquery/v2/projects/${this.#projectId}/jobs`,
        qs: { uploadType: 'multipart' },
        multipart: [
          { 'Content-Type': 'application/json; charset=UTF-8', body: JSON.stringify(job) },
          { 'Content-Type': 'application/octet-stream', body: rows },
        ],
      };
      try {
        return await withinLimits(this.#send(connection, options, signal), [
          progress,
          failureOf(rows),
          abortOf(signal),
        ]);
      } finally {
        rows.destroy();
      }
    }, signal);
  }

  /**
   * Credentials are looked for anew after an answer of 401, once a request: a token may have expired while the machine slept, and
   * a key file may have been replaced.
   */
  async #retry(attempt: (connection: Promise<Connection>) => Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    let isTokenRenewed = false;
    for (let number = 1; ; number += 1) {
      signal.throwIfAborted();
      this.#connection ??= connect(this.#config);
      const connection = this.#connection;
      try {
        return await attempt(connection);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (isScenedimError(error)) {
          // The next request reads the key file again: it may be mended by then.
          this.#forget(connection);
          throw error;
        }
        const failure = toFailure(error);
        if (failure.status === 401 && !isTokenRenewed) {
          isTokenRenewed = true;
          this.#forget(connection);
          continue;
        }
        if (!meaningOfFailure(failure).newAttempt || number >= this.#timings.attempts) throw failure;
        const waitMs = this.#timings.delayMs(number);
        this.#onRetry({ message: describeFailure(failure, this.#config), attempt: number, waitMs });
        await sleep(waitMs, signal);
      }
    }
  }

  /** Unless a request beside this one has connected anew. */
  #forget(connection: Promise<Connection>): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  async #send(pending: Promise<Connection>, options: RequestOptions, signal: AbortSignal): Promise<unknown> {
    const limits = [abortOf(signal), timeout(this.#credentialsTimeoutMs, this.#noCredentials)];
    const connection = await withinLimits(pending, limits);
    this.#member = connection.member;
    await withinLimits(connection.authorize(), limits);
    return connection.request(options);
  }

  readonly #noAnswer = (): Error =>
    new BigQueryFailure(`no answer within ${this.#answerTimeoutMs / 1_000} seconds`, { networkCode: 'ETIMEDOUT' });

  readonly #noCredentials = (): Error =>
    new ScenedimError('target_unreachable', `no credentials within ${this.#credentialsTimeoutMs / 1_000} seconds`, {
      remedy: 'check that googleapis.com can be reached from here; behind a proxy, set HTTPS_PROXY',
    });
}

/** Rejects when the stream fails: without this the request would stay open, because nothing ends its body. */
function failureOf(rows: Readable): { reached(done: AbortSignal): Promise<never> } {
  return {
    async reached(done) {
      const [error]: unknown[] = await once(rows, 'error', { signal: done });
      throw error;
    },
  };
}
