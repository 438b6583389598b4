/** Puts a package of test/fixtures into a directory as `npm install` would: built, with `scenedim` beside it. */
import { cp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;

/** Installs test/fixtures/`fixture` under its package name, and the built scenedim under its own, into `directory`. */
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
  await symlink(root, join(directory, 'node_modules', 'scenedim'));
  return name;
}
