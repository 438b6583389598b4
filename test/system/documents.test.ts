/** Everything in the documents that can be run is run, as it stands there. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoAppId } from '../../src/commands/demo/demo-steps.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createLoader } from '../../src/load/registry.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { blocksOf, documentBlocks, root } from '../support/documents.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { cliPath, compileCache, ended, runCli, startCli } from '../support/spawn-cli.ts';

const run = promisify(execFile);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenedim-documents-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Ports, dates and durations differ from run to run. */
const masked = (text: string): string =>
  text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT').replaceAll(/ in \d[\d.]* m?s$/gm, ' in TIME');

const byAccessSource = ['二维码', '扫一扫二维码', '未知', '未知', '未知', '未知', '未知'];
const byLaunchScene = ['未知', '未知', '扫一扫二维码', '未知', '其他', '未知', '其他'];

/** A block `sql postgres` has no twin for BigQuery. */
const joinBlocks = documentBlocks.filter(({ info }) => info === 'sql run' || info === 'sql postgres');

/** The names that the joins of a document give the visits below, in order of time. */
const joins: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  'README.md': [byAccessSource, byLaunchScene, byAccessSource],
  'sql/README.md': [
    byAccessSource,
    byLaunchScene,
    [null, null, '扫一扫二维码', null, '其他', null, null],
    ['二维码', '扫一扫二维码', '未知'],
    ['二维码', '扫一扫二维码', '扫一扫二维码'],
    ['二维码', '扫一扫二维码', '扫一扫二维码', '未知', '其他', '未知', '其他'],
    ['扫一扫二维码'],
    ['removed H5', 'renamed 二维码'],
    ['扫一扫二维码', '其他', '其他'],
  ],
};

describe('the demo', () => {
  const signal = new AbortController().signal;
  let demo = '';
  let loader: Loader;
  const sql = async (statement: string) => (await loader.runSql?.(statement, signal)) ?? [];

  beforeAll(async () => {
    const { code, stdout, stderr } = await runCli(['demo'], { cwd: folder });
    expect([code, stderr]).toEqual([0, '']);
    demo = stdout;
    loader = await createLoader({ type: 'pglite', path: join(folder, 'data/demo') });
    await sql('CREATE TABLE visit (app_id text, visited_at timestamptz, access_source int, launch_scene int)');
    await sql(`INSERT INTO visit SELECT '${demoAppId}', * FROM (VALUES
      (timestamptz '2025-02-14 09:00+00', 4, NULL::int),
      (timestamptz '2025-04-01 02:00+00', 4, NULL),
      (timestamptz '2025-04-20 09:00+00', NULL, 1011),
      (timestamptz '2025-04-21 09:00+00', 39, NULL),
      (timestamptz '2025-05-20 09:00+00', NULL, 1030),
      (timestamptz '2025-05-21 09:00+00', 99, NULL),
      (timestamptz '2025-05-22 09:00+00', NULL, 9999)) AS made`);
    await sql('CREATE TABLE visit_day (app_id text, day date, access_source text, sessions int)');
    await sql(`INSERT INTO visit_day VALUES
      ('${demoAppId}', '2025-03-31', '4', 7), ('${demoAppId}', '2025-04-01', '4', 8), ('${demoAppId}', '2025-04-02', '39', 9)`);
  }, 120_000);
  afterAll(() => loader[Symbol.asyncDispose]());

  test('prints what the README shows', () => {
    expect(masked(demo)).toBe(masked(blocksOf('text demo')[0]?.text ?? ''));
  });

  test.each(Object.entries(joins))('joins as %s says, and no join multiplies visits', async (document, expected) => {
    const results: (readonly unknown[])[] = [];
    for (const { text } of joinBlocks.filter((block) => block.document === document)) {
      const rows = await sql(text.trim().replace(/;$/, ''));
      const ordered = rows.toSorted((a, b) => dateOf(a) - dateOf(b));
      results.push(
        ordered.map(({ scene_name: name, change, old_name: old }) =>
          change === undefined ? name : `${change} ${old}`,
        ),
      );
    }
    expect(results).toEqual(expected);
  });

  test('joins in no other document', () => {
    expect([...new Set(joinBlocks.map(({ document }) => document))]).toEqual(Object.keys(joins));
  });

  test('matches nothing by the wrong join that the documents warn of', async () => {
    const [row] = await sql(
      'SELECT count(*)::int AS n FROM visit AS v JOIN scene.scene_history AS s ON s.scene_key = v.launch_scene::text',
    );
    expect(row).toEqual({ n: 0 });
  });

  test('gives a DBA the statements of the documents', async () => {
    await sql('ALTER SCHEMA scene RENAME TO scene_of_the_demo');
    await sql('CREATE ROLE scenedim');
    for (const { text } of blocksOf('sql admin')) {
      for (const statement of text.trim().replace(/;$/, '').split(';\n')) await sql(statement);
    }
  });
});

