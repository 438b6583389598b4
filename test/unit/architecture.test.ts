/** The rules of the code layout: who may import whom, what a file may be called, how long it may be, what lies at the root. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, matchesGlob } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOf, documentTable } from '../support/document-tables.ts';
import { type ImportEdge, importsOf, loadedBy, sourceFiles } from '../support/import-graph.ts';

const root = new URL('../..', import.meta.url).pathname;
const files = sourceFiles(root);
const edges = [...files].flatMap(([file, source]) => importsOf(file, source));

interface Layer {
  readonly files: string;
  readonly mayImport: readonly string[];
  readonly mayImportTypesOf: readonly string[];
}

/** The rules, as `src/README.md` tells them. A file belongs to the first row that it matches. */
const layers: readonly Layer[] = documentTable('src/README.md', 'layers').map(([files, , mayImport, typesOf]) => ({
  files: onlyCode(files),
  mayImport: codeOf(mayImport),
  mayImportTypesOf: codeOf(typesOf),
}));
const packages = documentTable('src/README.md', 'packages').map(([name, home]) => [onlyCode(name), onlyCode(home)]);

/** Packages that only these files may import. */
const confined: Readonly<Record<string, string>> = Object.fromEntries(packages);

/** The last row: modules that everybody may import. */
const leaf = layers.at(-1)?.files;

const layerOf = (file: string): Layer | undefined => layers.find(({ files }) => matchesGlob(file, files));

function onlyCode(cell: string | undefined): string {
  const [code, ...more] = codeOf(cell);
  if (code === undefined || more.length > 0)
    throw new Error(`src/README.md: one name in backticks is expected: ${cell}`);
  return code;
}

const driverFolders = ['src/load/postgres/', 'src/load/pglite/', 'src/load/bigquery/'];
const drivers = Object.keys(confined).filter((name) =>
  driverFolders.some((folder) => confined[name]?.startsWith(folder)),
);

/** What is wrong with an import, in words; undefined when it is fine. */
function violation({ from, to, kind }: ImportEdge): string | undefined {
  const what = `${from} imports ${to}`;
  const home = confined[to];
  if (home !== undefined && !matchesGlob(from, home)) return `${what}, which only ${home} may`;
  const driverFolder = driverFolders.find((folder) => to.startsWith(folder) && !from.startsWith(folder));
  if (driverFolder !== undefined && kind === 'static' && !to.endsWith('-config.ts'))
    return `${what} statically: a target loads only when it is used`;
  const layer = layerOf(from);
  if (!layer) return `${from} is in no layer`;
  if (!to.startsWith('src/')) return purityViolation(from, to);
  if (layerOf(to)?.files === leaf || matchesGlob(to, layer.files)) return undefined;
  if (layer.mayImport.some((allowed) => matchesGlob(to, allowed))) return undefined;
  const typed = layer.mayImportTypesOf.some((imported) => matchesGlob(to, imported));
  if (typed && kind === 'type') return undefined;
  return `${what}: ${typed ? 'only its types' : 'not its layer'}`;
}

/** The pure folders compute: of the world outside they may have the hash function and nothing else. */
function purityViolation(from: string, to: string): string | undefined {
  const pure = /^src\/(?:normalize|dimension)\//.test(from);
  return pure && to !== 'node:crypto' ? `${from} imports ${to}: this folder is pure` : undefined;
}

