import type { Command } from 'commander';
import { sync } from '../pipeline/sync.ts';
import type { RunAction } from './session/run-action.ts';
import { openSource } from './work/open-source.ts';
import { reportRun } from './work/report-run.ts';
import {
  addLockTimeout,
  addReportOptions,
  addSyncOptions,
  flagSettings,
  type SyncFlags,
  syncOptionsOf,
} from './work/sync-options.ts';
import { runOnTarget } from './work/with-target.ts';

export const description =
  'Fetches the scene lists of the accounts in the config from WeChat and applies what changed. Running it again is harmless.';

export const examples = [
  ['sync', 'every account of the config'],
  ['sync --app-id wx0123456789abcdef', 'one account'],
  ['sync --max-age 6h', 'go on with a run that was interrupted'],
  ['sync --json --skip-exit-code', 'for a scheduler: exit 99 when nothing changed'],
  ['sync --shard 0/4', 'one of four processes that share the work'],
] as const;

export function define(command: Command, run: RunAction): void {
  addReportOptions(addLockTimeout(addSyncOptions(command))).action(
    run<SyncFlags>(async (session, flags) => {
      const config = await session.loadConfig(flagSettings(flags));
      return reportRun(session, 'sync', flags, async () => {
        await using source = openSource(session, config);
        const target = { label: 'sync', lockTimeoutMs: flags.lockTimeout };
        return await runOnTarget(session, config, target, async (context) => {
          const { loader } = context;
          return await sync(context, await syncOptionsOf(session, config, flags, { source, loader }));
        });
      });
    }),
  );
}