function dateOf(row: Readonly<Record<string, unknown>>): number {
  return new Date(String(row['visited_at'] ?? row['day'])).getTime();
}

describe('the shell blocks', () => {
  let simulator: Simulator;
  let env: Record<string, string> = {};

  beforeAll(async () => {
    simulator = await startSimulator();
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'scenedim'), `#!/bin/sh\nexec '${process.execPath}' '${cliPath}' "$@"\n`);
    chmodSync(join(bin, 'scenedim'), 0o755);
    env = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      SCENEDIM_SOURCE_BASE_URL: simulator.url,
      NODE_COMPILE_CACHE: compileCache,
      SCENEDIM_LOG_LEVEL: 'warn',
      WECHAT_ACCESS_TOKEN: simulator.accessToken(demoAppId),
    };
  });
  afterAll(() => simulator[Symbol.asyncDispose]());

  const bash = (cwd: string, text: string) => run('bash', ['--norc', '-euo', 'pipefail', '-c', text], { cwd, env });

  /** Runs the blocks of documents one after the other; none may print an error or a warning. Returns how the commands ended. */
  async function runBlocks(cwd: string, ...documents: readonly string[]): Promise<readonly string[]> {
    let output = '';
    for (const { document, text, line } of blocksOf('sh run').filter((block) => documents.includes(block.document))) {
      const { stdout, stderr } = await bash(cwd, text);
      expect(stderr, `${document}:${line}`).toBe('');
      output += stdout;
    }
    const ends = output.match(/^(?:plan|sync|replay|verify|rebuild) .*$/gm) ?? [];
    return ends.map((line) => line.replace(/ in \d.*/, ''));
  }

  const otherDocuments = ['config/README.md', 'config/postgres/README.md', 'sql/README.md'];

  test('of README.md lead from an empty directory to a dimension that is right', async () => {
    const cwd = mkdtempSync(join(folder, 'own-'));
    await copyPglite(join(cwd, 'data/elsewhere'));
    expect(await runBlocks(cwd, 'README.md')).toEqual([
      'plan  done',
      'sync  done',
      'plan  done',
      'replay  done',
      'replay  done',
      'verify  all right  60 versions of 2 accounts',
      'rebuild  nothing changed',
    ]);
    expect(readFileSync(join(cwd, 'scenes.csv'), 'utf8').split('\n')).toHaveLength(1 + 59 + 1);
  }, 240_000);

  test('of the other documents write what they say, where a sync has run', async () => {
    const cwd = mkdtempSync(join(folder, 'own-'));
    await copyPglite(join(cwd, 'data/scene'));
    await bash(cwd, 'scenedim init --yes && scenedim sync');
    expect(await runBlocks(cwd, ...otherDocuments)).toEqual(['replay  nothing changed']);
    const read = (file: string) => readFileSync(join(cwd, file));
    const lines = ['log.ndjson', 'scenes.ndjson', 'then.ndjson'].map((file) => read(file).toString().split('\n'));
    expect(lines.map(({ length }) => length - 1)).toEqual([1, 58, 58]);
    expect(read('scenedim.sql').toString()).toContain('CREATE TABLE IF NOT EXISTS "scene".dim_scene');
    expect(read('scenes.parquet').subarray(0, 4).toString()).toBe('PAR1');
    const plain = read('scenes.csv').toString();
    expect(read('scenes-excel.csv').toString()).toBe(`\uFEFF${plain.replaceAll(',@_all,', ",'@_all,")}`);
  }, 240_000);

  test('are in no other document', () => {
    const documents = new Set(blocksOf('sh run').map(({ document }) => document));
    expect([...documents]).toEqual(['README.md', ...otherDocuments]);
  });

  test('find the accounts of the CSV file of config/README.md', async () => {
    const cwd = mkdtempSync(join(folder, 'own-'));
    await copyPglite(join(cwd, 'data/scene'));
    const [accounts = { text: '' }] = blocksOf('csv accounts');
    const secret = join(cwd, 'shop');
    writeFileSync(secret, simulator.appSecret(demoAppId));
    writeFileSync(join(cwd, 'accounts.csv'), accounts.text.replace('/run/secrets/shop', secret));
    const [config] = blocksOf('yaml config').filter(({ text }) => text.includes('accounts.csv'));
    writeFileSync(join(cwd, 'scenedim.yaml'), config?.text ?? '');
    const { stdout } = await bash(cwd, `WECHAT_TOKEN_GAME=$WECHAT_ACCESS_TOKEN scenedim plan --json || true`);
    expect(JSON.parse(stdout).accounts.selected).toBe(2);
  }, 120_000);
});

