import { expect } from 'vitest';
import type { CliWorkspace } from './cli-workspace.ts';

/**
 * For the environment of a workspace: {@link memoryOfRun} gives the most memory that the process had from the system, garbage
 * too. On Linux not by `maxRSS`, which begins with that of the process that started it: here a test that may need more.
 */
export const measurePeak = preload(`
  import { existsSync, readFileSync } from 'node:fs';
  const status = '/proc/self/status';
  const highWater = () => /^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync(status, 'utf8'))[1];
  const peak = () => (existsSync(status) ? highWater() : process.resourceUsage().maxRSS);
  process.on('exit', () => process.stderr.write('memory ' + peak() + '\\n'));
`);

/**
 * For the environment of a workspace: {@link memoryOfRun} gives the most that was in use at once. Garbage is collected before
 * each look, twice a second, so that two runs differ by what they keep.
 */
export const measureInUse = preload(`
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  let most = 0;
  const look = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    most = Math.max(most, heapUsed + external);
  };
  setInterval(look, 500).unref();
  process.on('exit', () => process.stderr.write('memory ' + Math.round(most / 1_000) + '\\n'));
`);

function preload(module: string): { readonly NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` };
}

/** Runs a command, which must succeed; returns what it printed as JSON and its memory in MB. */
export async function memoryOfRun<Report = RunReport>(
  work: CliWorkspace,
  args: readonly string[],
): Promise<{ readonly report: Report; readonly megabytes: number }> {
  const { code, stdout, stderr } = await work.run([...args, '--json']);
  expect([code, stderr.slice(-500)]).toEqual([0, expect.stringContaining('memory ')]);
  const kilobytes = Number(/^memory (\d+)$/m.exec(stderr)?.[1]);
  return { report: JSON.parse(stdout), megabytes: kilobytes / 1_000 };
}

interface RunReport {
  readonly accounts: { readonly changed: number; readonly unchanged: number };
}
