import type { Compilable } from 'kysely';
import pg from 'pg';
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
export function createPostgresTarget(
  config: PostgresConfig,
  { client, names, description }: ConnectionOptions,
): SqlTarget {
  const { schema, readers } = config;
  const pool = new pg.Pool({ ...client, Client: ClosingClient, max: MAX_CONNECTIONS, allowExitOnIdle: true });
  // The pool drops an idle connection that breaks; a busy one fails its statement too. Without a listener both end the process.
  pool.on('error', () => {});
  pool.on('connect', (connected) => connected.on('error', () => {}));

  const disposed = new AbortController();

  async function lend<T>(work: (lent: Lent) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    let lent: Lent | undefined;
    try {
      lent = lendClient(await connect(pool, signal), schema, AbortSignal.any([signal, disposed.signal]));
      return await work(lent);
    } catch (error) {
      throw signal.aborted ? signal.reason : classifyPostgresError(error, names);
    } finally {
      lent?.giveBack();
    }
  }

  return {
    kind: 'postgres',
    description,
    schema,
    readers,
    session: (work, signal) => lend(({ session }) => work(session), signal),
    transaction: (work, signal) =>
      lend((lent) => inTransaction(lent, 'BEGIN ISOLATION LEVEL READ COMMITTED', work), signal),

    async *pages<Row>(query: (session: SqlSession) => Compilable<Row>, signal: AbortSignal) {
      signal.throwIfAborted();
      let lent: Lent | undefined;
      try {
        lent = lendClient(await connect(pool, signal), schema, AbortSignal.any([signal, disposed.signal]));
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
        throw signal.aborted ? signal.reason : classifyPostgresError(error, names);
      } finally {
        await lent?.rollback();
        lent?.giveBack();
      }
    },

    [Symbol.asyncDispose]: async () => {
      // The pool waits for clients that are out: one whose reader was forgotten half way would never come back.
      disposed.abort();
      await pool.end();
    },
  };
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

/** A client of the pool while somebody has it. */
interface Lent {
  readonly client: pg.PoolClient;
  readonly session: SqlSession;
  /** Ends the transaction; a client on which that fails is closed instead of given back. */
  rollback(): Promise<void>;
  giveBack(): void;
}

function lendClient(client: pg.PoolClient, schema: string, signal: AbortSignal): Lent {
  let given = false;
  const release = (close: boolean) => {
    if (given) return;
    given = true;
    signal.removeEventListener('abort', onAbort);
    client.release(close);
  };
  const onAbort = () => release(true);
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    client,
    session: createPostgresSession(client, schema),
    rollback: async () => {
      if (given) return;
      await client.query('ROLLBACK').catch(() => release(true));
    },
    giveBack: () => release(false),
  };
}

async function inTransaction<T>(lent: Lent, begin: string, work: (session: SqlSession) => Promise<T>): Promise<T> {
  try {
    await lent.client.query(begin);
    const result = await work(lent.session);
    await lent.client.query('COMMIT');
    return result;
  } catch (error) {
    await lent.rollback();
    throw error;
  }
}
