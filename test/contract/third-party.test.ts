/** The contract of a target that is no part of scenedim, by the test that src/load/README.md gives its author. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { blocksOf } from '../support/documents.ts';
import { installPackage } from '../support/install-package.ts';

const cwd = process.cwd();
const project = await mkdtemp(join(tmpdir(), 'scenedim-contract-'));
afterAll(async () => {
  process.chdir(cwd);
  vi.unstubAllEnvs();
  await rm(project, { recursive: true });
});
const temporary = join(project, 'temporary');
await mkdir(temporary);
vi.stubEnv('TMPDIR', temporary);
const name = await installPackage('sqlite-loader', project);
const [block = { text: '' }] = blocksOf('ts contract');
await writeFile(join(project, 'contract.test.ts'), block.text);
// What a config names is looked for from where the tests run.
process.chdir(project);
await import(join(project, 'contract.test.ts'));

test('the test of the document is about the package that is installed', () => {
  expect(block.text).toContain(`type: '${name}'`);
});
