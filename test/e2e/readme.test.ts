/** Everything in the README that can be run is run, as it stands there. */
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
import { blocksOf } from '../support/readme-blocks.ts';
import { cliPath, ended, runCli, startCli } from '../support/spawn-cli.ts';

const root = new URL('../..', import.meta.url).pathname;
const run = promisify(execFile);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenedim-readme-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Ports, dates and durations differ from run to run. */
const masked = (text: string): string =>
  text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT').replaceAll(/ in \d[\d.]* m?s$/gm, ' in TIME');

describe('the demo', () => {
  const signal = new AbortController().signal;
  let demo = '';
  let loader: Loader;
  const sql = async (statement: string) => (await loader.runSql?.(statement, signal)) ?? [];

  beforeAll(async () => {
    const { code, stdout, stderr } = await runCli(['demo', '--quiet'], { cwd: folder });
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

  test('joins as the README says, and no join multiplies visits', async () => {
    const results: (readonly unknown[])[] = [];
    for (const { text } of blocksOf('sql run')) {
      const rows = await sql(text.trim().replace(/;$/, ''));
      const ordered = rows.toSorted((a, b) => dateOf(a) - dateOf(b));
      results.push(ordered.map((row) => row['scene_name']));
    }
    expect(results).toEqual([
      ['二维码', '扫一扫二维码', '未知', '未知', '未知', '未知', '未知'],
      ['未知', '未知', '扫一扫二维码', '未知', '其他', '未知', '其他'],
      [null, null, '扫一扫二维码', null, '其他', null, null],
      ['二维码', '扫一扫二维码', '未知'],
      ['二维码', '扫一扫二维码', '扫一扫二维码', '未知', '其他', '未知', '其他'],
    ]);
  });

  test('matches nothing by the wrong join that the README warns of', async () => {
    const [row] = await sql(
      'SELECT count(*)::int AS n FROM visit AS v JOIN scene.scene_history AS s ON s.scene_key = v.launch_scene::text',
    );
    expect(row).toEqual({ n: 0 });
  });

  test('gives a DBA what the README says', async () => {
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
  let cwd = '';
  let env: Record<string, string> = {};

  beforeAll(async () => {
    simulator = await startSimulator();
    cwd = join(folder, 'own');
    const bin = join(folder, 'bin');
    for (const path of [cwd, bin]) mkdirSync(path);
    writeFileSync(join(bin, 'scenedim'), `#!/bin/sh\nexec '${process.execPath}' '${cliPath}' "$@"\n`);
    chmodSync(join(bin, 'scenedim'), 0o755);
    env = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      SCENEDIM_SOURCE_BASE_URL: simulator.url,
      SCENEDIM_LOG_LEVEL: 'warn',
      WECHAT_ACCESS_TOKEN: simulator.accessToken(demoAppId),
    };
  });
  afterAll(() => simulator[Symbol.asyncDispose]());

  test('run one after the other, without an error or a warning', async () => {
    let output = '';
    for (const { text, line } of blocksOf('sh run')) {
      const { stdout, stderr } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', text], { cwd, env });
      expect(stderr, `README.md:${line}`).toBe('');
      output += stdout;
    }
    expect(
      output.match(/^(?:plan|sync|replay|verify|rebuild) .*$/gm)?.map((line) => line.replace(/ in \d.*/, '')),
    ).toEqual([
      'plan  done',
      'sync  done',
      'plan  done',
      'replay  done',
      'replay  done',
      'verify  all right  60 versions of 2 accounts',
      'rebuild  nothing changed',
    ]);
    expect(readFileSync(join(cwd, 'scenedim.sql'), 'utf8')).toContain('CREATE TABLE IF NOT EXISTS "scene".dim_scene');
    expect(readFileSync(join(cwd, 'scenes.csv'), 'utf8').split('\n')).toHaveLength(1 + 59 + 1);
  }, 240_000);
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
  test('have the types that they use, and print what they say', async () => {
    const snippets = join(folder, 'snippets');
    mkdirSync(snippets);
    writeFileSync(join(snippets, 'package.json'), '{ "type": "module" }');
    const modules = { scenedim: join(root, 'src/index.ts'), 'scenedim/testing': join(root, 'src/testing.ts') };
    for (const { text, line } of [...blocksOf('ts'), ...blocksOf('ts run')]) {
      const linked = text.replaceAll(
        /from '(scenedim(?:\/testing)?)'/g,
        (_, name: keyof typeof modules) => `from '${modules[name]}'`,
      );
      writeFileSync(join(snippets, `line-${line}.ts`), linked);
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
    for (const { text, line } of blocksOf('ts run')) {
      const { stdout } = await run(process.execPath, [join(snippets, `line-${line}.ts`)], { cwd: snippets });
      expect(stdout.trim()).toBe(/console\.log\(.*\/\/ (.*)/.exec(text)?.[1]);
    }
  }, 120_000);
});
