/** One Parquet file of hostile scenes in the readers that analysts use: every cell is that of the NDJSON. */
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { versionColumnNames } from '../../src/dimension/version-columns.ts';
import { hostileLog, hostileVersions } from '../support/hostile-log.ts';
import { describeWithTool, type Tool } from '../support/installed-tool.ts';
import { mavenTool, runJava } from '../support/maven-tool.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { runCli } from '../support/spawn-cli.ts';
import { pythonTools, runPython } from './python-tools.ts';

const here = (name: string): string => new URL(name, import.meta.url).pathname;

const parquetJava = mavenTool('analysts-parquet-java', here('requirements/parquet-java.xml'));

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let file = '';
/** Rows of the NDJSON as the readers print them: an integer is text. */
let expected: readonly (readonly unknown[])[] = [];

beforeAll(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'scenedim-analysts-'));
  const cwd = directory.path;
  await copyPglite(join(cwd, 'data'));
  await writeFile(join(cwd, 'scenedim.yaml'), '{"target":{"type":"pglite","path":"data"}}');
  expect((await runCli(['replay', '-'], { cwd, input: hostileLog })).code).toBe(0);
  file = join(cwd, 'scenes.parquet');
  expect((await runCli(['export', '--format', 'parquet', '--output', file], { cwd })).code).toBe(0);
  const lines = (await runCli(['export'], { cwd })).stdout.trimEnd().split('\n');
  expected = lines.map((line) => {
    const row = JSON.parse(line);
    return versionColumnNames.map((name) =>
      name === 'scene_value' && row[name] !== null ? String(row[name]) : row[name],
    );
  });
  expect(expected).toHaveLength(hostileVersions);
});
afterAll(() => directory[Symbol.asyncDispose]());

interface Reader {
  readonly tool: Tool;
  read(): Promise<string>;
  /** Types of the columns in the reader's words: a text, a number that may be null, a yes or no, a time. */
  readonly types: Readonly<Record<'scene_key' | 'scene_value' | 'is_current' | 'effective_to', string>>;
}

const inPython = (tool: Tool, name: string) => ({
  tool,
  read: () => runPython(tool, [here('readers/read_parquet.py'), name, file], directory.path),
});

const pandasTypes = {
  scene_key: 'string',
  scene_value: 'Int64',
  is_current: 'boolean',
  effective_to: 'datetime64[us, UTC]',
};

const readers: Readonly<Record<string, Reader>> = {
  pyarrow: {
    ...inPython(pythonTools.pandas3, 'pyarrow'),
    types: {
      scene_key: 'string not null',
      scene_value: 'int64',
      is_current: 'bool not null',
      effective_to: 'timestamp[us, tz=UTC] not null',
    },
  },
  DuckDB: {
    ...inPython(pythonTools.duckdb, 'duckdb'),
    types: {
      scene_key: 'VARCHAR',
      scene_value: 'BIGINT',
      is_current: 'BOOLEAN',
      effective_to: 'TIMESTAMP WITH TIME ZONE',
    },
  },
  Polars: {
    ...inPython(pythonTools.polars, 'polars'),
    types: {
      scene_key: 'String',
      scene_value: 'Int64',
      is_current: 'Boolean',
      effective_to: "Datetime(time_unit='us', time_zone='UTC')",
    },
  },
  'pandas 2': { ...inPython(pythonTools.pandas2, 'pandas'), types: pandasTypes },
  'pandas 3': { ...inPython(pythonTools.pandas3, 'pandas'), types: pandasTypes },
  'parquet-java': {
    tool: parquetJava,
    read: () => runJava(parquetJava, here('readers/ReadParquet.java'), [file]),
    types: {
      scene_key: 'required binary scene_key (STRING)',
      scene_value: 'optional int64 scene_value',
      is_current: 'required boolean is_current',
      effective_to: 'required int64 effective_to (TIMESTAMP(MICROS,true))',
    },
  },
};

for (const [name, { tool, read, types }] of Object.entries(readers)) {
  describeWithTool(`a Parquet file in ${name}`, tool, () => {
    test('has every cell of the NDJSON, each in its own type', async ({ annotate }) => {
      const [found, ...rows] = (await read())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(Object.keys(found)).toEqual(versionColumnNames);
      expect(found).toMatchObject(types);
      expect(rows).toEqual(expected);
      await annotate(`${rows.length} rows, the last: ${JSON.stringify(rows.at(-1))}`);
    });
  });
}
