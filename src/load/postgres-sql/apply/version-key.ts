import { sql } from 'kysely';
import { isScenedimError } from '../../../errors.ts';
import { quoteIdentifier } from '../quote-sql.ts';
import type { SqlSession, SqlTarget } from '../sql-target.ts';

/** With fewer new rows the index costs less than to take it off and to make it again. */
const LEAST_ROWS = 10_000;

/** A reader that holds the table for longer keeps the index. */
const LOCK_TIMEOUT = '200ms';

/**
 * Loads an empty `dim_scene` without the index of its primary key, and makes the index at the end. The key is a hash, so
 * each row meets another page of the index: that takes more than half of the server's time. The unique key stays, which
 * forbids two versions of one time and finds rows. A run that is killed leaves the table without the primary key; the next
 * one that takes the lock makes it.
 */
export class VersionKey {
  readonly #target: SqlTarget;
  #mayBeMissing = false;
  #isLoaded = false;

  constructor(target: SqlTarget) {
    this.#target = target;
  }

  /** Takes the key off, inside the transaction that inserts the first rows, where this is worth while and allowed. */
  async setAside(session: SqlSession, newRows: number): Promise<void> {
    if (this.#isLoaded || newRows < LEAST_ROWS) return;
    this.#isLoaded = true;
    const key = await findKey(session);
    if (key.name === null || !key.isOwn || key.isReferred || !(await isEmpty(session))) return;
    this.#mayBeMissing = true;
    const table = tableOf(session);
    await session.script(`SAVEPOINT primary_key; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    try {
      await session.script(`ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(key.name)}`);
    } catch {
      // Somebody reads the table, or builds on the key: then it stays.
      await session.script('ROLLBACK TO SAVEPOINT primary_key');
    }
    await session.script('SET LOCAL lock_timeout = DEFAULT; RELEASE SAVEPOINT primary_key');
  }

  /** Makes the key where this loader may have taken it off. */
  async restore(signal: AbortSignal): Promise<void> {
    if (!this.#mayBeMissing) return;
    const { name } = await this.#target.session(findKey, signal);
    if (name === null) await this.#target.transaction(makeKey, signal);
    this.#mayBeMissing = false;
  }

  /**
   * Makes the key that a killed run has left off, where the user may. Two rows of one version, which somebody else must have
   * written, keep it off: `check` tells a missing key, `verify` tells such rows.
   */
  async complete(signal: AbortSignal): Promise<void> {
    const { name, isOwn } = await this.#target.session(findKey, signal);
    if (name !== null || !isOwn) return;
    try {
      await this.#target.transaction(makeKey, signal);
    } catch (error) {
      if (!isScenedimError(error, UNIQUE_VIOLATION)) throw error;
    }
  }
}

/** As what the classification of errors tells a unique violation. */
const UNIQUE_VIOLATION = 'stale_heads';

interface FoundKey {
  readonly name: string | null;
  /** True when there is such a table and this user may alter it. */
  readonly isOwn: boolean;
  /** True when a foreign key refers to it. */
  readonly isReferred: boolean;
}

async function findKey({ db, schema }: SqlSession): Promise<FoundKey> {
  const { rows } = await sql<FoundKey>`
    SELECT
      (SELECT k.conname::text FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'p') AS name,
      pg_catalog.pg_has_role(c.relowner, 'USAGE') AS "isOwn",
      EXISTS (SELECT FROM pg_catalog.pg_constraint AS f WHERE f.confrelid = c.oid) AS "isReferred"
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema} AND c.relname = 'dim_scene' AND c.relkind = 'r'`.execute(db);
  return rows[0] ?? { name: null, isOwn: false, isReferred: false };
}

async function isEmpty({ db, schema }: SqlSession): Promise<boolean> {
  const { rows } = await sql`SELECT FROM ${sql.id(schema, 'dim_scene')} LIMIT 1`.execute(db);
  return rows.length === 0;
}

/** Of several shards that find it missing, one makes it. */
async function makeKey(session: SqlSession): Promise<void> {
  await session.script(`LOCK TABLE ${tableOf(session)} IN SHARE ROW EXCLUSIVE MODE`);
  if ((await findKey(session)).name !== null) return;
  await session.script(`ALTER TABLE ${tableOf(session)} ADD PRIMARY KEY (version_id)`);
}

function tableOf({ schema }: SqlSession): string {
  return `${quoteIdentifier(schema)}.dim_scene`;
}
