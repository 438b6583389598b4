import { expect } from 'vitest';
import type { CliWorkspace } from './cli-workspace.ts';

/**
 * A module that makes a process tell its peak memory when it ends. On Linux not by `maxRSS`, which begins with that of the
 * process that started it: here a test that may need more.
 */
const tellPeak = encodeURIComponent(`
  import { existsSync, readFileSync } from 'node:fs';
  const status = '/proc/self/status';
  const highWater = () => /^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync(status, 'utf8'))[1];
  const peak = () => (existsSync(status) ? highWater() : process.resourceUsage().maxRSS);
  process.on('exit', () => process.stderr.write('peak ' + peak() + '\\n'));
`);

/** What the environment of a workspace needs for {@link peakOf}. */
export const peakEnv = { NODE_OPTIONS: `--import=data:text/javascript,${tellPeak}` };

/** Runs a command, which must succeed; returns what it printed as JSON and the most memory that it had, in MB. */
export async function peakOf<Report = RunReport>(
  work: CliWorkspace,
  args: readonly string[],
): Promise<{ readonly report: Report; readonly peakMb: number }> {
  const { code, stdout, stderr } = await work.run([...args, '--json']);
  expect([code, stderr.slice(-500)]).toEqual([0, expect.stringContaining('peak ')]);
  const kilobytes = Number(/^peak (\d+)$/m.exec(stderr)?.[1]);
  return { report: JSON.parse(stdout), peakMb: kilobytes / 1_000 };
}

interface RunReport {
  readonly accounts: { readonly changed: number; readonly unchanged: number };
}
