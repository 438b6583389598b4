import type { PGlite } from '@electric-sql/pglite';
import type { Compilable } from 'kysely';
import { PAGE_ROWS, type SqlSession, type SqlTarget } from '../postgres-sql/sql-target.ts';
import { classifyPgliteError } from './classify-error.ts';
import { createPgliteSession } from './pglite-session.ts';

/**
 * An open PGlite as a target. It has one connection, on which PGlite lets statements wait for a transaction that is under way.
 * An abort takes effect before the next statement. Disposing closes the database.
 */
export function createPgliteTarget(pglite: PGlite, schema: string, description: string): SqlTarget {
  const session = createPgliteSession(pglite, pglite, schema);
  let cursors = 0;

  const classified = <T>(work: () => Promise<T>, signal: AbortSignal) => classifyFailure(work, schema, signal);
  const transaction: SqlTarget['transaction'] = (work, signal) =>
    classified(
      () =>
        pglite.transaction(async (open) => {
          const result = await work(createPgliteSession(pglite, open, schema));
          signal.throwIfAborted();
          return result;
        }),
      signal,
    );

  return {
    kind: 'pglite',
    description,
    schema,
    readers: [],
    session: (work, signal) => classified(() => work(session), signal),
    transaction,
    ownTransaction: transaction,

    async *pages<Row>(query: (session: SqlSession) => Compilable<Row>, signal: AbortSignal) {
      cursors += 1;
      const cursor = `page_${cursors}`;
      const { sql, parameters } = query(session).compile();
      // As JSON, because PGlite drops a byte order mark at the start of a text. WITH HOLD: the rows are set aside at once, so that
      // other statements may run between two pages and do not show in them.
      const select = `SELECT row_to_json(r)::text AS json FROM (${sql}) AS r`;
      await classified(
        () => pglite.query(`DECLARE ${cursor} NO SCROLL CURSOR WITH HOLD FOR ${select}`, [...parameters]),
        signal,
      );
      try {
        let rows: readonly { readonly json: string }[];
        do {
          ({ rows } = await classified(
            () => pglite.query<{ json: string }>(`FETCH ${PAGE_ROWS} FROM ${cursor}`),
            signal,
          ));
          if (rows.length > 0) yield rows.map(({ json }): Row => JSON.parse(json));
        } while (rows.length === PAGE_ROWS);
        signal.throwIfAborted();
      } finally {
        if (!pglite.closed) await pglite.query(`CLOSE ${cursor}`);
      }
    },

    [Symbol.asyncDispose]: async () => {
      if (!pglite.closed) await pglite.close();
    },
  };
}

async function classifyFailure<T>(work: () => Promise<T>, schema: string, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? signal.reason : classifyPgliteError(error, schema);
  }
}
