import { abortable } from '../../abortable.ts';
import { sqlStateOf } from '../postgres-sql/sql-state.ts';
import { answerWithin, POOLER_WAIT_MS, type PostgresConnection } from './postgres-connection.ts';

/** How long a connection without work is kept. */
const IDLE_MS = 10_000;

/** After so long without an answer to a statement that reads, the network or the server counts as dead. */
const READ_MS = 600_000;

/**
 * The one connection that all work of a loader shares, beside the one of its lock. Reads take turns on it; the cursors of
 * several readers are open in one transaction. READ COMMITTED: each cursor keeps the state of its start, and statements
 * between two pages see the newest. An abort closes the connection at once; the server rolls back.
 */
export class WorkConnection implements AsyncDisposable {
  readonly #open: (signal: AbortSignal) => Promise<PostgresConnection>;
  readonly #disposed = new AbortController();
  #connection: PostgresConnection | undefined;
  #openCursors = 0;
  #declared = 0;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(open: (signal: AbortSignal) => Promise<PostgresConnection>) {
    this.#open = open;
  }

  get isOpen(): boolean {
    return this.#connection?.isClosed === false;
  }

  /** Opens the connection when there is none. */
  async connect(signal: AbortSignal): Promise<void> {
    await this.#inTurn(async () => {}, signal);
  }

  /** Runs statements that only read, when it is their turn. */
  read<T>(work: Work<T>, signal: AbortSignal): Promise<T> {
    const read = (connection: PostgresConnection) => {
      if (this.#openCursors > 0 || !connection.needsTransaction) return work(connection);
      return inTransaction(connection, work, () => connection.beginUnlimited(' READ ONLY'));
    };
    return this.#inTurn((connection) => answered(connection, read(connection)), signal);
  }

  /**
   * Runs a transaction when it is its turn. While somebody has read a part of the rows of a cursor, it has a connection of
   * its own: the reader may be waiting for it.
   */
  async transaction<T>(work: Work<T>, signal: AbortSignal): Promise<T> {
    const done = await this.#inTurn(
      async (connection) => (this.#openCursors > 0 ? null : { value: await inTransaction(connection, work) }),
      signal,
    );
    if (done !== null) return done.value;
    const stop = AbortSignal.any([signal, this.#disposed.signal]);
    const connection = await this.#open(stop);
    const close = () => connection.destroy();
    stop.addEventListener('abort', close, { once: true });
    try {
      return await inTransaction(connection, work);
    } finally {
      stop.removeEventListener('abort', close);
      await connection.end();
    }
  }

  /** The pages of one SELECT; the cursor is closed when the reader stops, and with the last page. */
  async *pages<Row>(declare: DeclareCursor, pageRows: number, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    this.#declared += 1;
    const name = `page_${this.#declared}`;
    let cursor: PostgresConnection | undefined;
    const fetch = (connection: PostgresConnection) => this.#fetch<Row>(connection, name, pageRows);
    try {
      let rows = await this.#inTurn(async (connection) => {
        // A cursor is read to its end, so it is planned for all rows.
        if (this.#openCursors === 0) await connection.beginUnlimited(' READ ONLY; SET LOCAL cursor_tuple_fraction = 1');
        this.#openCursors += 1;
        cursor = connection;
        await declare(connection, name);
        return fetch(connection);
      }, signal);
      for (;;) {
        if (rows.length < pageRows) {
          await this.#closeCursor(cursor, name, signal);
          cursor = undefined;
        }
        if (rows.length > 0) yield rows;
        signal.throwIfAborted();
        if (cursor === undefined) return;
        rows = await this.#inTurn((connection) => {
          if (connection !== cursor) throw new Error('Connection terminated while rows were read');
          return fetch(connection);
        }, signal);
      }
    } finally {
      await this.#closeCursor(cursor, name, signal);
    }
  }

  /** Rejects when no answer comes within some seconds, as behind a pooler that has no server left for this connection. */
  async assertAnswers(signal: AbortSignal): Promise<void> {
    const ask = async (connection: PostgresConnection) => {
      await answerWithin(POOLER_WAIT_MS, connection.client.query('SELECT 1'), () => connection.destroy());
    };
    await this.#inTurn(ask, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A reader that was forgotten half way is not waited for.
    if (this.#openCursors === 0) await this.#lastTurn;
    this.#disposed.abort(new Error('Connection terminated: the target is closed'));
    const connection = this.#connection;
    const isIdle = this.#openCursors === 0;
    this.#forget();
    if (isIdle) await connection?.end();
    else connection?.destroy();
    await this.#lastTurn;
  }

  async #fetch<Row>(connection: PostgresConnection, name: string, pageRows: number): Promise<readonly Row[]> {
    const fetched = connection.client.query<Row & object>(`FETCH ${pageRows} FROM ${name}`);
    return (await answered(connection, fetched)).rows;
  }

  /** A connection that is gone has no cursors any more. */
  async #closeCursor(cursor: PostgresConnection | undefined, name: string, signal: AbortSignal): Promise<void> {
    if (cursor === undefined || cursor !== this.#connection) return;
    if (signal.aborted) return this.#drop(cursor);
    const close = async (connection: PostgresConnection) => {
      if (connection !== cursor) return;
      await connection.client.query(this.#openCursors === 1 ? 'ROLLBACK' : `CLOSE ${name}`);
      this.#openCursors -= 1;
    };
    await this.#inTurn(close, this.#disposed.signal).catch(() => {});
  }

  /** Waits until the statements before it are done; an abort does not wait. */
  #inTurn<T>(work: Work<T>, signal: AbortSignal): Promise<T> {
    const stop = AbortSignal.any([signal, this.#disposed.signal]);
    const turn = this.#lastTurn.then(() => this.#serve(work, stop));
    this.#lastTurn = turn.catch(() => {});
    return abortable(turn, stop);
  }

  async #serve<T>(work: Work<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    clearTimeout(this.#idle);
    const connection = await this.#connect(signal);
    const close = () => this.#drop(connection);
    signal.addEventListener('abort', close, { once: true });
    const cursorsBefore = this.#openCursors;
    try {
      return await work(connection);
    } catch (error) {
      // A failed statement ends the transaction, and with it the cursors of everybody.
      if (cursorsBefore > 0 || this.#openCursors > 0 || isGoodbye(error)) this.#drop(connection);
      throw error;
    } finally {
      signal.removeEventListener('abort', close);
      this.#rest(connection);
    }
  }

  async #connect(signal: AbortSignal): Promise<PostgresConnection> {
    if (this.#connection?.isClosed) this.#forget();
    this.#connection ??= await this.#open(signal);
    this.#connection.keepAlive(true);
    return this.#connection;
  }

  /** An idle connection does not keep the process alive, and is closed after a while. */
  #rest(connection: PostgresConnection): void {
    if (this.#openCursors > 0 || connection !== this.#connection || connection.isClosed) return;
    connection.keepAlive(false);
    this.#idle = setTimeout(() => {
      this.#forget();
      void connection.end();
    }, IDLE_MS).unref();
  }

  #drop(connection: PostgresConnection): void {
    connection.destroy();
    if (connection === this.#connection) this.#forget();
  }

  #forget(): void {
    clearTimeout(this.#idle);
    this.#connection = undefined;
    this.#openCursors = 0;
  }
}

/** True of the error with which a server ends a connection. The end of the socket is seen later. */
function isGoodbye(error: unknown): boolean {
  return /^(57P|25P0[34])/.test(sqlStateOf(error) ?? '');
}

type Work<T> = (connection: PostgresConnection) => Promise<T>;

/** Declares the cursor of this name. */
export type DeclareCursor = (connection: PostgresConnection, name: string) => Promise<void>;

function answered<T>(connection: PostgresConnection, answer: Promise<T>): Promise<T> {
  return answerWithin(READ_MS, answer, () => connection.destroy());
}

async function inTransaction<T>(
  connection: PostgresConnection,
  work: Work<T>,
  begin = () => connection.begin(),
): Promise<T> {
  try {
    await begin();
    const result = await work(connection);
    await connection.client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection on which that fails is of no use any more.
    await connection.client.query('ROLLBACK').catch(() => connection.destroy());
    throw error;
  }
}
