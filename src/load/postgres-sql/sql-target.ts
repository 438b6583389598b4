import type { Compilable, Kysely } from 'kysely';
import type { Micros } from '../../instant.ts';
import type { Loader } from '../loader.ts';
import type { CopyTable, SceneTables } from './scene-tables.ts';

/** One connection while it serves one transaction or one statement. */
export interface SqlSession {
  readonly db: Kysely<SceneTables>;
  /** Name of the schema that holds the tables, unquoted. */
  readonly schema: string;
  /** Runs several statements without parameters. */
  script(statements: string): Promise<void>;
  /** Appends rows in the binary format of COPY, each chunk of whole rows; returns how many there were. */
  copy(table: CopyTable, columns: readonly string[], rows: Iterable<Buffer>): Promise<number>;
}

/**
 * The little that tells one Postgres from another: how to get a connection, a transaction, a cursor. All SQL is written
 * against it. Errors leave it classified; an aborted signal makes each method reject with its reason.
 */
export interface SqlTarget extends AsyncDisposable {
  readonly kind: string;
  /** Where the rows go, for people: without credentials. */
  readonly description: string;
  /** Name of the schema that holds the tables, unquoted. */
  readonly schema: string;
  /** Roles that may read the views; they must exist. */
  readonly readers: readonly string[];
  /** As of a {@link Loader}. */
  readonly latestTime?: () => Micros | null;
  /** As of a {@link Loader}. */
  readonly readsBesideApply?: () => boolean;
  /** Runs statements that only read. */
  session<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Runs a READ COMMITTED transaction: committed when `work` resolves, else rolled back. */
  transaction<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T>;
  /**
   * Like `transaction`, but never behind the work of a batch: on a connection of its own, where a
   * target has several.
   */
  ownTransaction<T>(work: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Rows of one SELECT of texts, booleans and nulls in pages, all of one consistent state; the connection is given back when the reader stops. */
  pages<Row>(query: (session: SqlSession) => Compilable<Row>, signal: AbortSignal): AsyncIterable<readonly Row[]>;
}

/** Rows that one page of {@link SqlTarget.pages} holds at most. */
export const PAGE_ROWS = 5_000;
