/** The temporary file beside a file that is written; its name says which process of which machine writes it. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCodeOf } from '../../error-text.ts';

const named = /^\.([0-9a-f]{16})_(\d+)_(\d+)_[0-9a-f]{8}\.tmp$/;

/** A name that nobody else takes. */
export async function temporaryBeside(target: string): Promise<string> {
  const random = randomUUID().slice(0, 8);
  const [place, start] = await Promise.all([ownPlace(), startOf(process.pid)]);
  const owner = place === null || start === null ? '' : `${place}_${process.pid}_${start}_`;
  return `${target}.${owner}${random}.tmp`;
}

/**
 * Removes what killed processes left beside `target`: files of this start of this machine and this name space of processes, whose
 * process is gone. What another container or machine writes on a shared disk, and all where there is no `/proc`, is left alone.
 */
export async function removeLeftovers(target: string): Promise<void> {
  const place = await ownPlace();
  const names = place === null ? [] : await readdir(dirname(target)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(basename(target))) continue;
    const [, where, pid, start] = named.exec(name.slice(basename(target).length)) ?? [];
    if (where !== place || start === undefined || !(await isGone(Number(pid), start))) continue;
    await rm(join(dirname(target), name), { force: true }).catch(() => {});
  }
}

/** True when no process has this id, or another one that began later. */
async function isGone(pid: number, start: string): Promise<boolean> {
  const found = await startOf(pid);
  if (found !== null) return found !== start;
  try {
    // It may be hidden from this user.
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCodeOf(error) === 'ESRCH';
  }
}

/** Where process ids and times mean what they mean to this process; null where that cannot be told. */
async function ownPlace(): Promise<string | null> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const spaces = await Promise.all(['pid', 'time'].map((name) => readlink(`/proc/self/ns/${name}`)));
    return createHash('sha256')
      .update([boot, ...spaces].join(' '))
      .digest('hex')
      .slice(0, 16);
  } catch {
    return null;
  }
}

/** When a process began, in ticks since the machine did: a process id is given again. Null when there is none. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // The name of the program, in parentheses, may hold anything; the 20th field behind it is the time.
  return text === null ? null : (text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null);
}
