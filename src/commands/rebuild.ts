import type { Command } from 'commander';
import { rebuild } from '../pipeline/rebuild.ts';
import type { RunAction } from './session/run-action.ts';
import { type ReportOptions, reportRun } from './work/report-run.ts';
import { addLockTimeout, type LockFlags } from './work/sync-options.ts';
import { runOnTarget } from './work/with-target.ts';

export const description =
  'Recomputes dim_scene from the stored observations: after dimension.firstSeen or the program changed, or to repair it. ' +
  'Rows that are right stay untouched, keys included.';

export const examples = [
  ['rebuild', 'recompute everything'],
  ['rebuild --lock-timeout 10m', 'wait for a run that goes on'],
] as const;

export function define(command: Command, run: RunAction): void {
  addLockTimeout(command).action(
    run<ReportOptions & LockFlags>(async (session, flags) => {
      const config = await session.loadConfig();
      const target = { label: 'rebuild', lockTimeoutMs: flags.lockTimeout };
      return reportRun(session, 'rebuild', flags, () => runOnTarget(session, config, target, rebuild));
    }),
  );
}
