/** The dimension in each format, read back. */
import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import type { Version } from '../../../src/dimension/version.ts';
import { type VersionColumn, versionColumnNames } from '../../../src/dimension/version-columns.ts';
import { type Micros, parseInstant } from '../../../src/instant.ts';
import type { Loader } from '../../../src/load/loader.ts';
import { createMemoryLoader } from '../../../src/load/memory/memory-loader.ts';
import {
  type CsvExportOptions,
  exportVersions,
  type NdjsonExportOptions,
} from '../../../src/pipeline/export-versions.ts';
import { replay } from '../../../src/pipeline/replay.ts';
import { hostileLog, hostileVersions } from '../../support/hostile-log.ts';
import { contextFor, inputOf } from '../../support/run-case.ts';

const { signal } = new AbortController();
const all = { asOf: null, currentOnly: false } as const;

async function loaderOf(log: string): Promise<Loader> {
  const loader = createMemoryLoader();
  await replay(contextFor(loader, { dimension: {}, guards: {} }), {
    input: inputOf(log.trimEnd().split('\n')),
    name: 'log',
  });
  return loader;
}

async function textOf(loader: Loader, options: NdjsonExportOptions | CsvExportOptions): Promise<string> {
  return (await Array.fromAsync(exportVersions(loader, options, signal))).join('');
}

async function parquetOf(loader: Loader, columns?: readonly VersionColumn[]): Promise<ArrayBuffer> {
  const options = { format: 'parquet', ...all, ...(columns && { columns }) } as const;
  const bytes = Buffer.concat(await Array.fromAsync(exportVersions(loader, options, signal)));
  return new Uint8Array(bytes).buffer;
}

/** Rows as the file holds them: times are microseconds. */
function rowsOf(file: ArrayBuffer): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const parsers = { timestampFromMicroseconds: (micros: bigint) => micros } as object;
  return parquetReadObjects({ file, parsers, compressors: { ZSTD: (input) => zstdDecompressSync(input) } });
}

const small = [
  {
    at: '2026-01-02T03:04:05.678901Z',
    scene: [
      { name: '扫一扫', value: 4 },
      { name: 'all, "all"', value: '@_all' },
    ],
  },
  {
    at: '2026-02-01T00:00:00Z',
    scene: [
      { name: '=1+1', value: 4 },
      { name: 'all, "all"', value: '@_all' },
    ],
  },
]
  .map(({ at, scene }) => `${JSON.stringify({ app_id: 'wx1', observed_at: at, body: { scene } })}\n`)
  .join('');

test('ndjson and csv are the same to the byte in every version', async () => {
  await using loader = await loaderOf(small);
  const ids = (await Array.fromAsync(loader.readVersions({}, signal))).map(({ versionId, sceneId }) => ({
    versionId,
    sceneId,
  }));
  const id = (n: number, name: 'versionId' | 'sceneId') => ids[n]?.[name] ?? '';
  const beginning = '1970-01-01T00:00:00.000000Z';
  const end = '9999-12-31T00:00:00.000000Z';
  const [first, second] = ['2026-01-02T03:04:05.678901Z', '2026-02-01T00:00:00.000000Z'];
  expect(await textOf(loader, { format: 'csv', ...all })).toBe(
    `version_id,scene_id,app_id,scene_key,scene_value,value_kind,is_aggregate,scene_name,effective_from,effective_to,is_current,end_reason,first_observed_at
${id(0, 'versionId')},${id(0, 'sceneId')},wx1,4,4,numeric,false,扫一扫,${beginning},${second},false,renamed,${first}
${id(1, 'versionId')},${id(1, 'sceneId')},wx1,4,4,numeric,false,=1+1,${second},${end},true,,${second}
${id(2, 'versionId')},${id(2, 'sceneId')},wx1,@_all,,sentinel,true,"all, ""all""",${beginning},${end},true,,${first}
`,
  );
  expect(await textOf(loader, { format: 'ndjson', ...all })).toBe(
    `{"version_id":"${id(0, 'versionId')}","scene_id":"${id(0, 'sceneId')}","app_id":"wx1","scene_key":"4","scene_value":4,"value_kind":"numeric","is_aggregate":false,"scene_name":"扫一扫","effective_from":"${beginning}","effective_to":"${second}","is_current":false,"end_reason":"renamed","first_observed_at":"${first}"}
{"version_id":"${id(1, 'versionId')}","scene_id":"${id(1, 'sceneId')}","app_id":"wx1","scene_key":"4","scene_value":4,"value_kind":"numeric","is_aggregate":false,"scene_name":"=1+1","effective_from":"${second}","effective_to":"${end}","is_current":true,"end_reason":null,"first_observed_at":"${second}"}
{"version_id":"${id(2, 'versionId')}","scene_id":"${id(2, 'sceneId')}","app_id":"wx1","scene_key":"@_all","scene_value":null,"value_kind":"sentinel","is_aggregate":true,"scene_name":"all, \\"all\\"","effective_from":"${beginning}","effective_to":"${end}","is_current":true,"end_reason":null,"first_observed_at":"${first}"}
`,
  );
});

