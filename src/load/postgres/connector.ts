import { sleep, systemTimer } from '../../clock.ts';
import { errorCodeOf, messageOf } from '../../error-text.ts';
import { isScenedimError } from '../../errors.ts';
import { ServerTime } from '../../server-time.ts';
import type { LoaderContext } from '../loader-factory.ts';
import { sqlStateOf } from '../postgres-sql/sql-state.ts';
import { classifyPostgresError } from './classify-error.ts';
import type { Candidate, ConnectionOptions } from './connection-options.ts';
import { PostgresConnection } from './postgres-connection.ts';

/** Before each new attempt to connect, in milliseconds. */
const waits = [500, 1_000, 2_000, 4_000] as const;

const INVALID_AUTHORIZATION = '28000';

/** Opens the connections of one loader. */
export class Connector {
  readonly options: ConnectionOptions;
  /** What time it is by the server. */
  readonly serverTime = new ServerTime(systemTimer);
  readonly #onRetry: NonNullable<LoaderContext['onRetry']>;
  #hasConnected = false;

  constructor(options: ConnectionOptions, onRetry: LoaderContext['onRetry'] = () => {}) {
    this.options = options;
    this.#onRetry = onRetry;
  }

  /**
   * Opens a connection. The first one has patience: a server or a sidecar may come up a little later than the job. Later
   * the pipeline decides what is done again.
   */
  async open(signal: AbortSignal): Promise<PostgresConnection> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const connection = await this.#openAny(signal);
        this.#hasConnected = true;
        this.serverTime.see(connection.serverTime);
        return connection;
      } catch (error) {
        const wait = waits[attempt - 1];
        if (signal.aborted || this.#hasConnected || wait === undefined || !this.#mayComeUp(error)) throw error;
        const waitMs = wait * (1 + Math.random() / 2);
        this.#onRetry({ message: classifyPostgresError(error, this.options.names).message, attempt, waitMs });
        await sleep(waitMs, signal);
      }
    }
  }

  /** As libpq does: host after host, and for `prefer` and `allow` with and without TLS. */
  async #openAny(signal: AbortSignal): Promise<PostgresConnection> {
    const { candidates } = this.options;
    let failure: unknown;
    let failedAt: string | undefined;
    for (const candidate of candidates) {
      // A server that is away is away without TLS, too.
      if (candidate.isFallback && candidate.place === failedAt) continue;
      try {
        return await openCandidate(candidate, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const isAway = classifyPostgresError(error, this.options.names).code === 'target_unreachable';
        if (!isAway && !isMatterOfTls(error) && !isScenedimError(error, 'target_invalid')) throw error;
        if (isAway) failedAt = candidate.place;
        failure = error;
      }
    }
    throw failure;
  }

  /** An unknown host name, a refused password and silence are not waited for. */
  #mayComeUp(error: unknown): boolean {
    const { code } = classifyPostgresError(error, this.options.names);
    const isSilence = isScenedimError(error) || messageOf(error) === 'timeout expired';
    return code === 'target_unreachable' && !isSilence && errorCodeOf(error) !== 'ENOTFOUND';
  }
}

async function openCandidate(candidate: Candidate, signal: AbortSignal): Promise<PostgresConnection> {
  const connection = await PostgresConnection.open(candidate.client, signal);
  const refusal = candidate.refuse(connection);
  if (refusal === undefined) return connection;
  await connection.end();
  throw refusal;
}

/** The server has no TLS, or its pg_hba.conf wants the other kind of connection. */
function isMatterOfTls(error: unknown): boolean {
  return /does not support SSL/.test(messageOf(error)) || sqlStateOf(error) === INVALID_AUTHORIZATION;
}
