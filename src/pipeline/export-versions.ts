import * as z from 'zod';
import { endReasons, isOpen, type Version, valueKinds } from '../dimension/version.ts';
import { type VersionColumn, versionColumnNames, versionColumns } from '../dimension/version-columns.ts';
import { formatInstant, type Micros } from '../instant.ts';
import type { Loader } from '../load/loader.ts';
import { type Document, time } from '../output-fields.ts';
import { parquetFile } from './parquet-file.ts';
import { requireSchema } from './run/require-target.ts';

export const exportFormats = ['ndjson', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/**
 * The dimension, ordered by account, key and time (code points): text in pieces of whole lines, or a Parquet file in pieces of
 * bytes, whose times are INT64 (microseconds in UTC).
 */
export function exportVersions(
  loader: Loader,
  options: ParquetExportOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array>;
export function exportVersions(
  loader: Loader,
  options: NdjsonExportOptions | CsvExportOptions,
  signal: AbortSignal,
): AsyncGenerator<string>;
export function exportVersions(
  loader: Loader,
  options: ExportOptions,
  signal: AbortSignal,
): AsyncGenerator<string> | AsyncGenerator<Uint8Array>;
export function exportVersions(
  loader: Loader,
  options: ExportOptions,
  signal: AbortSignal,
): AsyncGenerator<string> | AsyncGenerator<Uint8Array> {
  const versions = selectVersions(loader, options, signal);
  const columns = options.columns ?? versionColumnNames;
  switch (options.format) {
    case 'parquet':
      return parquetFile(versions, columns);
    case 'csv':
      return csvText(versions, columns, options);
    case 'ndjson':
      return ndjsonText(versions, options.columns);
  }
}

async function* selectVersions(
  loader: Loader,
  { asOf, currentOnly }: ExportOptions,
  signal: AbortSignal,
): AsyncGenerator<Version> {
  await requireSchema(loader, signal);
  yield* loader.readVersions({ ...(asOf !== null && { asOf }), ...(currentOnly && { openOnly: true }) }, signal);
}

async function* ndjsonText(
  versions: AsyncIterable<Version>,
  columns: readonly VersionColumn[] | undefined,
): AsyncGenerator<string> {
  const names = columns && [...columns];
  yield* linesInPieces('', versions, (version) => JSON.stringify(toExportRow(version), names));
}

/** RFC 4180, with a bare line feed; null is empty, an empty text cannot occur. */
async function* csvText(
  versions: AsyncIterable<Version>,
  columns: readonly VersionColumn[],
  { bom, excelSafe }: CsvExportOptions,
): AsyncGenerator<string> {
  const safe = new Set(excelSafe === true ? columns.filter((column) => versionColumns[column] === 'text') : []);
  yield* linesInPieces(`${bom === true ? '\uFEFF' : ''}${columns.join(',')}\n`, versions, (version) => {
    const row = toExportRow(version);
    return columns.map((column) => csvField(row[column], safe.has(column))).join(',');
  });
}

async function* linesInPieces(
  head: string,
  versions: AsyncIterable<Version>,
  format: (version: Version) => string,
): AsyncGenerator<string> {
  let text = head;
  for await (const version of versions) {
    text += `${format(version)}\n`;
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function csvField(value: ExportRow[VersionColumn], safe: boolean): string {
  const plain = value === null ? '' : String(value);
  const text = safe && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

interface VersionSelection {
  /** Only versions in force at this instant. */
  readonly asOf: Micros | null;
  readonly currentOnly: boolean;
  /** These columns in this order, each once; default: all, in the order of `dim_scene`. */
  readonly columns?: readonly VersionColumn[];
}

export interface NdjsonExportOptions extends VersionSelection {
  readonly format: 'ndjson';
}

export interface ParquetExportOptions extends VersionSelection {
  readonly format: 'parquet';
}

export interface CsvExportOptions extends VersionSelection {
  readonly format: 'csv';
  /** Begin with a byte order mark; Excel in Chinese takes a file without one for GBK. Default false. */
  readonly bom?: boolean;
  /**
   * Put an apostrophe before a text that a spreadsheet would take for a formula, because it starts with `=`, `+`, `-`, `@`, tab
   * or CR: `'@_all`. Default false.
   */
  readonly excelSafe?: boolean;
}

export type ExportOptions = NdjsonExportOptions | CsvExportOptions | ParquetExportOptions;

/** A version as `export` writes it. */
export const exportRowSchema = z.strictObject({
  version_id: z.string(),
  scene_id: z.string(),
  app_id: z.string(),
  scene_key: z.string(),
  scene_value: z.union([z.int(), z.string()]).nullable().describe('A string beyond the safe integers.'),
  value_kind: z.enum(valueKinds),
  is_aggregate: z.boolean(),
  scene_name: z.string(),
  effective_from: time,
  effective_to: time,
  is_current: z.boolean(),
  end_reason: z.enum(endReasons).nullable(),
  first_observed_at: time,
} satisfies Record<VersionColumn, z.ZodType>);

type ExportRow = Document<typeof exportRowSchema>;

/** A version under its column names; a `scene_value` beyond the safe integers is a string. */
export function toExportRow(version: Version): ExportRow {
  return {
    version_id: version.versionId,
    scene_id: version.sceneId,
    app_id: version.appId,
    scene_key: version.sceneKey,
    scene_value: exportValue(version.sceneValue),
    value_kind: version.valueKind,
    is_aggregate: version.isAggregate,
    scene_name: version.sceneName,
    effective_from: formatInstant(version.effectiveFrom),
    effective_to: formatInstant(version.effectiveTo),
    is_current: isOpen(version),
    end_reason: version.endReason,
    first_observed_at: formatInstant(version.firstObservedAt),
  };
}

function exportValue(value: bigint | null): string | number | null {
  if (value === null) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
