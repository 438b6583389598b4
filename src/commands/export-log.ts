import type { Command } from 'commander';
import { exportLog } from '../pipeline/export-log.ts';
import { examples } from './session/examples.ts';
import type { RunAction } from './session/run-action.ts';
import { withTarget } from './work/with-target.ts';
import { assertOneResult, type ResultOptions, writeResult } from './work/write-result.ts';

export function define(command: Command, run: RunAction): void {
  command
    .description(
      'Writes every observation with its decision, in the format that replay reads: moves a dimension to another warehouse.',
    )
    .option('-o, --output <file>', 'write to a file, all or nothing, instead of stdout')
    .addHelpText(
      'after',
      examples([
        ['export-log --output log.ndjson', 'a backup of everything that cannot be fetched again'],
        ['export-log | scenedim replay --config other.yaml -', 'into another warehouse'],
      ]),
    )
    .action(
      run<ResultOptions>(async (session, flags) => {
        assertOneResult(flags);
        const config = await session.loadConfig();
        await withTarget(session, config, { label: 'export-log', readOnly: true }, ({ loader, signal }) =>
          writeResult(session, exportLog(loader, signal), flags),
        );
        return 0;
      }),
    );
}
