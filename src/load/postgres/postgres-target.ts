import type { Compilable } from 'kysely';
import pg from 'pg';
import type { TargetNames } from '../postgres-sql/classify-sql-error.ts';
import { PAGE_ROWS, type SqlSession, type SqlTarget } from '../postgres-sql/sql-target.ts';
import { classifyPostgresError } from './classify-error.ts';
import { ClosingClient } from './closing-client.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { PostgresConfig } from './postgres-config.ts';
import { createPostgresSession } from './postgres-session.ts';

/** Readers keep a connection while they are open, so a few more than the pipeline uses at once. */
const MAX_CONNECTIONS = 8;

// An idle time-out would end a snapshot whose reader is slow. A cursor is read to its end, so it is planned for all rows.
const beginSnapshot =
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL cursor_tuple_fraction = 1';

/**
 * A pool of connections as a target. No state outlives a transaction on a connection, so it works behind a pooler in
 * transaction mode. Aborting closes the connection at once; the server rolls back.
 */
export class PostgresTarget implements SqlTarget {
  readonly kind = 'postgres';
  readonly description: string;
  readonly schema: string;
  readonly readers: readonly string[];
  readonly #names: TargetNames;
  readonly #pool: pg.Pool;
  readonly #disposed = new AbortController();

  constructor({ schema, readers }: PostgresConfig, { client, names, description }: ConnectionOptions) {
    this.description = description;
    this.schema = schema;
    this.readers = readers;
    this.#names = names;
    this.#pool = new pg.Pool({ ...client, Client: ClosingClient, max: MAX_CONNECTIONS, allowExitOnIdle: true });
    // The pool drops an idle connection that breaks; a busy one fails its statement too. Without a listener both end the process.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (connected) => connected.on('error', () => {}));
  }

  session<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#withClient(({ session }) => work(session), signal);
  }

  transaction<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#withClient((lent) => inTransaction(lent, work), signal);
  }

  async *pages<Row>(
    query: (session: SqlSession) => Compilable<Row>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[]> {
    signal.throwIfAborted();
    let lent: LentClient | undefined;
    try {
      lent = await this.#lend(signal);
      const { sql, parameters } = query(lent.session).compile();
      await lent.client.query(beginSnapshot);
      await lent.client.query(`DECLARE page NO SCROLL CURSOR FOR ${sql}`, [...parameters]);
      let rows: readonly Row[];
      do {
        rows = (await lent.client.query<Row & pg.QueryResultRow>(`FETCH ${PAGE_ROWS} FROM page`)).rows;
        if (rows.length > 0) yield rows;
        signal.throwIfAborted();
      } while (rows.length === PAGE_ROWS);
    } catch (error) {
      throw this.#reasonFor(error, signal);
    } finally {
      await lent?.rollback();
      lent?.giveBack();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The pool waits for clients that are out: one whose reader was forgotten half way would never come back.
    this.#disposed.abort();
    await this.#pool.end();
  }

  async #withClient<T>(work: (lent: LentClient) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    let lent: LentClient | undefined;
    try {
      lent = await this.#lend(signal);
      return await work(lent);
    } catch (error) {
      throw this.#reasonFor(error, signal);
    } finally {
      lent?.giveBack();
    }
  }

  async #lend(signal: AbortSignal): Promise<LentClient> {
    const client = await connect(this.#pool, signal);
    return new LentClient(client, this.schema, AbortSignal.any([signal, this.#disposed.signal]));
  }

  #reasonFor(error: unknown, signal: AbortSignal): unknown {
    return signal.aborted ? signal.reason : classifyPostgresError(error, this.#names);
  }
}

async function inTransaction<T>(lent: LentClient, work: (session: SqlSession) => Promise<T>): Promise<T> {
  try {
    await lent.client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const result = await work(lent.session);
    await lent.client.query('COMMIT');
    return result;
  } catch (error) {
    await lent.rollback();
    throw error;
  }
}

/** Takes a client; an abort does not wait for a server that does not answer. */
function connect(pool: pg.Pool, signal: AbortSignal): Promise<pg.PoolClient> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    pool.connect().then((client) => {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) client.release(true);
      else resolve(client);
    }, reject);
  });
}

/** A client of the pool while somebody has it; an abort of the signal closes the connection. */
class LentClient {
  readonly client: pg.PoolClient;
  readonly session: SqlSession;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.#release(true);
  #isGivenBack = false;

  constructor(client: pg.PoolClient, schema: string, signal: AbortSignal) {
    this.client = client;
    this.session = createPostgresSession(client, schema);
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Ends the transaction; a client on which that fails is closed instead of given back. */
  async rollback(): Promise<void> {
    if (this.#isGivenBack) return;
    await this.client.query('ROLLBACK').catch(() => this.#release(true));
  }

  giveBack(): void {
    this.#release(false);
  }

  #release(close: boolean): void {
    if (this.#isGivenBack) return;
    this.#isGivenBack = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.client.release(close);
  }
}