describe('the layout', () => {
  test('was looked at: there are source files and imports', () => {
    expect(files.size).toBeGreaterThan(10);
    expect(edges.length).toBeGreaterThan(files.size);
  });

  test('every relative import names a file that is there', () => {
    expect(edges.filter(({ to }) => to.startsWith('src/') && !files.has(to))).toEqual([]);
  });

  test('has files in each row of the table', () => {
    expect(layers.length).toBeGreaterThan(10);
    const inhabited = new Set([...files.keys()].map((file) => layerOf(file)?.files));
    expect(layers.map((layer) => layer.files).filter((each) => !inhabited.has(each))).toEqual([]);
  });

  test('nobody imports across the layers', () => {
    expect(edges.map(violation).filter((each) => each !== undefined)).toEqual([]);
  });

  test('the command line, the library and the config start without loading a database driver', () => {
    const entries = ['src/cli.ts', 'src/index.ts', 'src/config/load-config.ts'];
    expect(entries.filter((entry) => !files.has(entry))).toEqual([]);
    for (const entry of entries) {
      expect([...loadedBy(entry, edges)].filter((module) => drivers.includes(module))).toEqual([]);
    }
  });

  test('a run loads what tells OpenLineage and Dagster only when somebody asks for it', () => {
    const loaded = [...loadedBy('src/commands/sync.ts', edges)];
    expect(loaded).toContain('src/commands/result/watchers-of.ts');
    expect(loaded.filter((module) => /^src\/telemetry\/\w+\//.test(module))).toEqual([]);
  });

  test('only cli.ts ends the process', () => {
    const ending = [...files].filter(([, source]) => /\bprocess\.(?:exit|abort|reallyExit)\b/.test(source));
    expect(ending.map(([file]) => file).filter((file) => file !== 'src/cli.ts')).toEqual([]);
  });

  test('no file is longer than 300 lines', () => {
    const long = [...files].map(([file, source]) => `${file}: ${source.split('\n').length - 1}`);
    expect(long.filter((each) => Number(each.split(': ')[1]) > 300)).toEqual([]);
  });

  test('every file is named after what it holds, in kebab case', () => {
    const names = [...files.keys()];
    const drawers = /^(?:utils?|helpers?|types|common|misc)\.ts$/;
    expect(names.filter((file) => drawers.test(basename(file)))).toEqual([]);
    expect(names.filter((file) => file !== 'src/index.ts' && basename(file) === 'index.ts')).toEqual([]);
    expect(names.filter((file) => !/^src\/(?:[a-z0-9-]+\/)*[a-z0-9-]+\.ts$/.test(file))).toEqual([]);
  });

  test('the lockfile names no registry', () => {
    expect(readFileSync(`${root}package-lock.json`, 'utf8')).not.toContain('"resolved"');
  });

  test('nothing but what the layout names lies at the root', () => {
    const named =
      /^(?:package\.json|package-lock\.json|tsconfig\.json|src|sql|test|config|Dockerfile|README\.md|CHANGELOG\.md|LICENSE|\..*)$/;
    const ignored = readFileSync(`${root}.gitignore`, 'utf8').split('\n').filter(Boolean);
    const isIgnored = (entry: string) => ignored.some((pattern) => matchesGlob(entry, pattern.replace(/\/$/, '')));
    expect(readdirSync(root).filter((entry) => !named.test(entry) && !isIgnored(entry))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const imports = (from: string, source: string) => importsOf(from, source).map(violation);

  test('see static, type, re-exporting and dynamic imports over several lines, and none in comments', () => {
    const source = [
      "import a from './a.ts';",
      "import type {\n  B,\n} from '../b.ts';",
      "export * from './c.ts';",
      "import './d.ts';",
      "const e = await import('./e.ts');",
      "/**\n * import f from './f.ts';\n */",
      "// import g from './g.ts';",
      "import { h } from '@scope/h/deep';",
    ].join('\n');
    expect(importsOf('src/x/y.ts', source).map(({ to, kind }) => `${kind} ${to}`)).toEqual([
      'static src/x/a.ts',
      'type src/b.ts',
      'static src/x/c.ts',
      'static src/x/d.ts',
      'static @scope/h',
      'dynamic src/x/e.ts',
    ]);
  });

  test.each([
    ['src/extract/client.ts', "import type { Loader } from '../load/loader.ts';"],
    ['src/load/postgres-sql/apply.ts', "import { x } from '../../extract/client.ts';"],
    ['src/load/registry.ts', "import { createPostgresLoader } from './postgres/postgres-loader.ts';"],
    ['src/load/postgres/pool.ts', "import { x } from '../pglite/directory-lock.ts';"],
    ['src/pipeline/sync.ts', "const { x } = await import('../load/registry.ts');"],
    ['src/pipeline/sync.ts', "import pino from 'pino';"],
    ['src/dimension/plan.ts', "import { normalize } from '../normalize/normalize-body.ts';"],
    ['src/dimension/plan.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/normalize/body.ts', "import * as z from 'zod';"],
    ['src/errors.ts', "import { x } from './config/secret/json-pointer.ts';"],
    ['src/report/table.ts', "import { Command } from 'commander';"],
    ['src/load/postgres-sql/copy.ts', "import pg from 'pg';"],
    ['src/unheard-of/x.ts', "import { x } from '../errors.ts';"],
  ])('refuse in %s: %s', (from, source) => {
    expect(imports(from, source)).toEqual([expect.stringContaining(from)]);
  });

  test.each([
    ['src/load/registry.ts', "const module = await import('./postgres/postgres-loader.ts');"],
    ['src/load/registry.ts', "import type { PostgresConfig } from './postgres/postgres-config.ts';"],
    ['src/load/postgres/pool.ts', "import pg from 'pg';"],
    ['src/dimension/plan.ts', "import type { Snapshot } from '../normalize/snapshot.ts';"],
    ['src/dimension/ids.ts', "import { createHash } from 'node:crypto';"],
    ['src/pipeline/sync.ts', "import { ScenedimError } from '../errors.ts';"],
    ['src/commands/sync.ts', "import { Command } from 'commander';"],
  ])('allow in %s: %s', (from, source) => {
    expect(imports(from, source)).toEqual([undefined]);
  });
});
