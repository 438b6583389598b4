import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import { withHeaderAndTrailer } from '../postgres-sql/apply/encode-rows.ts';
import { quoteIdentifier } from '../postgres-sql/quote-sql.ts';
import type { SceneTables } from '../postgres-sql/scene-tables.ts';
import type { SqlSession } from '../postgres-sql/sql-target.ts';
import { copyIn } from './copy-in.ts';

/** A session on one connection, so that kysely's statements and COPY share its transaction. */
export function createPostgresSession(client: pg.ClientBase, schema: string): SqlSession {
  return {
    db: new Kysely<SceneTables>({ dialect: new PostgresDialect({ pool: poolOfOne(client) }) }),
    schema,
    script: async (statements) => {
      await client.query(statements);
    },
    copy: (table, columns, rows) => {
      const into = `${quoteIdentifier(schema)}.${table} (${columns.join(', ')})`;
      return copyIn(client, `COPY ${into} FROM STDIN (FORMAT binary)`, withHeaderAndTrailer(rows));
    },
  };
}

/** The little of a pool that kysely asks for: it always lends the same client, and never takes it back. */
function poolOfOne(client: pg.ClientBase): PostgresPool {
  const lent: PostgresPoolClient = {
    query: client.query.bind(client) as PostgresPoolClient['query'],
    release: () => {},
  };
  return { connect: async () => lent, end: async () => {}, options: {} };
}
