import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { codeOf, documentTable } from '../support/document-tables.ts';
import { root } from '../support/documents.ts';
import type { BenchResult } from './bench-result.ts';
import { resultColumns } from './bench-table.ts';

test('the bench takes every figure of a small dimension on PGlite', async () => {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-bench-test-'));
  owned.defer(() => rm(folder, { recursive: true }));
  const json = join(folder, 'result.json');
  const args = ['--sizes', '1000', '--repeats', '1', '--targets', 'pglite', '--json', json];
  const command = [join(root, 'test/bench/bench.ts'), ...args, '--profile', join(folder, 'profiles')];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root });

  const { samples } = JSON.parse(await readFile(json, 'utf8')) as BenchResult;
  const taken = new Set(samples.map(({ figure }) => figure).filter((figure) => !figure.endsWith('--help')));
  const told = documentTable('test/bench/README.md', 'figures').flatMap(([name]) => codeOf(name));
  expect([...taken].sort()).toEqual(told.sort());
  expect(samples.filter(({ wallMs }) => !(wallMs > 0))).toEqual([]);
  expect(stdout).toContain(`| ${resultColumns.join(' | ')} |`);
  expect((await readdir(join(folder, 'profiles'))).sort()[0]).toBe('001-pglite-replay-20x50-first.cpuprofile');
});
