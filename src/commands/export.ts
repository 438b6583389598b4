import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import { didYouMean } from '../did-you-mean.ts';
import { type VersionColumn, versionColumnNames } from '../dimension/version-columns.ts';
import { ScenedimError } from '../errors.ts';
import { type Micros, requireInstant } from '../instant.ts';
import {
  type CsvExportOptions,
  type ExportFormat,
  type ExportOptions,
  exportFormats,
  exportVersions,
} from '../pipeline/export-versions.ts';
import { assertOneResult, type ResultOptions, writeResult } from './result/write-result.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Writes dim_scene, one row a version, ordered by account, key and time. The unknown member is left out.';

export const examples = [
  ['export', 'everything, as NDJSON'],
  ['export --format parquet --output scenes.parquet', 'for pandas, DuckDB, Polars or a lake'],
  ['export --format csv --current --bom --excel-safe --output scenes.csv', 'the names of today, for Excel'],
  ['export --format csv --columns app_id,scene_key,scene_name', 'three columns, in this order'],
  ['export --as-of 2026-03-01T00:00:00+08:00', 'what was in force then'],
] as const;

/** What a file of such a name is expected to be, no export is. */
const endingsOfOthers: readonly string[] = ['.xlsx', '.xls', '.tsv', '.gz', '.zst', '.zip'];

interface ExportFlags extends ResultOptions {
  /** Default: by the ending of `output`. */
  readonly format?: ExportFormat;
  readonly asOf?: Micros;
  readonly current?: true;
  readonly columns?: readonly VersionColumn[];
  readonly bom?: true;
  readonly excelSafe?: true;
}

export function define(command: Command, run: RunAction): void {
  command
    .addOption(
      new Option(
        '--format <format>',
        'ndjson, csv, or parquet (bytes: to a file or a pipe) (default: by the ending of --output, else ndjson)',
      ).argParser(parseFormat),
    )
    .option('--columns <names>', 'only these columns of dim_scene, in this order: app_id,scene_key,…', parseColumns)
    .option('--as-of <time>', 'only versions in force at this time', (text) => requireInstant(text, '--as-of'))
    .option('--current', 'only open versions')
    .option('--bom', 'csv: begin with a byte order mark, without which Excel in Chinese shows wrong characters')
    .option(
      '--excel-safe',
      'csv: put an apostrophe before each text that starts with =, +, -, @, tab or CR, because Excel takes it for a formula.' +
        " The key @_all is such a text. Other programs see the apostrophe, too: '@_all",
    )
    .option('-o, --output <file>', 'write to a file, all or nothing, instead of stdout')
    .action(
      run<ExportFlags>(async (session, flags) => {
        if (flags.asOf !== undefined && flags.current === true) {
          throw new ScenedimError('usage', '--as-of and --current exclude each other', {
            remedy: 'leave one of them out',
          });
        }
        const options = optionsOf(flags);
        assertOneResult(flags);
        assertNoTerminal(session, options.format, flags);
        const config = await session.loadConfig();
        await withTarget(session, config, { label: 'export' }, ({ loader, signal }) =>
          writeResult(session, exportVersions(loader, options, signal), flags),
        );
        return 0;
      }),
    );
}

function optionsOf(flags: ExportFlags): ExportOptions {
  const { asOf, current, columns, bom, excelSafe } = flags;
  const format = formatOf(flags);
  const selection = {
    asOf: asOf ?? null,
    currentOnly: current === true,
    ...(columns !== undefined && { columns }),
  };
  if (format === 'csv') {
    return { format, ...selection, bom: bom === true, excelSafe: excelSafe === true } satisfies CsvExportOptions;
  }
  const csvOnly = bom === true ? '--bom' : '--excel-safe';
  if (bom === true || excelSafe === true) {
    throw new ScenedimError('usage', `${csvOnly} is about csv, and the format is ${format}`, {
      remedy: `add --format csv, or leave ${csvOnly} out`,
    });
  }
  return { format, ...selection };
}

/** Nobody wants lines of JSON in a file that is called `.csv`, `.parquet` or `.xlsx`. */
function formatOf({ format, output }: ExportFlags): ExportFormat {
  if (format !== undefined) return format;
  const ending = extname(output ?? '').toLowerCase();
  if (endingsOfOthers.includes(ending)) {
    throw new ScenedimError('usage', `--output: the ending ${ending} names no format of an export`, {
      remedy: 'end the name in .ndjson, .csv or .parquet, or add --format; nothing is compressed',
    });
  }
  return exportFormats.find((known) => ending === `.${known}`) ?? 'ndjson';
}

function assertNoTerminal({ out }: Session, format: ExportFormat, { output }: ExportFlags): void {
  if (format !== 'parquet' || output !== undefined || !out.isTerminal) return;
  throw new ScenedimError('usage', 'a Parquet file is bytes, which a terminal cannot show', {
    remedy: 'write it to a file with --output FILE, or lead it into another program',
  });
}

function parseFormat(text: string): ExportFormat {
  const format = exportFormats.find((known) => known === text);
  if (format !== undefined) return format;
  throw new ScenedimError('usage', `--format: "${text}" is not known`, {
    remedy: `use one of ${exportFormats.join(', ')}`,
  });
}

function parseColumns(text: string): readonly VersionColumn[] {
  const columns = text.split(',').map((name) => parseColumn(name.trim()));
  const repeated = columns.find((name, index) => columns.indexOf(name) !== index);
  if (repeated === undefined) return columns;
  throw new ScenedimError('usage', `--columns: ${repeated} is there twice`, { remedy: 'name every column once' });
}

function parseColumn(name: string): VersionColumn {
  const column = versionColumnNames.find((known) => known === name);
  if (column !== undefined) return column;
  const meant = didYouMean(name, versionColumnNames);
  throw new ScenedimError('usage', `--columns: dim_scene has no column "${name}"`, {
    remedy: meant === undefined ? `use some of ${versionColumnNames.join(',')}` : `did you mean ${meant}?`,
  });
}
