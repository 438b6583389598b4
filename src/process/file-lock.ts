/**
 * A lock between processes: a write transaction that stays open on a small SQLite file. The kernel
 * drops it when its holder ends, however it ends. Others read who holds it from the row that was
 * committed before.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { sleep } from '../clock.ts';
import type { ScenedimError } from '../errors.ts';

const POLL_MS = 100;
/** How long to wait for another process that commits or reads, in milliseconds. */
const MOMENT_MS = 5_000;
const SQLITE_BUSY = 5;
const NOT_A_DATABASE: readonly unknown[] = [11, 26];
/** Keeps what is held from the garbage collector, which would release it. */
const held = new Set<DatabaseSync>();

export interface FileLockWait {
  /** How long to wait for another holder, in milliseconds. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Called once when another holder is waited for; `leftMs` is the longest wait. */
  readonly onWait?: (message: string, leftMs: number) => void;
  /** The error when the wait is over. `who` describes the holder. */
  readonly held: (who: string) => ScenedimError;
  /** The error when something else is in the file. */
  readonly damaged: (cause: unknown) => ScenedimError;
}

/**
 * Takes the lock of `file`, which is made when it is not there; its folder must be. Disposing
 * releases it.
 */
export async function acquireFileLock(file: string, wait: FileLockWait): Promise<Disposable> {
  const { waitMs, signal, onWait } = wait;
  const deadline = performance.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const lock = tryLock(file, wait);
    if (lock !== null) return lock;
    const left = deadline - performance.now();
    const error = left <= 0 || attempt === 1 ? wait.held(readFileLockHolder(file)?.text ?? 'another process') : null;
    if (error !== null && left <= 0) throw error;
    if (error !== null) onWait?.(error.message, left);
    await sleep(Math.min(POLL_MS, left), signal);
  }
}

/**
 * Null when another connection, of this process too, is at work on the file. Each round writes the
 * own row unless the last round's is still there: of two that start at once, the one that writes
 * last holds the lock, and the row is its own.
 */
function tryLock(file: string, { damaged }: FileLockWait): Disposable | null {
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
    throw NOT_A_DATABASE.includes(sqliteCodeOf(error)) ? damaged(error) : error;
  }
  held.add(database);
  return { [Symbol.dispose]: () => held.delete(database) && database.close() };
}

/** Who holds the lock, or held it last; undefined when the file does not say. */
export function readFileLockHolder(file: string): { readonly pid: number; readonly text: string } | undefined {
  try {
    using database = new DatabaseSync(file, { readOnly: true, timeout: MOMENT_MS });
    const row = database.prepare('SELECT pid, host, since FROM holder').get();
    if (row === undefined) return undefined;
    return { pid: Number(row['pid']), text: `process ${row['pid']} on ${row['host']} since ${row['since']}` };
  } catch {
    return undefined;
  }
}

/** SQLite's primary result code. */
function sqliteCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
