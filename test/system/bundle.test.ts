/** Every command of the bundle starts, works, and loads nothing that it does not need. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandList } from '../../src/commands/command-list.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { installPackage } from '../support/install-package.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { ended, runCli, startCli } from '../support/spawn-cli.ts';

const appId = 'wx0123456789abcdef';
const observedAt = '2026-01-01T00:00:00Z';
const answer = `${JSON.stringify({ app_id: appId, observed_at: observedAt, body: { scene: [{ name: '扫一扫', value: 4 }] } })}\n`;

/** The smallest use of each command, on the database that those before it have filled. */
const uses: readonly { readonly args: readonly [name: string, ...rest: readonly string[]]; readonly input?: string }[] =
  [
    { args: ['init', '--yes', '--config', 'made.yaml'] },
    { args: ['migrate'] },
    { args: ['check'] },
    { args: ['plan'] },
    { args: ['replay', '-'], input: answer },
    { args: ['sync'] },
    { args: ['hold', '--app-id', appId, '--observed-at', observedAt] },
    { args: ['accept', '--app-id', appId, '--observed-at', observedAt] },
    { args: ['rebuild'] },
    { args: ['compact', '--keep', '90d', '--dry-run'] },
    { args: ['verify'] },
    { args: ['status'] },
    { args: ['history', '4'] },
    { args: ['changes'] },
    { args: ['export', '--format', 'parquet'] },
    { args: ['report'] },
    { args: ['export-log'] },
    { args: ['token', 'refresh', '--app-id', appId, '--confirm', appId] },
    { args: ['demo'] },
    { args: ['schema'] },
    { args: ['completion', 'bash'] },
  ];

let cwd = '';
let simulator: Simulator;
let env: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'scenedim-bundle-'));
  simulator = await startSimulator({ accounts: [{ appId }] });
  env = { WECHAT_APP_SECRET: simulator.appSecret(appId) };
  const source = { baseUrl: simulator.url, accounts: [{ appId, appSecret: { env: 'WECHAT_APP_SECRET' } }] };
  // Opened in a tenth of the time that a built-in database needs.
  const target = { type: await installPackage('sqlite-loader', cwd), path: 'scene.sqlite' };
  await writeFile(join(cwd, 'scenedim.yaml'), JSON.stringify({ source, target }));
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  await rm(cwd, { recursive: true });
});

describe('every command of the bundle', () => {
  test.for(commandList.map(({ name }) => name))('%s explains itself', async (name) => {
    const { code, stdout, stderr } = await runCli([name, '--help'], { cwd, env });
    expect([code, stdout.split('\n')[0], stderr]).toEqual([0, expect.stringContaining(`scenedim ${name}`), '']);
  });

  test.for(uses)('$args.0 works', async ({ args, input = '' }) => {
    const { code, stderr } = await runCli(args, { cwd, env, input });
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  });

  test('explain-rid works', async () => {
    const answer = await fetch(`${simulator.url}/wxaapi/log/get_scene?access_token=${simulator.accessToken(appId)}`, {
      method: 'POST',
    });
    const { errmsg } = (await answer.json()) as { errmsg: string };
    const { code, stderr } = await runCli(['explain-rid', errmsg, '--app-id', appId], { cwd, env });
    expect([code, stderr]).toEqual([0, '']);
  });

  test('simulate works until it is stopped', async () => {
    const child = startCli(['simulate', '--port', '0'], { cwd });
    const result = ended(child);
    child.stdout.once('data', () => child.kill('SIGTERM'));
    expect((await result).code).toBe(143);
  });

  test('join-check works on a target with SQL', async () => {
    await writeFile(join(cwd, 'demo.yaml'), JSON.stringify({ target: { type: 'pglite', path: './data/demo' } }));
    const column = ['--table', 'scene.launch_scene', '--scene-column', 'launch_scene', '--bridge'];
    const { code, stdout } = await runCli(['join-check', '--config', 'demo.yaml', ...column], { cwd, env });
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringContaining('100 % matched')]);
  });

  test('is used here', () => {
    expect([...uses.map(({ args: [name] }) => name), 'explain-rid', 'join-check', 'simulate'].sort()).toEqual(
      commandList.map(({ name }) => name).sort(),
    );
  });
});

describe('the bundle loads', () => {
  const probe = `import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => (appendFileSync('loaded', url + '\\n'), next(url, context)) });
`;

  /** The modules that a run asks for by name and the packages outside of the bundle, in the order of the alphabet. */
  async function loadedBy(args: readonly string[], target: string): Promise<readonly string[]> {
    await Promise.all([
      writeFile(join(cwd, 'target.yaml'), `target: ${target}\n`),
      writeFile(join(cwd, 'probe.mjs'), probe),
      rm(join(cwd, 'loaded'), { force: true }),
    ]);
    await runCli(args, { cwd, env: { NODE_OPTIONS: '--import=./probe.mjs' } });
    const urls = (await readFile(join(cwd, 'loaded'), 'utf8')).trim().split('\n');
    const names = urls
      .filter((url) => url.startsWith('file:'))
      .map(
        (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? basename(url).replace(/-\w+\.js$|\.js$/, ''),
      );
    return [...new Set(names)].filter((name) => name !== 'chunk').sort();
  }

  const replay = ['--config', 'target.yaml', 'replay', '-'];
  const always = ['cli', 'replay', 'run-cli'];

  test('nothing for its version', async () => {
    expect(await loadedBy(['--version'], '{}')).toEqual(['cli']);
  });

  test('the report with its scales, and nothing of it for another command', async () => {
    const names = await loadedBy(['--config', 'target.yaml', 'report'], '{ type: memory }');
    expect(names).toEqual(['cli', 'memory-loader', 'report', 'run-cli']);
    expect(await loadedBy(['--config', 'target.yaml', 'status'], '{ type: memory }')).not.toContain('report');
  });

  test('the loader of the target, its driver and no other', async () => {
    await copyPglite(join(cwd, 'data/scene'));
    expect(await loadedBy(replay, '{ type: memory }')).toEqual([...always, 'memory-loader'].sort());
    expect(await loadedBy(replay, '{ type: pglite }')).toEqual(
      ['@electric-sql/pglite', ...always, 'pglite-loader'].sort(),
    );
    const nobody = 'postgres://127.0.0.1:1/nobody';
    // What watches the run names the target, by the settings of libpq.
    expect(await loadedBy(replay, `{ type: postgres, url: '${nobody}' }`)).toEqual(
      [...always, 'libpq-settings', 'postgres-loader'].sort(),
    );
    const bigquery = await loadedBy(replay, '{ type: bigquery, projectId: project-1, dataset: scene, keyFile: none }');
    // Google's own entry point is a file named src/index.js.
    expect(bigquery).toEqual([...always, 'bigquery-loader', 'src'].sort());
  });

  test('the writer of Parquet for Parquet only', async () => {
    const exporting = ['--config', 'target.yaml', 'export'];
    const text = ['cli', 'export', 'memory-loader', 'run-cli'];
    expect(await loadedBy(exporting, '{ type: memory }')).toEqual(text);
    // The entry point of hyparquet-writer is a file named src/node.js.
    const bytes = await loadedBy([...exporting, '--format', 'parquet'], '{ type: memory }');
    expect(bytes).toEqual([...text, 'node'].sort());
  });
});