test('columns come in the order in which they are asked for, in every format', async () => {
  await using loader = await loaderOf(small);
  const columns = ['scene_name', 'scene_value', 'scene_key'] as const;
  expect(await textOf(loader, { format: 'csv', ...all, columns })).toBe(
    'scene_name,scene_value,scene_key\n扫一扫,4,4\n=1+1,4,4\n"all, ""all""",,@_all\n',
  );
  expect(await textOf(loader, { format: 'ndjson', ...all, columns, currentOnly: true })).toBe(
    '{"scene_name":"=1+1","scene_value":4,"scene_key":"4"}\n' +
      '{"scene_name":"all, \\"all\\"","scene_value":null,"scene_key":"@_all"}\n',
  );
  const file = await parquetOf(loader, columns);
  expect(parquetMetadata(file).schema.map(({ name }) => name)).toEqual(['dim_scene', ...columns]);
  expect((await rowsOf(file)).map((row) => Object.values(row))).toEqual([
    ['扫一扫', 4n, '4'],
    ['=1+1', 4n, '4'],
    ['all, "all"', null, '@_all'],
  ]);
});

test('a spreadsheet is given a byte order mark, and an apostrophe before texts that it would calculate', async () => {
  await using loader = await loaderOf(hostileLog);
  const columns = ['scene_key', 'scene_value', 'scene_name'] as const;
  const lines = async (options: Partial<CsvExportOptions>) =>
    (await textOf(loader, { format: 'csv', ...all, columns, currentOnly: true, ...options })).split('\n');
  const plain = await lines({});
  expect(await lines({ bom: true })).toEqual([`\uFEFF${plain[0]}`, ...plain.slice(1)]);
  const safe = await lines({ excelSafe: true });
  expect(safe.filter((line) => !plain.includes(line))).toEqual([
    `'+formula,,'+1+1`,
    `'-1,-1,负一`,
    `'-9223372036854775808,-9223372036854775808,the smallest int64`,
    `'-formula,,'-1+1`,
    `'@_all,,全部`,
    `'@formula,,'@SUM(A1)`,
    `formula,,"'=HYPERLINK(""http://127.0.0.1/"",""click"")"`,
  ]);
});

/** A loader that has the given versions and is asked for nothing else. */
function loaderWith(readVersions: () => AsyncIterable<Version>): Loader {
  const loader = createMemoryLoader();
  return { ...loader, readMeta: async () => ({ schemaVersion: 1, normalizerVersion: 1 }) as never, readVersions };
}

/** A version as the tests before have made it, with what is asked for. */
async function* versions(count: number, change: (n: number) => Partial<Version>): AsyncGenerator<Version> {
  await using loader = await loaderOf(small);
  const [version] = await Array.fromAsync(loader.readVersions({}, signal));
  if (version === undefined) throw new Error('no version');
  for (let n = 0; n < count; n += 1) yield { ...version, ...change(n) };
}

test('texts that begin with a tab or a carriage return are texts for a spreadsheet too', async () => {
  const names = ['\t=1', '\r=1', ' =1'];
  const loader = loaderWith(() => versions(3, (n) => ({ sceneName: names[n] ?? '' })));
  const options = { format: 'csv', ...all, columns: ['scene_name'], excelSafe: true } as const;
  expect(await textOf(loader, options)).toBe(`scene_name\n'\t=1\n"'\r=1"\n =1\n`);
});

