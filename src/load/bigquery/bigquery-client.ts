import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import type { RetryNotice } from '../loader.ts';
import type { BigQueryConfig } from './bigquery-config.ts';
import { type Connection, connect, type RequestOptions } from './bigquery-connection.ts';
import { toFailure } from './bigquery-failure.ts';
import { describeFailure, meaningOfFailure } from './classify-error.ts';
import type { RetryTimings } from './timings.ts';

/** One request of the REST API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Behind `/projects/P/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** Everything that we ask of Google's client: to send a request with credentials. Its errors are {@link BigQueryFailure}s. */
export interface BigQueryClient {
  /** Sends a request, again while the service or the network fails; resolves with the parsed body. */
  call(call: ApiCall, signal: AbortSignal): Promise<unknown>;
  /**
   * Starts a load job with the rows in the same request (`multipart/related`). `chunks` is called once an attempt, because
   * a stream cannot be sent twice. An abort gives the request up.
   */
  upload(job: object, chunks: () => Iterable<Uint8Array>, signal: AbortSignal): Promise<unknown>;
  /** Whom a right is granted to, as in `serviceAccount:EMAIL`; null before the first request, and when nobody says. */
  member(): string | null;
}

const REQUEST_TIMEOUT_MS = 60_000;
/** How long a stop waits for an answer that is on its way: what it would have told need not be found out then. */
const STOP_GRACE_MS = 10_000;
const CREDENTIALS_TIMEOUT_MS = 30_000;

export interface BigQueryClientOptions {
  /** Longest wait for a token. Default 30 s. */
  readonly credentialsTimeoutMs?: number;
  readonly onRetry?: (notice: RetryNotice) => void;
}

/**
 * A client that connects when it is first used. Credentials are looked for anew after an answer of 401, once a request: a token
 * may have expired while the machine slept, and a key file may have been replaced.
 */
export function createBigQueryClient(
  config: BigQueryConfig,
  timings: RetryTimings,
  { credentialsTimeoutMs = CREDENTIALS_TIMEOUT_MS, onRetry = () => {} }: BigQueryClientOptions = {},
): BigQueryClient {
  let connection: Promise<Connection> | undefined;
  let member: string | null = null;
  const endpoint = config.apiEndpoint ?? 'https://bigquery.googleapis.com';
  const projects = `bigquery/v2/projects/${config.projectId}`;

  const send = async (pending: Promise<Connection>, options: RequestOptions, signal: AbortSignal): Promise<unknown> => {
    const opened = await beforeLimit(pending, credentialsTimeoutMs, signal);
    member = opened.member;
    await beforeLimit(opened.authorize(), credentialsTimeoutMs, signal);
    return opened.request(options);
  };

  const persist = async (
    attempt: (pending: Promise<Connection>) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<unknown> => {
    let isTokenRenewed = false;
    for (let number = 1; ; number += 1) {
      signal.throwIfAborted();
      connection ??= connect(config);
      const used = connection;
      try {
        return await attempt(used);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // A key file that was mended is read again.
        if (isScenedimError(error)) {
          if (connection === used) connection = undefined;
          throw error;
        }
        const failure = toFailure(error);
        if (failure.status === 401 && !isTokenRenewed) {
          isTokenRenewed = true;
          // Of requests side by side, the first renews for all.
          if (connection === used) connection = undefined;
          continue;
        }
        if (!meaningOfFailure(failure).newAttempt || number >= timings.attempts) throw failure;
        const waitMs = timings.delayMs(number);
        onRetry({ message: describeFailure(failure, config), attempt: number, waitMs });
        await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  };

  return {
    call: ({ method, path, query, body }, signal) => {
      const options = {
        method,
        uri: `${endpoint}/${projects}/${path}`,
        timeout: REQUEST_TIMEOUT_MS,
        ...(query === undefined ? {} : { qs: query }),
        ...(body === undefined ? {} : { json: body }),
      };
      return persist((pending) => answered(send(pending, options, signal), signal), signal);
    },
    upload: (job, chunks, signal) =>
      persist(async (pending) => {
        // Read as fast as the socket takes it. Its failure would leave the request open: nothing ends it then.
        const rows = Readable.from(chunks(), { objectMode: false });
        const stop = new AbortController();
        try {
          return await Promise.race([
            send(
              pending,
              {
                method: 'POST',
                uri: `${endpoint}/upload/${projects}/jobs`,
                qs: { uploadType: 'multipart' },
                multipart: [
                  { 'Content-Type': 'application/json; charset=UTF-8', body: JSON.stringify(job) },
                  { 'Content-Type': 'application/octet-stream', body: rows },
                ],
              },
              signal,
            ),
            once(rows, 'error', { signal: stop.signal }).then(([error]: unknown[]) => Promise.reject(error)),
            once(signal, 'abort', { signal: stop.signal }).then(() => Promise.reject(signal.reason)),
          ]);
        } finally {
          stop.abort();
          rows.destroy();
        }
      }, signal),
    member: () => member,
  };
}

/** The answer to a request, unless a stop has waited long enough for it. */
async function answered<T>(request: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = new AbortController();
  const givenUp = async (): Promise<never> => {
    if (!signal.aborted) await once(signal, 'abort', { signal: stop.signal });
    await delay(STOP_GRACE_MS, undefined, { signal: stop.signal });
    throw signal.reason;
  };
  try {
    return await Promise.race([request, givenUp()]);
  } finally {
    stop.abort();
  }
}

/** Google's token clients know no time limit: where a firewall swallows packets, the system's own would take minutes. */
async function beforeLimit<T>(work: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
  const stop = new AbortController();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const late = async (): Promise<never> => {
    await once(limit, 'abort', { signal: stop.signal });
    signal.throwIfAborted();
    throw new ScenedimError('target_unreachable', `no credentials within ${timeoutMs / 1_000} seconds`, {
      remedy: 'check that googleapis.com can be reached from here; behind a proxy, set HTTPS_PROXY',
    });
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    stop.abort();
  }
}
