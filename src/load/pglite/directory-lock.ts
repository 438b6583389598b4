/**
 * The lock of a database's directory: a write transaction that stays open on a small SQLite file inside the directory.
 * The kernel drops it when its holder ends, however it ends. Others read who holds it from the row that was committed before.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sleep } from '../../clock.ts';
import { ScenedimError } from '../../errors.ts';
import type { LoaderContext } from '../loader-factory.ts';

const FILE = 'scenedim.lock';
const POLL_MS = 100;
/** Others have the file for the moment of a commit or of a read. */
const MOMENT_MS = 5_000;
const SQLITE_BUSY = 5;
const NOT_A_DATABASE: readonly unknown[] = [11, 26];
/** Keeps what is held from the garbage collector, which would release it. */
const held = new Set<DatabaseSync>();

/** True for the names of the lock's files, the journal of SQLite included. */
export function isLockFile(name: string): boolean {
  return name.startsWith(FILE);
}

/** How long to wait for the lock, and who is told that it is waited for. */
export type LockWait = Pick<LoaderContext, 'openTimeoutMs' | 'signal' | 'onRetry'>;

/** Waits up to `openTimeoutMs` for the lock of a directory that exists; `lock_held` names its holder. Disposing releases it. */
export async function acquireDirectoryLock(
  directory: string,
  { openTimeoutMs, signal, onRetry }: LockWait,
): Promise<Disposable> {
  const deadline = performance.now() + openTimeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const lock = tryLock(join(directory, FILE));
    if (lock !== null) return lock;
    const left = deadline - performance.now();
    if (left <= 0) throw lockHeld(directory);
    if (attempt === 1) onRetry?.({ message: lockHeld(directory).message, attempt, waitMs: left });
    await sleep(Math.min(POLL_MS, left), signal);
  }
}

/**
 * Null when another connection, of this process too, is at work on the file. Each round writes the own row unless the last
 * round's is still there: of two that start at once, the one that writes last holds the lock, and the row is its own.
 */
function tryLock(file: string): Disposable | null {
  const token = randomUUID();
  const database = new DatabaseSync(file);
  try {
    for (;;) {
      database.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
      database.exec('CREATE TABLE IF NOT EXISTS holder (token TEXT, pid INTEGER, host TEXT, since TEXT)');
      if (database.prepare('SELECT token FROM holder').get()?.['token'] === token) break;
      database.exec('DELETE FROM holder');
      const insert = database.prepare('INSERT INTO holder VALUES (?, ?, ?, ?)');
      insert.run(token, process.pid, hostname(), new Date().toISOString());
      database.exec(`PRAGMA busy_timeout = ${MOMENT_MS}; COMMIT`);
    }
  } catch (error) {
    database.close();
    if (sqliteCodeOf(error) === SQLITE_BUSY) return null;
    throw NOT_A_DATABASE.includes(sqliteCodeOf(error)) ? damaged(file, error) : error;
  }
  held.add(database);
  return { [Symbol.dispose]: () => held.delete(database) && database.close() };
}

/** Who holds the lock of a directory, or held it last; undefined when the file does not say. */
export function readLockHolder(directory: string): { readonly pid: number; readonly text: string } | undefined {
  try {
    using database = new DatabaseSync(join(directory, FILE), { readOnly: true, timeout: MOMENT_MS });
    const row = database.prepare('SELECT pid, host, since FROM holder').get();
    if (row === undefined) return undefined;
    return { pid: Number(row['pid']), text: `process ${row['pid']} on ${row['host']} since ${row['since']}` };
  } catch {
    return undefined;
  }
}

function lockHeld(directory: string): ScenedimError {
  const who = readLockHolder(directory)?.text ?? 'another process';
  return new ScenedimError('lock_held', `the database is in use: ${directory} is held by ${who}`, {
    remedy:
      'run again later, or end that process: the lock ends with it; a command that writes can wait with --lock-timeout 10m',
  });
}

function damaged(file: string, cause: unknown): ScenedimError {
  return new ScenedimError('file_unusable', `target.path: ${file} is damaged`, {
    remedy: 'delete it while no scenedim uses the directory',
    cause,
  });
}

/** SQLite's primary result code. */
function sqliteCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