test('a Parquet file holds every cell of the NDJSON, each in its own type', async () => {
  await using loader = await loaderOf(hostileLog);
  const file = await parquetOf(loader);
  const expected = (await textOf(loader, { format: 'ndjson', ...all }))
    .trimEnd()
    .split('\n')
    .map((line) => {
      const row = JSON.parse(line);
      const instant = (text: string): Micros | undefined => parseInstant(text);
      return {
        ...row,
        scene_value: row.scene_value === null ? null : BigInt(row.scene_value),
        effective_from: instant(row.effective_from),
        effective_to: instant(row.effective_to),
        first_observed_at: instant(row.first_observed_at),
      };
    });
  expect(expected).toHaveLength(hostileVersions);
  expect(await rowsOf(file)).toEqual(expected);
});

const utf8 = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
const boolean = { type: 'BOOLEAN' };
const timestamp = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
};
const physical: Readonly<Record<VersionColumn, object>> = {
  version_id: { ...utf8, repetition_type: 'REQUIRED' },
  scene_id: { ...utf8, repetition_type: 'REQUIRED' },
  app_id: { ...utf8, repetition_type: 'REQUIRED' },
  scene_key: { ...utf8, repetition_type: 'REQUIRED' },
  scene_value: { type: 'INT64', repetition_type: 'OPTIONAL' },
  value_kind: { ...utf8, repetition_type: 'REQUIRED' },
  is_aggregate: { ...boolean, repetition_type: 'REQUIRED' },
  scene_name: { ...utf8, repetition_type: 'REQUIRED' },
  effective_from: { ...timestamp, repetition_type: 'REQUIRED' },
  effective_to: { ...timestamp, repetition_type: 'REQUIRED' },
  is_current: { ...boolean, repetition_type: 'REQUIRED' },
  end_reason: { ...utf8, repetition_type: 'OPTIONAL' },
  first_observed_at: { ...timestamp, repetition_type: 'REQUIRED' },
};

test('a Parquet file of nothing has the whole schema', async () => {
  const file = await parquetOf(loaderWith(() => versions(0, () => ({}))));
  const { schema, num_rows, row_groups } = parquetMetadata(file);
  expect(schema.slice(1)).toMatchObject(versionColumnNames.map((name) => ({ name, ...physical[name] })));
  expect([num_rows, row_groups]).toEqual([0n, []]);
  expect(await rowsOf(file)).toEqual([]);
});

test('a Parquet file has row groups of 10,000, compressed by zstd, and reads no further ahead', async () => {
  let read = 0;
  const source = () =>
    versions(25_000, (n) => {
      read = n + 1;
      return { sceneName: `场景 ${n}` };
    });
  const options = { format: 'parquet', ...all } as const;
  const pieces = exportVersions(loaderWith(source), options, signal);
  const bytes = [(await pieces.next()).value];
  expect(read).toBe(10_000);
  bytes.push(...(await Array.fromAsync(pieces)));
  const file = new Uint8Array(Buffer.concat(bytes)).buffer;
  const { row_groups, created_by } = parquetMetadata(file);
  expect(row_groups.map(({ num_rows }) => num_rows)).toEqual([10_000n, 10_000n, 5_000n]);
  expect(created_by).toMatch(/^scenedim version \d+\.\d+\.\d+/);
  const codecs = row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data?.codec));
  expect(new Set(codecs)).toEqual(new Set(['ZSTD']));
  const names = (await rowsOf(file)).map(({ scene_name }) => scene_name);
  expect(names).toEqual(Array.from({ length: 25_000 }, (_, n) => `场景 ${n}`));
});

test('a source that fails ends every format with its error', async () => {
  const failure = new Error('the connection is gone');
  const source = async function* () {
    yield* versions(12_000, () => ({}));
    throw failure;
  };
  for (const format of ['ndjson', 'csv', 'parquet'] as const) {
    const pieces = exportVersions(loaderWith(source), { format, ...all }, signal);
    await expect(Array.fromAsync<string | Uint8Array>(pieces)).rejects.toBe(failure);
  }
});
