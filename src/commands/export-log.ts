import type { Command } from 'commander';
import { exportLog } from '../pipeline/export-log.ts';
import { assertOneResult, type ResultOptions, writeResult } from './result/write-result.ts';
import type { RunAction } from './session/run-action.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Writes every answer with its decision, in the format that replay reads: moves a dimension to another warehouse.';

export const examples = [
  ['export-log --output log.ndjson', 'a backup of everything that cannot be fetched again'],
  ['export-log | scenedim replay --config other.yaml -', 'into another warehouse'],
] as const;

export function define(command: Command, run: RunAction): void {
  command.option('-o, --output <file>', 'write to a file, all or nothing, instead of stdout').action(
    run<ResultOptions>(async (session, flags) => {
      assertOneResult(flags);
      const config = await session.loadConfig();
      await withTarget(session, config, { label: 'export-log' }, ({ loader, signal }) =>
        writeResult(session, exportLog(loader, signal), flags),
      );
      return 0;
    }),
  );
}
