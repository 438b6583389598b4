import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { BigQueryConfig } from './bigquery-config.ts';
import { toFailure } from './bigquery-failure.ts';
import { meaningOfFailure } from './classify-error.ts';
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
}

type Part = { readonly 'Content-Type': string; readonly body: string | Readable };

/** What `request()` takes; the client's own type wants every option that some service has. */
interface RequestOptions {
  readonly method: string;
  readonly uri: string;
  readonly qs?: Readonly<Record<string, string>>;
  readonly json?: object;
  readonly multipart?: Part[];
  readonly timeout?: number;
}

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * A client that connects when it is first used. Credentials are looked for anew after an answer of 401, once a request: a token
 * may have expired while the machine slept, and a key file may have been replaced.
 */
export function createBigQueryClient(config: BigQueryConfig, timings: RetryTimings): BigQueryClient {
  let connection: Promise<BigQuery> | undefined;
  const endpoint = config.apiEndpoint ?? 'https://bigquery.googleapis.com';
  const projects = `bigquery/v2/projects/${config.projectId}`;

  const send = async (options: RequestOptions): Promise<unknown> => {
    connection ??= connect(config);
    const client = await connection;
    return new Promise((resolve, reject) => {
      client.request(options as Parameters<BigQuery['request']>[0], (error: Error | null, body: unknown) => {
        if (error === null) resolve(body);
        else reject(error);
      });
    });
  };

  const persist = async (attempt: () => Promise<unknown>, signal: AbortSignal): Promise<unknown> => {
    let isTokenRenewed = false;
    for (let number = 1; ; number += 1) {
      signal.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const failure = toFailure(error);
        if (failure.status === 401 && !isTokenRenewed) {
          isTokenRenewed = true;
          connection = undefined;
          continue;
        }
        if (!meaningOfFailure(failure).newAttempt || number >= timings.attempts) throw failure;
        await delay(timings.delayMs(number), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  };

  return {
    call: ({ method, path, query, body }, signal) =>
      persist(
        () =>
          send({
            method,
            uri: `${endpoint}/${projects}/${path}`,
            timeout: REQUEST_TIMEOUT_MS,
            ...(query === undefined ? {} : { qs: query }),
            ...(body === undefined ? {} : { json: body }),
          }),
        signal,
      ),
    upload: (job, chunks, signal) =>
      persist(async () => {
        // Read as fast as the socket takes it. Its failure would leave the request open: nothing ends it then.
        const rows = Readable.from(chunks(), { objectMode: false });
        const stop = new AbortController();
        try {
          return await Promise.race([
            send({
              method: 'POST',
              uri: `${endpoint}/upload/${projects}/jobs`,
              qs: { uploadType: 'multipart' },
              multipart: [
                { 'Content-Type': 'application/json; charset=UTF-8', body: JSON.stringify(job) },
                { 'Content-Type': 'application/octet-stream', body: rows },
              ],
            }),
            once(rows, 'error', { signal: stop.signal }).then(([error]: unknown[]) => Promise.reject(error)),
            once(signal, 'abort', { signal: stop.signal }).then(() => Promise.reject(signal.reason)),
          ]);
        } finally {
          stop.abort();
          rows.destroy();
        }
      }, signal),
  };
}

/** Only here is Google's client imported: that takes a third of a second and 25 MB. */
async function connect(config: BigQueryConfig): Promise<BigQuery> {
  const [{ BigQuery }, { GoogleAuth, Impersonated, PassThroughClient }] = await Promise.all([
    import('@google-cloud/bigquery'),
    import('google-auth-library'),
  ]);
  const { projectId, apiEndpoint, keyFile, impersonate } = config;
  // Repetitions are ours: the client's own cannot be aborted, and send an upload whose stream is spent.
  const options = { projectId, retryOptions: { autoRetry: false }, userAgent: 'scenedim' };
  if (apiEndpoint !== undefined) return new BigQuery({ ...options, apiEndpoint, authClient: new PassThroughClient() });
  if (impersonate === undefined)
    return new BigQuery({ ...options, ...(keyFile === undefined ? {} : { keyFilename: keyFile }) });
  const auth = new GoogleAuth({ scopes: [CLOUD_PLATFORM], ...(keyFile === undefined ? {} : { keyFilename: keyFile }) });
  return new BigQuery({
    ...options,
    authClient: new Impersonated({
      sourceClient: await auth.getClient(),
      targetPrincipal: impersonate,
      targetScopes: [CLOUD_PLATFORM],
    }),
  });
}
