/** The blocks of sql/README.md for pandas, Polars and DuckDB, run as they stand there. */
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLoader } from '../../src/load/registry.ts';
import { exportFormats, exportVersions } from '../../src/pipeline/export-versions.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { type BlockKind, blocksOf } from '../support/documents.ts';
import { describeWithTool, type Tool } from '../support/installed-tool.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { contextFor, inputOf } from '../support/run-case.ts';
import { pythonTools, runPython } from './python-tools.ts';

const { signal } = new AbortController();

/** Keys that only a text tells apart, and that a tool would take for numbers; a name that a tool takes for no value. */
const answers = [
  ['wx1', '2026-01-02T03:04:05.123456Z', { 1: '主入口', '01': '零一', 4: '二维码', 39: 'H5', 57: 'NA' }],
  ['wx1', '2026-02-03T04:05:06.000001Z', { 1: '主入口', '01': '零一', 4: '扫一扫二维码', 57: 'NA' }],
  ['wx1', '2026-03-01T00:00:00Z', { 1: '主入口', '01': '零一', 4: '扫一扫二维码', 39: 'H5 新', 57: 'NA' }],
  ['wx2', '2026-01-05T00:00:00Z', { 4: '另一个', 9007199254740993: '2^53 + 1' }],
] as const;
/** Before the first look; on both sides of a rename; in a gap; after it; twice the same; codes and accounts of nobody. */
const visits = [
  ['wx1', '2001-01-01T00:00:00Z', '4'],
  ['wx1', '2026-02-03T04:05:06.000000Z', '4'],
  ['wx1', '2026-02-03T04:05:06.000001Z', '4'],
  ['wx1', '2026-02-03T12:05:06.000001+08:00', '39'],
  ['wx1', '2026-02-20T00:00:00Z', '39'],
  ['wx1', '2026-03-01T00:00:00Z', '39'],
  ['wx1', '2026-01-20T00:00:00Z', '01'],
  ['wx1', '2026-01-20T00:00:00Z', '1'],
  ['wx1', '2026-01-20T00:00:00Z', '1'],
  ['wx1', '2026-01-20T00:00:00Z', '001'],
  ['wx1', '2026-01-20T00:00:00Z', '57'],
  ['wx1', '2026-01-20T00:00:00Z', ''],
  ['wx2', '2026-01-20T00:00:00Z', '4'],
  ['wx2', '2026-01-20T00:00:00Z', '9007199254740993'],
  ['wx2', '2026-01-20T00:00:00Z', '9007199254740992'],
  ['wx3', '2026-01-20T00:00:00Z', '4'],
] as const;

type Row = Readonly<Record<string, unknown>>;

