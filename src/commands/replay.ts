import { resolve } from 'node:path';
import type { Command } from 'commander';
import { replay } from '../pipeline/replay.ts';
import { type ReportOptions, reportRun } from './result/report-run.ts';
import { addWatchOptions } from './result/watch-options.ts';
import { openInput } from './session/open-input.ts';
import type { RunAction } from './session/run-action.ts';
import { addLockTimeout, type LockFlags } from './target/lock-timeout-option.ts';
import { runOnTarget } from './target/run-on-target.ts';

export const description =
  'Applies recorded answers, as export-log writes them. Those that are stored already change nothing; late ones go where they belong.';

export const examples = [
  ['replay observations.ndjson', 'apply a file'],
  ['export-log | scenedim replay --config other.yaml -', 'move a dimension to another warehouse'],
] as const;

export function define(command: Command, run: RunAction): void {
  addWatchOptions(addLockTimeout(command))
    .argument('<file>', 'NDJSON, one answer a line; - is standard input')
    .action(
      run<ReportOptions & LockFlags>((session, flags, [file = '-']) =>
        reportRun(session, 'replay', flags, async (watched) => {
          const config = await session.loadConfig();
          await using input = await openInput(file, session);
          const lines = file === '-' ? null : { namespace: 'file', name: resolve(session.workingDirectory, file) };
          const target = { label: 'replay', mayMake: true, lockTimeoutMs: flags.lockTimeout, input: lines };
          const options = { input, name: input.name };
          return await runOnTarget(session, config, target, watched, (context) => replay(context, options));
        }),
      ),
    );
}
