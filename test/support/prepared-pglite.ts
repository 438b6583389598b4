/** An empty PGlite, made once for all tests: to make one takes four seconds of a processor, to copy one a tenth. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';

const modules = new URL('../../node_modules/', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(join(modules, '@electric-sql/pglite/package.json'), 'utf8')) as {
  readonly version: string;
};
const prepared = join(modules, `.cache/scenedim-pglite-${version}`);

/** A PGlite in memory, without a table. */
export async function createPglite(): Promise<PGlite> {
  await prepare();
  return PGlite.create({ loadDataDir: new Blob([await readFile(join(prepared, 'dump.tar'))]) });
}

/** Puts a database without a table into a directory that is not there yet. */
export async function copyPglite(directory: string): Promise<void> {
  await prepare();
  await mkdir(dirname(directory), { recursive: true });
  await promisify(execFile)('cp', ['-R', join(prepared, 'database'), directory]);
}

/** Several processes may be here at once: the first that is ready wins. */
async function prepare(): Promise<void> {
  if (existsSync(prepared)) return;
  await mkdir(dirname(prepared), { recursive: true });
  const folder = await mkdtemp(`${prepared}-`);
  const database = await PGlite.create({ dataDir: join(folder, 'database') });
  await writeFile(join(folder, 'dump.tar'), await (await database.dumpDataDir('none')).bytes());
  await database.close();
  await rename(folder, prepared).catch(async (error: unknown) => {
    if (!existsSync(prepared)) throw error;
    await rm(folder, { recursive: true });
  });
}