test('the simulator prints every variable that a config of init asks for', async () => {
  const child = startCli(['simulate'], { cwd: folder });
  const result = ended(child);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const { stdout } = await result;
  const exported = [...stdout.matchAll(/^ {2}export (\w+)=\S+$/gm)].map(([, name]) => name);
  expect(exported).toEqual(['SCENEDIM_SOURCE_BASE_URL', 'WECHAT_APP_SECRET', 'WECHAT_ACCESS_TOKEN']);
});

describe('the TypeScript blocks', () => {
  const modules = { scenedim: join(root, 'src/index.ts'), 'scenedim/testing': join(root, 'src/testing.ts') };
  const snippetName = (document: string, line: number) => `${document.replaceAll(/\W/g, '-')}-${line}.ts`;

  test('have the types that they use, and print what they say', async () => {
    const snippets = join(folder, 'snippets');
    mkdirSync(snippets);
    writeFileSync(join(snippets, 'package.json'), '{ "type": "module" }');
    for (const { document, text, line } of [...blocksOf('ts contract'), ...blocksOf('ts run')]) {
      const linked = text.replaceAll(
        /from '(scenedim(?:\/testing)?)'/g,
        (_, name: keyof typeof modules) => `from '${modules[name]}'`,
      );
      writeFileSync(join(snippets, snippetName(document, line)), linked);
    }
    const compilerOptions = {
      rootDir: '/',
      typeRoots: [join(root, 'node_modules/@types')],
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
    };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(snippets, 'tsconfig.json'), JSON.stringify(config));
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', snippets]).catch((error: { readonly stdout: string }) => {
      throw new Error(error.stdout);
    });
    for (const { document, text, line } of blocksOf('ts run')) {
      // PGlite is there for a moment: its code is not worth an optimization.
      const args = ['--wasm-tiering-budget=1000000000', join(snippets, snippetName(document, line))];
      const { stdout } = await run(process.execPath, args, {
        cwd: snippets,
        env: { NODE_COMPILE_CACHE: compileCache },
      });
      expect(stdout.trim(), document).toBe(/console\.log\(.*\/\/ (.*)/.exec(text)?.[1]);
    }
  }, 120_000);
});
