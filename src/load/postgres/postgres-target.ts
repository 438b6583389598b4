import type { Compilable } from 'kysely';
import type { Micros } from '../../instant.ts';
import type { TargetNames } from '../postgres-sql/classify-sql-error.ts';
import { PAGE_ROWS, type SqlSession, type SqlTarget } from '../postgres-sql/sql-target.ts';
import { classifyPostgresError } from './classify-error.ts';
import type { Connector } from './connector.ts';
import type { PostgresConfig } from './postgres-config.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { createPostgresSession } from './postgres-session.ts';
import { ThirdConnection } from './third-connection.ts';
import { WorkConnection } from './work-connection.ts';

/** A server as a target. No state outlives a transaction on a connection, so it works behind a pooler in transaction mode. */
export class PostgresTarget implements SqlTarget {
  readonly kind = 'postgres';
  readonly description: string;
  readonly schema: string;
  readonly readers: readonly string[];
  readonly latestTime: () => Micros | null;
  readonly #names: TargetNames;
  readonly #connector: Connector;
  readonly #work: WorkConnection;
  /**
   * For work that should not wait for a batch; opened when it is first needed, where one more can
   * be had.
   */
  #own: ThirdConnection | null = null;
  /** Reads beside what `#work` writes, on a third connection; null: not tried yet. */
  #reader: ThirdConnection | null = null;
  /** Whether a third connection may be tried; set when the lock is taken. Default false. */
  mayTakeThird = false;

  constructor({ schema, readers }: PostgresConfig, connector: Connector) {
    this.description = connector.options.description;
    this.schema = schema;
    this.readers = readers;
    this.latestTime = () => connector.serverTime.now();
    this.#names = connector.options.names;
    this.#connector = connector;
    this.#work = new WorkConnection((signal) => connector.open(signal));
  }

  readsBesideApply = (): boolean => {
    if (this.mayTakeThird) this.#reader ??= new ThirdConnection(this.#connector);
    return this.#reader?.isOpen === true;
  };

  session<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    const read = async () => {
      const reading = await this.#readingConnection(signal);
      return reading.read((connection) => work(this.#session(connection)), signal);
    };
    return this.#classified(read, signal, true);
  }

  transaction<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#classified(
      () => this.#work.transaction((connection) => work(this.#session(connection)), signal),
      signal,
    );
  }

  ownTransaction<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    const write = async () => {
      const connection = await this.#ownConnection(signal);
      return connection.transaction((opened) => work(this.#session(opened)), signal);
    };
    return this.#classified(write, signal);
  }

  /**
   * The connection for batches comes first: where only two can be had, nothing may take its place.
   */
  async #ownConnection(signal: AbortSignal): Promise<WorkConnection> {
    if (this.#own === null && !this.#work.isOpen) await this.#work.connect(signal);
    this.#own ??= new ThirdConnection(this.#connector);
    return (await this.#own.opened(signal)) ? this.#own.work : this.#work;
  }

  async *pages<Row>(
    query: (session: SqlSession) => Compilable<Row>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[]> {
    const declare = async (connection: PostgresConnection, name: string) => {
      const { sql, parameters } = query(this.#session(connection)).compile();
      await connection.client.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`, [...parameters]);
    };
    try {
      const reading = await this.#readingConnection(signal);
      yield* reading.pages<Row>(declare, PAGE_ROWS, signal);
    } catch (error) {
      throw this.#reasonFor(error, signal, true);
    }
  }

  /** Rejects when the connection for work gives no answer within some seconds. */
  async assertAnswers(signal: AbortSignal): Promise<void> {
    await this.#classified(() => this.#work.assertAnswers(signal), signal);
  }

  /** True when the CONNECTION LIMIT of the role leaves a third connection to this run, and two to a run of another schema. */
  hasRoomForThird(signal: AbortSignal): Promise<boolean> {
    const read = async ({ client }: PostgresConnection) =>
      (await client.query<{ room: boolean }>(askRoom)).rows[0]?.room;
    return this.#classified(async () => (await this.#work.read(read, signal)) === true, signal, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader?.[Symbol.asyncDispose]();
    await this.#own?.[Symbol.asyncDispose]();
    await this.#work[Symbol.asyncDispose]();
  }

  async #readingConnection(signal: AbortSignal): Promise<WorkConnection> {
    const reader = this.#reader;
    return reader !== null && (await reader.reopen(signal)) ? reader.work : this.#work;
  }

  #session({ client }: PostgresConnection): SqlSession {
    return createPostgresSession(client, this.schema);
  }

  async #classified<T>(work: () => Promise<T>, signal: AbortSignal, isReading = false): Promise<T> {
    try {
      signal.throwIfAborted();
      return await work();
    } catch (error) {
      throw this.#reasonFor(error, signal, isReading);
    }
  }

  #reasonFor(error: unknown, signal: AbortSignal, isReading: boolean): unknown {
    return signal.aborted ? signal.reason : classifyPostgresError(error, { ...this.#names, isReading });
  }
}

const askRoom = `
  SELECT r.rolsuper OR r.rolconnlimit < 0 OR r.rolconnlimit >= 3 + (
    SELECT count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.usesysid = r.oid AND a.backend_type = 'client backend'
  ) AS room
  FROM pg_catalog.pg_roles AS r WHERE r.rolname = session_user`;
