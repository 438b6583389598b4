import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { difference, type Measurement } from './sample.ts';

export interface ProcessOptions {
  /**
   * Where it runs, and where `stdout` and `stderr` are written: a pipe would cost this process time
   * of the same processors.
   */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly serverCpuMs?: () => number | null;
}

const pollEveryMs = 10;

/**
 * Runs a command to its end; throws with what it said on stderr unless it ends with 0. One at a
 * time.
 */
export async function measureProcess(
  [program = '', ...args]: readonly string[],
  { folder, env, serverCpuMs = () => null }: ProcessOptions,
): Promise<Measurement> {
  const files = ['stdout', 'stderr'].map((name) => openSync(join(folder, name), 'w'));
  const reaped = reapedCpuMs();
  const server = serverCpuMs();
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', ...files],
  });
  let peakMb = 0;
  const poll = setInterval(() => {
    peakMb = Math.max(peakMb, peakMbOf(child.pid));
  }, pollEveryMs);
  try {
    const [code, signal] = await once(child, 'exit');
    const wallMs = performance.now() - started;
    if (code !== 0) throw new Error(`${basename(program)} ended with ${code ?? signal}: ${outputOf(folder, 'stderr')}`);
    return {
      wallMs,
      clientCpuMs: reapedCpuMs() - reaped,
      serverCpuMs: difference(server, serverCpuMs()),
      peakMb: peakMb || null,
    };
  } finally {
    clearInterval(poll);
    for (const file of files) closeSync(file);
  }
}

/** What the last command in a folder wrote. */
export function outputOf(folder: string, name: 'stdout' | 'stderr'): string {
  return readFileSync(join(folder, name), 'utf8');
}

const tickMs = 10;

/**
 * The fields of `/proc/PID/stat` behind the name of the program: `[1]` is the parent, `[11]` to
 * `[14]` times in ticks.
 */
export function statOf(pid: number | 'self'): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
}

export function ticksToMs(...ticks: readonly (string | undefined)[]): number {
  return ticks.reduce((sum, each) => sum + Number(each), 0) * tickMs;
}

/** CPU of all children of this process that have ended. */
function reapedCpuMs(): number {
  const stat = statOf('self');
  return ticksToMs(stat[13], stat[14]);
}

/** 0 for a process that has ended. */
function peakMbOf(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
