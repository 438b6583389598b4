import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCodeOf } from '../../error-text.ts';

/** What tells a process from all others, as far as this machine says. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Start in clock ticks since boot, from /proc; null where there is none. Tells a process from a later one with its pid. */
  readonly processStart: string | null;
  /** Inode of the pid namespace, from /proc; null where there is none. The same pid in another container is somebody else. */
  readonly pidNamespace: string | null;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), processStart: startOf(process.pid), pidNamespace: ownNamespace() };
}

/** True only when it is certain that the process is gone: same host, same pid namespace, and no such process any more. */
export function isProvablyDead(identity: ProcessIdentity): boolean {
  if (identity.host !== hostname() || identity.pidNamespace !== ownNamespace()) return false;
  if (!exists(identity.pid)) return true;
  const start = startOf(identity.pid);
  return identity.processStart !== null && start !== null && start !== identity.processStart;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCodeOf(error) !== 'ESRCH';
  }
}

/** Field 22 of /proc/<pid>/stat, counted after the command in brackets, which may hold blanks. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function ownNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
