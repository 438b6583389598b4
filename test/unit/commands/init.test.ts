import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { runCli } from '../../../src/commands/run-cli.ts';
import { runCli as runProgram } from '../../support/spawn-cli.ts';

/** Runs `init` as on a terminal; each question is answered once it is there. */
async function interview(cwd: string, answers: readonly string[], expected = 0): Promise<string> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  const left = [...answers];
  let shown = '';
  stdout.resume();
  stderr.on('data', (chunk: Buffer) => {
    shown += chunk;
    if (chunk.toString().endsWith(']: ')) stdin.write(`${left.shift() ?? ''}\n`);
  });
  const host = { argv: ['node', 'scenedim', 'init'], env: {}, stdin, stdout, stderr, cwd: () => cwd, on: () => {} };
  expect([await runCli(host, () => {}), left]).toEqual([expected, []]);
  return shown;
}

test('an answer of init that makes no config is asked for again, with a hint', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'init-'));
  const answers = ['wx one', 'wx1', '0123456789abcdef', 's', 'mysql', 'p', 'pos', '+08:00', 'UTC'];
  const shown = await interview(directory.path, answers);
  expect(
    stripVTControlCharacters(shown)
      .split(/\r?\n\r?/)
      .filter((line) => line.startsWith('  ')),
  ).toEqual([
    '  an app id looks like wx0123456789abcdef',
    '  write token or secret; the credential itself is not asked for',
    '  write pglite, postgres or bigquery',
    '  write pglite, postgres or bigquery',
    '  write an IANA name like Asia/Shanghai or UTC',
  ]);
  expect(parse(await readFile(join(directory.path, 'scenedim.yaml'), 'utf8'))).toMatchObject({
    source: { accounts: [{ appId: 'wx1', appSecret: { env: 'WECHAT_APP_SECRET' } }] },
    target: { type: 'postgres' },
    dimension: { timeZone: 'UTC' },
  });
});

test('init asks nothing where a config is already', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'init-'));
  await interview(directory.path, ['wx1', 'token', 'b', 'UTC']);
  expect(stripVTControlCharacters(await interview(directory.path, [], 74))).toBe(
    'error: scenedim.yaml exists already\nremedy: add --force to overwrite it, or name another file with --config\n',
  );
});

test('init can be told to take BigQuery, by an answer and by an option', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'init-'));
  await interview(directory.path, ['wx1', 'token', 'b', 'UTC']);
  const file = join(directory.path, 'scenedim.yaml');
  const asked = parse(await readFile(file, 'utf8'));
  expect(asked.target).toEqual({
    type: 'bigquery',
    projectId: '${GOOGLE_CLOUD_PROJECT}',
    dataset: 'scene',
    autoMigrate: true,
  });
  const { code, stdout } = await runProgram(['init', '--yes', '--force', '--target', 'bigquery'], {
    cwd: directory.path,
  });
  expect([code, stdout]).toEqual([
    0,
    'wrote scenedim.yaml\n\nNext: set WECHAT_ACCESS_TOKEN and GOOGLE_CLOUD_PROJECT, then\n  scenedim check\n  scenedim sync\n',
  ]);
  expect(parse(await readFile(file, 'utf8')).target).toEqual(asked.target);
});

test('init knows no other targets', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'init-'));
  expect(await runProgram(['init', '--yes', '--target', 'mysql'], { cwd: directory.path })).toEqual({
    code: 64,
    stdout: '',
    stderr: 'error: --target: "mysql" is not known\nremedy: use one of pglite, postgres, bigquery\n',
  });
});
