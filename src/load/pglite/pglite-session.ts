import type { PGlite, Transaction } from '@electric-sql/pglite';
import { Kysely, PGliteDialect } from 'kysely';
import { withHeaderAndTrailer } from '../postgres-sql/apply/encode-rows.ts';
import { quoteIdentifier } from '../postgres-sql/quote-sql.ts';
import type { SceneTables } from '../postgres-sql/scene-tables.ts';
import type { SqlSession } from '../postgres-sql/sql-target.ts';

const SLICE_BYTES = 8 * 1024 * 1024;

/** A session on the database, or on a transaction of it: kysely is told that the transaction is the database. */
export function createPgliteSession(pglite: PGlite, on: PGlite | Transaction, schema: string): SqlSession {
  const database = {
    query: on.query.bind(on),
    transaction: pglite.transaction.bind(pglite),
    close: async () => {},
    closed: false,
    ready: true,
    waitReady: Promise.resolve(),
  };
  return {
    db: new Kysely<SceneTables>({ dialect: new PGliteDialect({ pglite: database }) }),
    schema,
    script: async (statements) => {
      await on.exec(statements);
    },
    copy: async (table, columns, chunks) => {
      const statement = `COPY ${quoteIdentifier(schema)}.${table} (${columns.join(', ')}) FROM '/dev/blob' (FORMAT binary)`;
      let rows = 0;
      for (const blob of slices(chunks)) rows += (await on.query(statement, [], { blob })).affectedRows ?? 0;
      return rows;
    },
  };
}

/** Chunks end with a row, so that slices do. */
function* slices(chunks: Iterable<Buffer>): Generator<Blob> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < SLICE_BYTES) continue;
    yield blobOf(parts);
    parts = [];
    bytes = 0;
  }
  if (parts.length > 0) yield blobOf(parts);
}

function blobOf(rows: readonly Buffer[]): Blob {
  return new Blob(Array.from(withHeaderAndTrailer(rows), (chunk) => new Uint8Array(chunk)));
}
