import pg from 'pg';
import { ScenedimError } from '../../errors.ts';
import { assertLockScope } from '../assert-lock-scope.ts';
import type { Lock, LockScope } from '../loader.ts';
import { advisoryClass, advisoryObjects } from '../postgres-sql/advisory-keys.ts';
import { classifyPostgresError } from './classify-error.ts';
import type { ConnectionOptions } from './connection-options.ts';

const HEARTBEAT_MS = 30_000;
const SHARD_STRIDE = 32_768;
const FIRST_WITH_TRANSACTION_TIMEOUT = 170_000;

/**
 * Takes the run lock of a schema: advisory locks in an open transaction on a connection of its own. The locks end with the
 * connection, however it ends. A lock of the session would stay on a connection that a pooler gives to the next client.
 * An idle READ COMMITTED transaction has no snapshot, so it does not hold vacuum back. Statements here have no parameters:
 * a parameter keeps the portal of its statement open, with its snapshot, until the next statement.
 */
export async function acquirePostgresLock(
  { client: options, names }: ConnectionOptions,
  scope: LockScope,
  signal: AbortSignal,
): Promise<Lock | null> {
  assertLockScope(scope);
  const client = new pg.Client(options);
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(lockLost(error)));
  client.on('end', () => lost.abort(lockLost()));
  const onAbort = () => void client.end().catch(() => {});
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    await begin(client);
    if (await takeLocks(client, scope, names.schema)) return heldLock(client, lost);
  } catch (error) {
    await client.end().catch(() => {});
    throw signal.aborted ? signal.reason : classifyPostgresError(error, names);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  await client.end();
  return null;
}

async function begin(client: pg.Client): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0');
  const { rows } = await client.query<{ number: number }>(
    `SELECT current_setting('server_version_num')::integer AS number`,
  );
  if ((rows[0]?.number ?? 0) >= FIRST_WITH_TRANSACTION_TIMEOUT) await client.query('SET LOCAL transaction_timeout = 0');
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

/** Keeps the connection alive (firewalls forget idle ones) and notices when it is not. */
function heldLock(client: pg.Client, lost: AbortController): Lock {
  const heartbeat = setInterval(() => {
    client.query('SELECT 1').catch((error: unknown) => lost.abort(lockLost(error)));
  }, HEARTBEAT_MS).unref();
  lost.signal.addEventListener('abort', () => clearInterval(heartbeat), { once: true });
  let released = false;
  return {
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => {
      if (released) return;
      released = true;
      clearInterval(heartbeat);
      client.removeAllListeners('end');
      await client.end().catch(() => {});
    },
  };
}

function lockLost(cause?: unknown): ScenedimError {
  return new ScenedimError('lock_lost', 'the connection that held the lock of the target was lost', {
    remedy: 'run again once the server can be reached: nothing of a batch is half written',
    cause,
  });
}
