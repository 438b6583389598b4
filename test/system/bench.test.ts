import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from '../support/documents.ts';

const testWithPython =
  spawnSync('python3', ['--version']).status === 0 || process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1'
    ? test
    : test.skip;

const bench = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [join(root, 'test/bench/bench.ts'), ...args], { cwd: root });

test('the bench prints its usage when asked', async () => {
  expect(await bench('--help')).toMatchObject({ stdout: expect.stringContaining('--compare FILE'), stderr: '' });
});

test.each([
  [['--only', 'lod'], {}, '"lod"'],
  [['--sizes', '0'], {}, '"0"'],
  [['--json', 'none/x.json'], {}, '--json'],
  [['--json', '.'], {}, '--json'],
  [['--profile', 'package.json'], {}, '--profile'],
  [['--compare', 'package.json'], {}, '--compare'],
  [['--targets', 'postgres'], { SCENEDIM_TEST_PG_BIN: '/none' }, 'SCENEDIM_TEST_PG_BIN'],
  [['--targets', 'postgres'], { PSQL: '/none/psql', SCENEDIM_BENCH_URL: 'postgres://x' }, 'no psql'],
  [['--targets', 'postgres'], { SCENEDIM_BENCH_URL: 'postgres://x@127.0.0.1:1/x' }, 'SCENEDIM_BENCH_URL'],
])('the bench refuses %j with %j before it measures', async (args, env, said) => {
  const options = { cwd: root, env: { ...process.env, ...env } };
  const run = promisify(execFile)(process.execPath, [join(root, 'test/bench/bench.ts'), ...args], options);
  await expect(run).rejects.toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining(said) });
  await expect(run).rejects.toMatchObject({ stderr: expect.stringMatching(/^error: .*\nremedy: .+/) });
});

testWithPython('the peers refuse a mistake before they install anything', async () => {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-peers-test-'));
  owned.defer(() => rm(folder, { recursive: true }));
  const peers = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const program = [join(root, 'test/bench/peers/peers.py'), folder, ...args];
    const options = { cwd: folder, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env } };
    const { code, stdout, stderr } = await promisify(execFile)('python3', program, options).catch((error) => error);
    expect({ code: code > 0, stdout, stack: stderr.includes('Traceback') }).toEqual({
      ...{ code: true, stdout: '', stack: false },
    });
    return stderr;
  };
  expect(await peers(['--sizes', '0'])).toContain("'0': write whole numbers from 50");
  expect(await peers(['--sizes', '10k'])).toContain("'10k'");
  expect(await peers(['--repeats', '0'])).toContain('whole numbers from 1');
  expect(await peers(['--json', folder])).toContain('--json');
  expect(await peers(['--report', join(root, 'package.json')])).toContain('--report');
  expect(await peers([], { PG_BIN: folder })).toContain('set PG_BIN');
  // The last folder that is named, also where the list ends with a colon.
  const named = { PG_BIN: '', SCENEDIM_TEST_PG_BIN: `/first:${folder}:` };
  expect(await peers([], named)).toContain(`no initdb in ${folder}:`);
});
