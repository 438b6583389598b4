/** The rules of the code layout: who may import whom, what a file may be called, how long it may be, what lies at the root. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, matchesGlob } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ImportEdge, importsOf, loadedBy, sourceFiles } from '../support/import-graph.ts';

const root = new URL('../..', import.meta.url).pathname;
const files = sourceFiles(root);
const edges = [...files].flatMap(([file, source]) => importsOf(file, source));

/** Modules at the top of src: everybody may import them, and they import nothing but one another. */
const leaf = 'src/!(cli|index|testing|logger).ts';

/** What the modules of a folder may import of src, besides the folder itself and the leaves; the first match counts. */
const layers: readonly (readonly [importer: string, allowed: readonly string[]])[] = [
  [leaf, []],
  ['src/logger.ts', []],
  ['src/normalize/**', []],
  ['src/dimension/**', []],
  ['src/extract/**', ['src/normalize/**', 'src/dimension/**']],
  ['src/catalog/**', ['src/dimension/**']],
  ['src/load/kysely/**', ['src/load/*.ts', 'src/normalize/**', 'src/dimension/**', 'src/catalog/**']],
  ['src/load/postgres/**', ['src/load/*.ts', 'src/load/kysely/**', 'src/dimension/**', 'src/catalog/quote-sql.ts']],
  ['src/load/pglite/**', ['src/load/*.ts', 'src/load/kysely/**', 'src/dimension/**', 'src/catalog/quote-sql.ts']],
  ['src/load/bigquery/**', ['src/load/*.ts', 'src/dimension/**', 'src/catalog/**']],
  ['src/load/memory/**', ['src/load/*.ts', 'src/normalize/**', 'src/dimension/**']],
  ['src/load/**', ['src/load/**', 'src/normalize/**', 'src/dimension/**']],
  ['src/pipeline/**', ['src/extract/**', 'src/normalize/**', 'src/dimension/**', 'src/load/loader.ts']],
  ['src/config/**', ['src/extract/**', 'src/dimension/**', 'src/load/*.ts']],
  [
    'src/report/**',
    [
      'src/pipeline/**',
      'src/normalize/**',
      'src/dimension/**',
      'src/catalog/**',
      'src/load/loader.ts',
      'src/config/duration.ts',
    ],
  ],
  ['src/simulator/**', ['src/catalog/**']],
  [
    'src/commands/**',
    [
      'src/logger.ts',
      'src/{pipeline,extract,normalize,dimension,config,report,simulator,catalog}/**',
      'src/load/{loader,registry}.ts',
    ],
  ],
  ['src/{cli,index,testing}.ts', ['src/**']],
];

/** `normalize` and `dimension` know each other's types, nothing of how the other works. */
const typesOnly: readonly (readonly [importer: string, imported: string])[] = [
  ['src/normalize/**', 'src/dimension/**'],
  ['src/dimension/**', 'src/normalize/**'],
];

/** Packages that only these files may import. */
const confined: Readonly<Record<string, string>> = {
  pg: 'src/load/postgres/**',
  'pg-copy-streams': 'src/load/postgres/**',
  '@electric-sql/pglite': 'src/load/pglite/**',
  '@google-cloud/bigquery': 'src/load/bigquery/bigquery-connection.ts',
  'google-auth-library': 'src/load/bigquery/credentials.ts',
  kysely: 'src/load/**',
  commander: 'src/{cli.ts,commands/**}',
  pino: 'src/logger.ts',
  'pino-pretty': 'src/logger.ts',
};

const drivers = ['pg', 'pg-copy-streams', '@electric-sql/pglite', '@google-cloud/bigquery', 'google-auth-library'];
const driverFolders = ['src/load/postgres/', 'src/load/pglite/', 'src/load/bigquery/'];

/** What is wrong with an import, in words; undefined when it is fine. */
function violation({ from, to, kind }: ImportEdge): string | undefined {
  const what = `${from} imports ${to}`;
  const home = confined[to];
  if (home !== undefined && !matchesGlob(from, home)) return `${what}, which only ${home} may`;
  const driverFolder = driverFolders.find((folder) => to.startsWith(folder) && !from.startsWith(folder));
  if (driverFolder !== undefined && kind === 'static') return `${what} statically: a target loads only when it is used`;
  const layer = layers.find(([importer]) => matchesGlob(from, importer));
  if (!layer) return `${from} is in no layer`;
  if (!to.startsWith('src/')) return purityViolation(from, to);
  if (matchesGlob(to, leaf) || matchesGlob(to, layer[0])) return undefined;
  if (layer[1].some((allowed) => matchesGlob(to, allowed))) return undefined;
  const typed = typesOnly.some(([importer, imported]) => matchesGlob(from, importer) && matchesGlob(to, imported));
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

  test('nobody imports across the layers', () => {
    expect(edges.map(violation).filter((each) => each !== undefined)).toEqual([]);
  });

  test('the command line and the library start without loading a database driver', () => {
    for (const entry of ['src/cli.ts', 'src/index.ts'].filter((file) => files.has(file))) {
      expect([...loadedBy(entry, edges)].filter((module) => drivers.includes(module))).toEqual([]);
    }
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
    ['src/load/kysely/apply.ts', "import { x } from '../../extract/client.ts';"],
    ['src/load/registry.ts', "import { createPostgresLoader } from './postgres/postgres-loader.ts';"],
    ['src/load/postgres/pool.ts', "import { x } from '../pglite/directory-lock.ts';"],
    ['src/pipeline/sync.ts', "const { x } = await import('../load/registry.ts');"],
    ['src/pipeline/sync.ts', "import pino from 'pino';"],
    ['src/dimension/plan.ts', "import { normalize } from '../normalize/normalize-body.ts';"],
    ['src/dimension/plan.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/normalize/body.ts', "import { z } from 'zod';"],
    ['src/errors.ts', "import { x } from './config/secret.ts';"],
    ['src/report/table.ts', "import { Command } from 'commander';"],
    ['src/load/kysely/copy.ts', "import pg from 'pg';"],
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
