import { type Command, Option } from 'commander';
import { ScenedimError } from '../errors.ts';
import { type Micros, requireInstant } from '../instant.ts';
import { type ExportFormat, exportFormats, exportVersions } from '../pipeline/export-versions.ts';
import type { RunAction } from './session/run-action.ts';
import { withTarget } from './work/with-target.ts';
import { assertOneResult, type ResultOptions, writeResult } from './work/write-result.ts';

export const description =
  'Writes dim_scene, one version a line, ordered by account, key and time. The unknown member is left out.';

export const examples = [
  ['export', 'everything, as NDJSON'],
  ['export --format csv --current --output scenes.csv', 'the names of today, for a spreadsheet'],
  ['export --as-of 2026-03-01T00:00:00+08:00', 'what was in force then'],
] as const;

interface ExportFlags extends ResultOptions {
  readonly format: ExportFormat;
  readonly asOf?: Micros;
  readonly current?: true;
}

export function define(command: Command, run: RunAction): void {
  command
    .addOption(new Option('--format <format>', 'ndjson or csv').default('ndjson').argParser(parseFormat))
    .option('--as-of <time>', 'only versions in force at this time', (text) => requireInstant(text, '--as-of'))
    .option('--current', 'only open versions')
    .option('-o, --output <file>', 'write to a file, all or nothing, instead of stdout')
    .action(
      run<ExportFlags>(async (session, flags) => {
        const { format, asOf, current } = flags;
        if (asOf !== undefined && current === true) {
          throw new ScenedimError('usage', '--as-of and --current exclude each other', {
            remedy: 'leave one of them out',
          });
        }
        assertOneResult(flags);
        const config = await session.loadConfig();
        const options = { format, asOf: asOf ?? null, currentOnly: current === true };
        await withTarget(session, config, { label: 'export', readOnly: true }, ({ loader, signal }) =>
          writeResult(session, exportVersions(loader, options, signal), flags),
        );
        return 0;
      }),
    );
}

function parseFormat(text: string): ExportFormat {
  const format = exportFormats.find((known) => known === text);
  if (format !== undefined) return format;
  const message = text === 'parquet' ? 'parquet comes with a later version' : `"${text}" is not known`;
  throw new ScenedimError('usage', `--format: ${message}`, { remedy: `use ${exportFormats.join(' or ')}` });
}
