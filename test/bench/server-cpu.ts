import { readdirSync, readFileSync } from 'node:fs';
import type { ViewDatabase } from '../support/view-database.ts';
import { statOf, ticksToMs } from './measure-process.ts';

/** The process whose children the backends are; null where the server is on another machine. */
export async function findPostmaster(database: ViewDatabase): Promise<number | null> {
  const [row] = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  try {
    const backend = Number(row?.pid);
    if (readFileSync(`/proc/${backend}/comm`, 'utf8') !== 'postgres\n') return null;
    return Number(statOf(backend)[1]);
  } catch {
    return null;
  }
}

/**
 * CPU of a server since its start: of the postmaster, of its ended children and of its live ones.
 */
export function serverCpuMs(postmaster: number): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.reduce((sum, pid) => sum + cpuWithin(Number(pid), postmaster), 0);
}

function cpuWithin(pid: number, postmaster: number): number {
  try {
    const stat = statOf(pid);
    if (pid === postmaster) return ticksToMs(...stat.slice(11, 15));
    return Number(stat[1]) === postmaster ? ticksToMs(...stat.slice(11, 13)) : 0;
  } catch {
    // It has ended meanwhile: its time is now that of its parent.
    return 0;
  }
}
