/** Puts a package of test/fixtures into a directory as `npm install` would: built, with `scenedim` beside it. */
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const sources = new URL('../../src/', import.meta.url);

/** Installs test/fixtures/`fixture` under its package name, and scenedim's sources under theirs, into `directory`. */
export async function installPackage(fixture: string, directory: string): Promise<string> {
  const from = new URL(`../fixtures/${fixture}/`, import.meta.url).pathname;
  const { name } = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as { readonly name: string };
  const to = join(directory, 'node_modules', name);
  await cp(from, to, { recursive: true });
  for (const file of await readdir(to, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const code = stripTypeScriptTypes(await readFile(join(to, file), 'utf8'));
    // Node runs no TypeScript in node_modules.
    await writeFile(join(to, file.replace(/\.ts$/, '.js')), code.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
    await rm(join(to, file));
  }
  await linkScenedim(directory);
  return name;
}

/** The package must get the same modules as the program that loads it, or its errors would be of another class. */
async function linkScenedim(directory: string): Promise<void> {
  const shim = join(directory, 'scenedim-sources');
  await mkdir(shim, { recursive: true });
  const exports = { '.': './index.js', './testing': './testing.js' };
  await writeFile(join(shim, 'package.json'), JSON.stringify({ name: 'scenedim', type: 'module', exports }));
  for (const module of ['index', 'testing']) {
    await writeFile(join(shim, `${module}.js`), `export * from '${new URL(`${module}.ts`, sources).href}';\n`);
  }
  await symlink(shim, join(directory, 'node_modules', 'scenedim'));
}
