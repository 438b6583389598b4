import { sql } from 'kysely';
import { sleep } from '../../../clock.ts';
import { isScenedimError } from '../../../errors.ts';
import type { LoaderContext } from '../../loader-factory.ts';
import { quoteIdentifier } from '../quote-sql.ts';
import type { SqlSession, SqlTarget } from '../sql-target.ts';

/** For fewer new rows it is cheaper to keep the index than to drop it and make it again. */
const LEAST_ROWS = 10_000;

/**
 * How long to wait for the exclusive lock, because readers queue behind it. Shorter than
 * deadlock_timeout, so that the server ends nobody else for it.
 */
const LOCK_TIMEOUT = '500ms';

/**
 * How much longer than deadlock_timeout to wait for the first lock: after deadlock_timeout the
 * server ends an autovacuum that somebody waits for.
 */
const VACUUM_MS = 1_000;

/** After so many attempts at the end of a run the key is left to the next run. */
const ATTEMPTS = 5;
const WAIT_MS = 1_000;

/**
 * The primary key of `dim_scene`. A first load drops it and makes it again at its end: the key is a
 * hash, so each row meets another page of its index, which takes more than half of the server's
 * time. The unique key stays. It forbids two versions of one time, and it finds rows. A run that is
 * killed leaves the primary key missing; the next one that takes the lock makes it.
 */
export class VersionKey {
  readonly #target: SqlTarget;
  readonly #onRetry: NonNullable<LoaderContext['onRetry']>;
  #mayBeMissing = false;
  #isLoaded = false;

  constructor(target: SqlTarget, onRetry: LoaderContext['onRetry'] = () => {}) {
    this.#target = target;
    this.#onRetry = onRetry;
  }

  /**
   * Drops the key in the transaction that inserts the first rows, when they are many and nobody
   * needs it.
   */
  async dropForFirstLoad(session: SqlSession, newRows: number): Promise<void> {
    if (this.#isLoaded || newRows < LEAST_ROWS) return;
    this.#isLoaded = true;
    const key = await findKey(session);
    // Another shard has dropped it, and may end before this one.
    if (key.name === null) this.#mayBeMissing = key.mayAlter;
    if (key.name === null || !key.mayAlter || !(await isDroppable(session))) return;
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

  /**
   * At the start of a run: makes the key that a killed run has left missing, where the user may.
   * What prevents it now may be gone at the end of the run.
   */
  async restoreAfterKill(signal: AbortSignal): Promise<void> {
    this.#mayBeMissing = true;
    await this.#make(1, signal);
  }

  /** At the end of a run, before it is noted as ended: makes the key when it may be missing. */
  async restore(signal: AbortSignal): Promise<void> {
    if (this.#mayBeMissing) await this.#make(ATTEMPTS, signal);
  }

  /**
   * A run does not fail for the key. What prevents it is a reader that holds the table, a disk or a
   * limit that is too small, or two rows of one version, which somebody else must have written:
   * `check` tells a missing key, `verify` tells such rows.
   */
  async #make(attempts: number, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { name, mayAlter } = await this.#target.session(findKey, signal);
        if (name === null && mayAlter) await this.#target.transaction(makeKey, signal);
        this.#mayBeMissing = false;
        return;
      } catch (error) {
        if (signal.aborted || !isScenedimError(error) || error.code === 'target_unreachable') throw error;
        const isLast = error.code !== 'target_busy' || attempt === attempts;
        const then = isLast ? '; the run goes on without' : '';
        const message = `the primary key of dim_scene is missing and cannot be made now: ${error.message}${then}`;
        this.#onRetry({ message, attempt, waitMs: isLast ? null : WAIT_MS });
        if (isLast) return;
        await sleep(WAIT_MS, signal);
      }
    }
  }
}

interface FoundKey {
  readonly name: string | null;
  /** True when there is such a table and this user may drop its key and make it. */
  readonly mayAlter: boolean;
}

/** Each run looks for the key, so the look is cheap. */
async function findKey({ db, schema }: SqlSession): Promise<FoundKey> {
  const { rows } = await sql<FoundKey>`
    SELECT k.conname::text AS name,
      pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS "mayAlter"
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
    WHERE n.nspname = ${schema} AND c.relname = 'dim_scene' AND c.relkind = 'r'`.execute(db);
  return rows[0] ?? { name: null, mayAlter: false };
}

/**
 * False when somebody gave the key another name, place, storage or comment than the migrations,
 * which would be lost; when a foreign key refers to it, or subscribers know changed rows by it; and
 * when the table holds rows.
 */
async function isDroppable({ db, schema }: SqlSession): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
    JOIN pg_catalog.pg_class AS i ON i.oid = k.conindid JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
    WHERE n.nspname = ${schema} AND c.relname = 'dim_scene' AND c.relkind = 'r'
      AND k.conname = 'dim_scene_pkey' AND pg_catalog.pg_get_constraintdef(k.oid) = 'PRIMARY KEY (version_id)'
      AND i.reltablespace = 0 AND i.reloptions IS NULL AND NOT x.indisclustered
      AND pg_catalog.obj_description(k.oid, 'pg_constraint') IS NULL
      AND pg_catalog.obj_description(i.oid, 'pg_class') IS NULL
      AND c.relreplident <> 'i' AND pg_catalog.current_setting('wal_level') <> 'logical'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS f WHERE f.confrelid = c.oid)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication_tables AS p WHERE (p.schemaname, p.tablename) = (n.nspname, c.relname))
      AND NOT EXISTS (SELECT FROM ${sql.id(schema, 'dim_scene')})`.execute(db);
  return rows.length > 0;
}

/**
 * Several shards may find the key missing: one makes it, in the tablespace where it was. Time-outs
 * of the role are off, because they would end each making of a large index. The first lock blocks
 * writers only, and this session holds no lock that others want while it waits.
 */
async function makeKey(session: SqlSession): Promise<void> {
  await sql`SELECT pg_catalog.set_config(s.name, '0', true) FROM pg_catalog.pg_settings AS s
    WHERE s.name IN ('statement_timeout', 'transaction_timeout') AND s.source <> 'client'`.execute(session.db);
  await sql`SELECT pg_catalog.set_config('lock_timeout', (s.setting::bigint + ${VACUUM_MS}::bigint)::text, true)
    FROM pg_catalog.pg_settings AS s WHERE s.name = 'deadlock_timeout'`.execute(session.db);
  await session.script(`LOCK TABLE ${tableOf(session)} IN SHARE ROW EXCLUSIVE MODE`);
  if ((await findKey(session)).name !== null) return;
  await session.script(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; SET LOCAL default_tablespace = ''`);
  await session.script(`ALTER TABLE ${tableOf(session)} ADD PRIMARY KEY (version_id)`);
}

function tableOf({ schema }: SqlSession): string {
  return `${quoteIdentifier(schema)}.dim_scene`;
}
