import { chmod, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

const VERSION_FILE = 'PG_VERSION';
/** Where a database is being made, and where it is complete but not moved up yet; both inside the target's directory. */
const MAKING = '.scenedim-making';
const MADE = '.scenedim-made';
const OWNER_ONLY = { folder: 0o700, file: 0o600 } as const;

/** True when the names in a directory are those of a database, or of an unfinished {@link makeDatabase}. */
export function isDatabaseDirectory(names: readonly string[]): boolean {
  return [VERSION_FILE, MAKING, MADE].some((name) => names.includes(name));
}

/**
 * Makes the files of a database in an empty directory; a database that is there is left alone. A PGlite that is killed at
 * this leaves files that it can never open. So the files are made in a folder inside and moved up when they are complete,
 * PG_VERSION last; the next call repairs a death at any moment. The folder is inside, because the directory may be a mount.
 */
export async function makeDatabase(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.includes(VERSION_FILE)) return rm(join(directory, MADE), { recursive: true, force: true });
  const made = join(directory, MADE);
  if (!names.includes(MADE)) {
    // A mount may belong to somebody else.
    await chmod(directory, OWNER_ONLY.folder).catch(() => {});
    const making = join(directory, MAKING);
    await rm(making, { recursive: true, force: true });
    await (await PGlite.create({ dataDir: making })).close();
    await keepOthersOut(making);
    await rename(making, made);
  }
  const files = await readdir(made);
  for (const name of files.filter((file) => file !== VERSION_FILE))
    await rename(join(made, name), join(directory, name));
  await rename(join(made, VERSION_FILE), join(directory, VERSION_FILE));
  await rmdir(made);
}

/** As initdb does: PGlite makes files that the whole world may write. */
async function keepOthersOut(folder: string): Promise<void> {
  await chmod(folder, OWNER_ONLY.folder);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? OWNER_ONLY.folder : OWNER_ONLY.file);
}
