import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { runCli } from '../../../src/commands/run-cli.ts';
import { createMemoryTarget } from '../../../src/load/memory/memory-target.ts';
import { hostileLog } from '../../support/hostile-log.ts';
import { memoryTargets } from '../../support/memory-factory.ts';
import { memoryFactory } from '../../support/remedy-stage.ts';

/** A directory whose config leads to a dimension in memory. */
async function directoryWithDimension() {
  const directory = await mkdtempDisposable(join(tmpdir(), 'export-'));
  memoryTargets.set(directory.path, createMemoryTarget());
  const write = (name: string, text: string) => writeFile(join(directory.path, name), text);
  await write('target.mjs', `export { loaderFactory } from ${JSON.stringify(memoryFactory)};\n`);
  await write('scenedim.yaml', 'target: { type: ./target.mjs }\n');
  await write('log.ndjson', hostileLog);
  await run(directory.path, ['replay', 'log.ndjson'], false);
  return directory;
}

/** Runs a command whose standard output is a terminal, or is not. */
async function run(cwd: string, args: readonly string[], isTTY: boolean) {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stderr = new PassThrough();
  const argv = ['node', 'scenedim', ...args];
  const host = { argv, env: {}, stdin: new PassThrough(), stdout, stderr, cwd: () => cwd, on: () => {} };
  const printed = stdout.toArray();
  const said = stderr.setEncoding('utf8').toArray();
  const code = await runCli(host, () => {});
  stdout.end();
  stderr.end();
  return { code, stdout: Buffer.concat(await printed), stderr: (await said).join('') };
}

test('a Parquet file goes to a file or a pipe, not to a terminal', async () => {
  await using directory = await directoryWithDimension();
  const { path } = directory;
  const parquet = ['export', '--format', 'parquet'];
  expect(await run(path, parquet, true)).toEqual({
    code: 64,
    stdout: Buffer.alloc(0),
    stderr:
      'error: a Parquet file is bytes, which a terminal cannot show\n' +
      'remedy: write it to a file with --output FILE, or lead it into another program\n',
  });
  const piped = await run(path, parquet, false);
  expect(await run(path, [...parquet, '--output', 'scenes.parquet'], true)).toMatchObject({ code: 0 });
  expect([piped.code, piped.stdout]).toEqual([0, await readFile(join(path, 'scenes.parquet'))]);
  expect((await readdir(path)).filter((name) => name.startsWith('scenes'))).toEqual(['scenes.parquet']);
});

test('the ending of the file says the format, unless --format does', async () => {
  await using directory = await directoryWithDimension();
  const { path } = directory;
  const beginning = async (name: string, ...args: string[]) => {
    expect(await run(path, ['export', ...args, '--output', name], false)).toMatchObject({ code: 0 });
    return (await readFile(join(path, name))).subarray(0, 13).toString();
  };
  expect(await beginning('scenes.parquet')).toMatch(/^PAR1/);
  expect(await beginning('SCENES.CSV', '--bom')).toBe('\uFEFFversion_id');
  expect(await beginning('scenes.txt')).toBe('{"version_id"');
  expect(await beginning('scenes.csv', '--format', 'ndjson')).toBe('{"version_id"');
});

test('options reach the file, whatever the order of the columns', async () => {
  await using directory = await directoryWithDimension();
  const args = [
    'export',
    '--format',
    'csv',
    '--current',
    '--bom',
    '--excel-safe',
    '--columns',
    'scene_name, scene_key',
  ];
  const lines = (await run(directory.path, args, false)).stdout.toString().split('\n');
  expect(lines[0]).toBe('\uFEFFscene_name,scene_key');
  expect(lines).toContain("全部,'@_all");
});
