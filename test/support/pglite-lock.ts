import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { readLockHolder } from '../../src/load/pglite/directory-lock.ts';

/** Resolves when a process has the database of a directory. */
export async function untilHeld(directory: string, holder: ChildProcess): Promise<void> {
  while (readLockHolder(directory)?.pid !== holder.pid) await delay(1);
}
