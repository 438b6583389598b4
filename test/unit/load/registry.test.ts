import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLoader, parseTargetSection } from '../../../src/load/registry.ts';

const signal = new AbortController().signal;
const factory = `export const loaderFactory = { parseConfig: (section) => section, create: async (config) => ({ kind: config.type }) };\n`;

test.each([
  [{ type: 'pglite', path: '' }, /^target\.path: /],
  [{ type: 'pglite', path: 'x', url: 'y' }, /^target: .*url/],
  [{ type: 'postgres', schema: '' }, /^target\.schema: "" is empty/],
  [{ type: 'postgres', schema: 'pg_x' }, /^target\.schema: "pg_x" belongs to the server/],
  [{ type: 'postgres', schema: '场'.repeat(22) }, /^target\.schema: .* longer than 63 bytes/],
  [{ type: 'postgres', readers: 'bi' }, /^target\.readers: /],
  [{ type: 'memory', path: 'x' }, /^target: target\.path: /],
  [{ type: 'bigquery' }, /^target\.projectId: /],
  [{ type: 'bigquery', projectId: 'p', dataset: 'a-b' }, /^target\.dataset: may hold letters, digits and underscores/],
  [{ type: 'bigquery', projectId: 'p', token: 'x' }, /^target: .*token/],
  [{ type: 'no-such-package' }, /^target\.type: "no-such-package" cannot be loaded/],
  [{ type: './no-such-file.js' }, /^target\.type: "\.\/no-such-file\.js" cannot be loaded/],
  [{ type: 'node:fs' }, /^target\.type: "node:fs" exports no loaderFactory/],
  [{ type: 'constructor' }, /^target\.type: "constructor" cannot be loaded/],
])('the section %o is refused with the field that is wrong', async (section, message) => {
  await expect(parseTargetSection(section, tmpdir())).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(message),
  });
});

test('a target section gets the defaults of its kind, and each reader once', async () => {
  expect(await parseTargetSection({ type: 'pglite' }, '/')).toEqual({ path: './data/scene', schema: 'scene' });
  expect(await parseTargetSection({ type: 'postgres', readers: ['bi', 'bi'] }, '/')).toEqual({
    url: undefined,
    schema: 'scene',
    readers: ['bi'],
    applicationName: undefined,
  });
});

test("a package or a file beside the config is found from the config's directory", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'scenedim-registry-'));
  try {
    const folder = join(directory, 'node_modules', '@warehouse', 'loader');
    await mkdir(folder, { recursive: true });
    const exports = { '.': { import: './main.js' } };
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: '@warehouse/loader', type: 'module', exports }),
    );
    await writeFile(join(folder, 'main.js'), factory);
    await writeFile(join(directory, 'mine.mjs'), factory);
    const kinds = ['@warehouse/loader', './mine.mjs', join(directory, 'mine.mjs')].map(async (type) => {
      const loader = await createLoader({ type }, { baseDirectory: directory, openTimeoutMs: 0, signal });
      return loader.kind;
    });
    expect(await Promise.all(kinds)).toEqual(['@warehouse/loader', './mine.mjs', join(directory, 'mine.mjs')]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
