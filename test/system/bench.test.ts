import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { BenchResult } from '../bench/bench-result.ts';
import { resultColumns } from '../bench/bench-table.ts';
import { codeOf, documentTable } from '../support/document-tables.ts';
import { root } from '../support/documents.ts';

const bench = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [join(root, 'test/bench/bench.ts'), ...args], { cwd: root });

test('the bench takes every figure of a small dimension on PGlite', { timeout: 600_000 }, async () => {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-bench-test-'));
  owned.defer(() => rm(folder, { recursive: true }));
  const json = join(folder, 'result.json');
  const args = ['--sizes', '1000', '--repeats', '1', '--targets', 'pglite', '--json', json];
  const { stdout } = await bench(...args, '--profile', join(folder, 'profiles'));

  const { samples } = JSON.parse(await readFile(json, 'utf8')) as BenchResult;
  const taken = new Set(samples.map(({ figure }) => figure).filter((figure) => !figure.endsWith('--help')));
  const told = documentTable('test/bench/README.md', 'figures').flatMap(([name]) => codeOf(name));
  expect([...taken].sort()).toEqual(told.sort());
  expect(samples.filter(({ wallMs }) => !(wallMs > 0))).toEqual([]);
  expect(stdout).toContain(`| ${resultColumns.join(' | ')} |`);
  expect((await readdir(join(folder, 'profiles'))).sort()[0]).toBe('001-pglite-replay-20x50-first.cpuprofile');
});

test('the bench refuses what it does not know with its usage', async () => {
  await expect(bench('--only', 'lod')).rejects.toMatchObject({ code: 64, stderr: expect.stringContaining('"lod"') });
});
