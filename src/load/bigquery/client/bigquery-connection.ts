import type { Readable } from 'node:stream';
import type { BigQuery } from '@google-cloud/bigquery';
import { assertProxies } from '../../../secrets/assert-proxies.ts';
import type { BigQueryConfig } from '../bigquery-config.ts';
import { findCredentials, noCredentials } from '../credentials/credentials.ts';

type Part = { readonly 'Content-Type': string; readonly body: string | Readable };

/** What Google's `request()` takes; the type of the client library wants every option that some service has. */
export interface RequestOptions {
  readonly method: string;
  readonly uri: string;
  readonly qs?: Readonly<Record<string, string>>;
  readonly json?: object;
  readonly multipart?: Part[];
}

/** Google's client with credentials. */
export interface Connection {
  /** The principal that rights are granted to; null when it is not known. */
  readonly member: string | null;
  /** Makes sure that requests have a token; the error says why there is none. */
  authorize(): Promise<void>;
  /** Sends a request once. */
  request(options: RequestOptions): Promise<unknown>;
}

/** Google's client is imported here and in `credentials.ts` only, and late: the import takes a third of a second and 25 MB. */
export async function connect(config: BigQueryConfig): Promise<Connection> {
  assertProxies(process.env);
  const [{ BigQuery }, { client: authClient, member, authorize }] = await Promise.all([
    import('@google-cloud/bigquery'),
    config.apiEndpoint === undefined ? findCredentials(config, process.env) : noCredentials(),
  ]);
  const { projectId, apiEndpoint } = config;
  const client: BigQuery = new BigQuery({
    projectId,
    authClient,
    // We repeat requests ourselves: Google's client cannot be aborted, and sends an upload again whose stream is used up.
    retryOptions: { autoRetry: false },
    userAgent: 'scenedim',
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
  });
  return {
    member,
    authorize,
    request: (options) =>
      new Promise((resolve, reject) => {
        client.request(options as Parameters<BigQuery['request']>[0], (error: Error | null, body: unknown) => {
          if (error === null) resolve(body);
          else reject(error);
        });
      }),
  };
}
