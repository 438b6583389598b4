import type pg from 'pg';
import { ScenedimError } from '../../errors.ts';
import { assertLockScope } from '../assert-lock-scope.ts';
import type { Lock, LockScope } from '../loader.ts';
import { advisoryClass, advisoryObjects } from '../postgres-sql/advisory-keys.ts';
import { classifyPostgresError } from './classify-error.ts';
import type { Connector } from './connector.ts';
import { answerWithin, POOLER_WAIT_MS, type PostgresConnection } from './postgres-connection.ts';

const HEARTBEAT_MS = 10_000;
const SHARD_STRIDE = 32_768;

/**
 * Takes the run lock of a schema: advisory locks in an open transaction on a connection of its own. The locks end with the
 * connection, however it ends. A lock of the session would stay on a connection that a pooler gives to the next client.
 * An idle READ COMMITTED transaction has no snapshot, so it does not hold vacuum back. Statements here have no parameters:
 * a parameter keeps the portal of its statement open, with its snapshot, until the next statement.
 */
export async function acquirePostgresLock(
  connector: Connector,
  scope: LockScope,
  signal: AbortSignal,
): Promise<Lock | null> {
  assertLockScope(scope);
  const { names } = connector.options;
  let connection: PostgresConnection | undefined;
  const close = () => connection?.destroy();
  try {
    connection = await connector.open(signal);
    signal.addEventListener('abort', close, { once: true });
    await answerWithin(POOLER_WAIT_MS, connection.beginUnlimited(), close);
    if (await takeLocks(connection.client, scope, names.schema)) return new HeldLock(connection);
  } catch (error) {
    connection?.destroy();
    throw signal.aborted ? signal.reason : classifyPostgresError(error, names);
  } finally {
    signal.removeEventListener('abort', close);
  }
  await connection.end();
  return null;
}

async function takeLocks(client: pg.Client, scope: LockScope, schema: string): Promise<boolean> {
  const target = advisoryClass('scenedim', schema);
  if (scope.kind === 'exclusive') return tryLock(client, 'exclusive', target, advisoryObjects.target);
  const countKey = advisoryObjects.firstShardCount + scope.count;
  const shardKey = scope.count * SHARD_STRIDE + scope.index;
  return (
    (await tryLock(client, 'shared', target, advisoryObjects.target)) &&
    (await tryLock(client, 'shared', target, countKey)) &&
    (await tryLock(client, 'exclusive', advisoryClass('scenedim-shard', schema), shardKey)) &&
    // Looked at after the own key was taken: of two that start with different counts, at least one sees the other.
    !(await hasOtherCount(client, target, countKey))
  );
}

async function tryLock(client: pg.Client, mode: 'exclusive' | 'shared', key: number, object: number): Promise<boolean> {
  const name = mode === 'shared' ? 'pg_try_advisory_xact_lock_shared' : 'pg_try_advisory_xact_lock';
  const { rows } = await client.query<{ got: boolean }>(`SELECT ${name}(${key}, ${object}) AS got`);
  return rows[0]?.got === true;
}

async function hasOtherCount(client: pg.Client, target: number, countKey: number): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT EXISTS (
       SELECT FROM pg_catalog.pg_locks
       WHERE locktype = 'advisory' AND granted AND objsubid = 2
         AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
         AND classid = ${target} AND objid >= ${advisoryObjects.firstShardCount} AND objid <> ${countKey}) AS found`,
  );
  return rows[0]?.found !== false;
}

/**
 * Keeps the connection alive (firewalls forget idle ones) and notices when it is not. Two beats without an answer are its
 * end: the sockets of a database that stalls stay open. One may be late because this process was busy itself.
 */
class HeldLock implements Lock {
  readonly #connection: PostgresConnection;
  readonly #lost = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;
  #unanswered = 0;
  #isReleased = false;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
    connection.client.on('error', (error) => this.#lose(error));
    connection.client.on('end', () => this.#lose());
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    clearInterval(this.#heartbeat);
    await this.#connection.end();
  }

  #beat(): void {
    this.#unanswered += 1;
    if (this.#unanswered > 2) this.#lose(new Error('the database has stopped to answer'));
    if (this.#unanswered > 1) return;
    this.#connection.client.query('SELECT 1').then(
      () => {
        this.#unanswered = 0;
      },
      (error: unknown) => this.#lose(error),
    );
  }

  #lose(cause?: unknown): void {
    if (this.#isReleased) return;
    clearInterval(this.#heartbeat);
    this.#lost.abort(lockLost(cause));
    this.#connection.destroy();
  }
}

function lockLost(cause?: unknown): ScenedimError {
  return new ScenedimError('lock_lost', 'the connection that held the lock of the target was lost', {
    remedy: 'run again once the server can be reached: nothing of a batch is half written',
    cause,
  });
}
