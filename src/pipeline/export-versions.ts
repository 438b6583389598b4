import * as z from 'zod';
import { endReasons, isOpen, type Version, valueKinds } from '../dimension/version.ts';
import { type VersionColumn, versionColumnNames } from '../dimension/version-columns.ts';
import { formatInstant, type Micros } from '../instant.ts';
import type { Loader } from '../load/loader.ts';
import { type Document, time } from '../output-fields.ts';
import { requireSchema } from './run/prepare-target.ts';

export const exportFormats = ['ndjson', 'csv'] as const;
/** The dimension as text, in pieces of whole lines, ordered by account, key and time (code points). */
export async function* exportVersions(
  loader: Loader,
  options: ExportOptions,
  signal: AbortSignal,
): AsyncGenerator<string> {
  await requireSchema(loader, signal);
  const format = options.format === 'csv' ? toCsvLine : toJsonLine;
  if (options.format === 'csv') yield `${versionColumnNames.join(',')}\n`;
  const query = {
    ...(options.asOf !== null && { asOf: options.asOf }),
    ...(options.currentOnly && { openOnly: true }),
  };
  let text = '';
  for await (const version of loader.readVersions(query, signal)) {
    text += format(toExportRow(version));
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Only versions in force at this instant. */
  readonly asOf: Micros | null;
  readonly currentOnly: boolean;
}

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

function toJsonLine(row: ExportRow): string {
  return `${JSON.stringify(row)}\n`;
}

/** RFC 4180, with a bare line feed; null is empty, an empty text cannot occur. */
function toCsvLine(row: ExportRow): string {
  return `${versionColumnNames.map((column) => csvField(row[column])).join(',')}\n`;
}

function csvField(value: ExportRow[keyof ExportRow]): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