/** As run_recipe.py prints it. */
interface Table {
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** A directory with the exports and the visits, and what SQL makes of them. */
interface Stage {
  readonly directory: string;
  /** The NDJSON; an integer is text. */
  readonly scenes: readonly Row[];
  readonly named: readonly string[];
}

/** A visit with its name; a text, so that an order does not matter. */
const nameOf = ({ visited_at, access_source, scene_name }: Row): string =>
  `${visited_at} ${access_source ?? ''} ${scene_name}`;

/** Prepares a stage with those scenes and visits whose key fits. */
async function prepare(directory: string, fits: (key: string) => boolean): Promise<Stage> {
  const at = (name: string) => join(directory, name);
  await copyPglite(at('data'));
  await using loader = await createLoader({ type: 'pglite', path: at('data') });
  const lines = answers.map(([app_id, observed_at, names]) => {
    const scene = Object.entries(names).map(([value, name]) => ({ value, name }));
    return JSON.stringify({ app_id, observed_at, body: { scene: scene.filter(({ value }) => fits(value)) } });
  });
  await replay(contextFor(loader, { dimension: {}, guards: {} }), { input: inputOf(lines), name: 'log' });
  const all = { asOf: null, currentOnly: false } as const;
  for (const format of exportFormats) {
    await writeFile(at(`scenes.${format}`), exportVersions(loader, { format, ...all }, signal));
  }
  const rows = (await readFile(at('scenes.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const scenes = rows.map((row) => ({
    ...row,
    scene_value: row.scene_value === null ? null : String(row.scene_value),
  }));
  const visited = visits.filter(([, , key]) => fits(key));
  await writeFile(at('visits.csv'), ['app_id,visited_at,access_source', ...visited, ''].join('\n'));
  const named = await nameInSql(async (statement) => (await loader.runSql?.(statement, signal)) ?? [], visited);
  return { directory, scenes, named };
}

/** Names the visits by the first join of sql/README.md. */
async function nameInSql(
  sql: (statement: string) => Promise<readonly Row[]>,
  visited: readonly (typeof visits)[number][],
): Promise<readonly string[]> {
  await sql('CREATE TABLE visit (app_id text, visited_at timestamptz, access_source text)');
  const values = visited.map(([app, time, source]) => `('${app}', timestamptz '${time}', nullif('${source}', ''))`);
  await sql(`INSERT INTO visit VALUES ${values.join(', ')}`);
  const block = blocksOf('sql run').find(({ document }) => document === 'sql/README.md')?.text ?? '';
  const utc = `to_char(visited_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const rows = await sql(
    `SELECT ${utc} AS visited_at, access_source, scene_name FROM (${block.trim().replace(/;$/, '')}) AS named`,
  );
  expect(rows).toHaveLength(visited.length);
  return rows.map(nameOf).sort();
}

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
/** In the second one, a tool that guesses takes every key for a number. */
let stages: readonly Stage[] = [];

beforeAll(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'scenedim-recipes-'));
  const { path } = directory;
  stages = [
    await prepare(join(path, 'texts'), () => true),
    await prepare(join(path, 'numbers'), (key) => /^[1-9]/.test(key)),
  ];
});
afterAll(() => directory[Symbol.asyncDispose]());

const recipes: readonly (readonly [name: string, kind: BlockKind, tool: Tool])[] = [
  ['pandas 2', 'python pandas', pythonTools.pandas2],
  ['pandas 3', 'python pandas', pythonTools.pandas3],
  ['Polars', 'python polars', pythonTools.polars],
  ['DuckDB', 'sql duckdb', pythonTools.duckdb],
];

for (const [name, kind, tool] of recipes) {
  describeWithTool(`the recipes for ${name}`, tool, () => {
    const blocks = blocksOf(kind);

    /** The tables that a block makes, by name. */
    async function run(text: string, cwd: string): Promise<Readonly<Record<string, Table | undefined>>> {
      const file = join(cwd, kind.startsWith('sql') ? 'block.sql' : 'block.py');
      await writeFile(file, text);
      const script = new URL('readers/run_recipe.py', import.meta.url).pathname;
      return JSON.parse(await runPython(tool, [script, file], cwd));
    }

    const isJoin = (text: string): boolean => text.includes('visits.csv');
    /** A join in Python reads the table first; a query is either. */
    const readsScenes = (text: string): boolean => !isJoin(text) || kind !== 'sql duckdb';

    test.each(blocks.filter(({ text }) => isJoin(text)))(
      'in $document:$line name every visit as the join in SQL does',
      async ({ text }) => {
        for (const { directory: cwd, named } of stages) {
          const made = await run(text, cwd);
          const found = made['named'] ?? made['query'];
          expect(found?.rows.map(nameOf).sort()).toEqual(named);
        }
      },
    );

    test.each(blocks.filter(({ text }) => readsScenes(text)))(
      'in $document:$line read every cell of the file, and keys as text',
      async ({ text }) => {
        for (const { directory: cwd, scenes } of stages) {
          const made = await run(text, cwd);
          const found = made['scenes'] ?? made['query'];
          expect(found?.rows).toEqual(scenes);
          expect(found?.types['scene_key']).toMatch(/^(?:string|String|VARCHAR)$/);
        }
      },
    );

    test('are of both kinds', () => {
      expect(new Set(blocks.map(({ text }) => isJoin(text)))).toEqual(new Set([true, false]));
    });
  });
}
