import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { sleep } from '../../../clock.ts';
import { isScenedimError, ScenedimError } from '../../../errors.ts';
import type { RetryNotice } from '../../loader.ts';
import type { BigQueryConfig } from '../bigquery-config.ts';
import { BigQueryFailure, toFailure } from '../errors/bigquery-failure.ts';
import { describeFailure, meaningOfFailure } from '../errors/classify-error.ts';
import { type Connection, connect, type RequestOptions } from './bigquery-connection.ts';
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
  /** Longest wait for an answer, and in an upload for the next rows to be taken. Default 60 s. */
  readonly answerTimeoutMs?: number;
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
  {
    answerTimeoutMs = REQUEST_TIMEOUT_MS,
    credentialsTimeoutMs = CREDENTIALS_TIMEOUT_MS,
    onRetry = () => {},
  }: BigQueryClientOptions = {},
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
        await sleep(waitMs, signal);
      }
    }
  };

  return {
    call: ({ method, path, query, body }, signal) => {
      const options = {
        method,
        uri: `${endpoint}/${projects}/${path}`,
        ...(query === undefined ? {} : { qs: query }),
        ...(body === undefined ? {} : { json: body }),
      };
      return persist((pending) => answered(send(pending, options, signal), answerTimeoutMs, signal), signal);
    },
    upload: (job, chunks, signal) =>
      persist(async (pending) => {
        // Read as fast as the socket takes it. Its failure would leave the request open: nothing ends it then.
        const progress = createProgressWatch(answerTimeoutMs);
        const rows = Readable.from(progress.watched(chunks()), { objectMode: false });
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
            progress.ended(stop.signal),
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

/**
 * Tells when nothing has gone on for too long: an upload has no time limit of its own, because it may be long, but one whose rows
 * nobody takes and that nobody answers would be open for ever.
 */
function createProgressWatch(timeoutMs: number): {
  watched(chunks: Iterable<Uint8Array>): Generator<Uint8Array>;
  ended(stop: AbortSignal): Promise<never>;
} {
  let movedAt = performance.now();
  return {
    *watched(chunks) {
      for (const chunk of chunks) {
        movedAt = performance.now();
        yield chunk;
      }
      movedAt = performance.now();
    },
    async ended(stop) {
      for (;;) {
        const leftMs = movedAt + timeoutMs - performance.now();
        if (leftMs <= 0) throw noAnswer(timeoutMs);
        await delay(leftMs, undefined, { signal: stop });
      }
    },
  };
}

function noAnswer(timeoutMs: number): BigQueryFailure {
  return new BigQueryFailure(`no answer within ${timeoutMs / 1_000} seconds`, { networkCode: 'ETIMEDOUT' });
}

/** The answer to a request, unless it takes too long, or a stop has waited long enough for it. Google's client knows no limit. */
async function answered<T>(request: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
  const stop = new AbortController();
  const givenUp = async (): Promise<never> => {
    if (!signal.aborted) await once(signal, 'abort', { signal: stop.signal });
    await delay(STOP_GRACE_MS, undefined, { signal: stop.signal });
    throw signal.reason;
  };
  const late = async (): Promise<never> => {
    await delay(timeoutMs, undefined, { signal: stop.signal });
    throw noAnswer(timeoutMs);
  };
  try {
    return await Promise.race([request, givenUp(), late()]);
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
