import { zstdCompressSync } from 'node:zlib';
import type { SchemaElement } from 'hyparquet-writer';
import { chunksOfStream } from '../chunks.ts';
import { isOpen, type Version } from '../dimension/version.ts';
import { nullableColumns, type VersionColumn, versionColumns } from '../dimension/version-columns.ts';
import { readProgramVersion } from '../process/program-version.ts';

/** So many versions are in memory at a time, twice: as rows and as columns. */
const ROW_GROUP_SIZE = 10_000;

/**
 * Versions as a Parquet file, in pieces of whole row groups: columns in the given order, compressed by zstd. Times are INT64,
 * microseconds in UTC; `scene_value` is INT64; what is never null is REQUIRED. Without versions the file has the schema alone.
 */
export async function* parquetFile(
  versions: AsyncIterable<Version>,
  columns: readonly VersionColumn[],
): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  /** What was written since the last call. The writer counts its offset on. */
  const written = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  const file = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'dim_scene', num_children: columns.length }, ...columns.map(schemaOf)],
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    createdBy: `scenedim version ${readProgramVersion()}`,
  });
  for await (const rows of chunksOfStream(versions, ROW_GROUP_SIZE)) {
    const columnData = columns.map((name) => ({ name, data: rows.map(cells[name]) }));
    await file.write({ columnData, rowGroupSize: ROW_GROUP_SIZE });
    yield written();
  }
  await file.finish();
  yield written();
}

const cells: Readonly<Record<VersionColumn, (version: Version) => string | bigint | boolean | null>> = {
  version_id: ({ versionId }) => versionId,
  scene_id: ({ sceneId }) => sceneId,
  app_id: ({ appId }) => appId,
  scene_key: ({ sceneKey }) => sceneKey,
  scene_value: ({ sceneValue }) => sceneValue,
  value_kind: ({ valueKind }) => valueKind,
  is_aggregate: ({ isAggregate }) => isAggregate,
  scene_name: ({ sceneName }) => sceneName,
  effective_from: ({ effectiveFrom }) => effectiveFrom,
  effective_to: ({ effectiveTo }) => effectiveTo,
  is_current: isOpen,
  end_reason: ({ endReason }) => endReason,
  first_observed_at: ({ firstObservedAt }) => firstObservedAt,
};

const types = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
} as const satisfies Readonly<Record<(typeof versionColumns)[VersionColumn], Omit<SchemaElement, 'name'>>>;

function schemaOf(name: VersionColumn): SchemaElement {
  const repetition = nullableColumns.has(name) ? 'OPTIONAL' : 'REQUIRED';
  return { name, ...types[versionColumns[name]], repetition_type: repetition };
}
